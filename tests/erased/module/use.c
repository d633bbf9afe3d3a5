/* SPDX-License-Identifier: Apache-2.0 */
/* A module from C: sizes, ranks, samples, counts, neighbours and refusals. Ends with the number of faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nascent/erased/module.h"

static int faults = 0;

static void check(int holds, const char* what) {
  if (holds) return;
  ++faults;
  fprintf(stderr, "wrong: %s\n", what);
}

int main(void) {
  const nascent_module* m = nascent_module_entry();
  const nascent_space* tiny = m->space(m, 0);
  const nascent_space* macro = m->space(m, 1);
  nascent_error why;
  nascent_random rng, again;
  nascent_counts counts[100];
  nascent_slot slot;
  nascent_number rank = {11, 0};
  size_t i, k, slots, found = 0;
  int16_t *rows, *more, *near;
  char text[64];

  check(m->version == NASCENT_MODULE_VERSION, "version");
  check(m->space_count == 2 && m->space(m, 2) == NULL, "two spaces");
  check(strcmp(m->name(tiny), "tiny") == 0, "name");
  /* Without layers in a: b's 4; with 1 or 2 of them 2 widths each. */
  check(m->size(tiny).low == (1 + 2 * 2) * 4 && m->size(tiny).high == 0, "size of tiny");
  check(m->size(macro).low == 6561, "3^8 networks, Su et al. 2021");

  slots = m->slot_count(tiny);
  rows = malloc(100 * slots * sizeof *rows);
  more = malloc(100 * slots * sizeof *more);
  near = malloc(100 * slots * sizeof *near);
  m->seed(&rng, 7);
  m->seed(&again, 7);
  check(m->sample(tiny, &rng, 100, rows, &why) == 0, "sample");
  check(m->sample(tiny, &again, 40, more, NULL) == 0 && m->sample(tiny, &again, 60, more + 40 * slots, NULL) == 0,
        "sample in two parts");
  check(memcmp(rows, more, 100 * slots * sizeof *rows) == 0, "a random engine goes on where it stopped");
  check(m->count(tiny, 100, rows, counts, &why) == 0, "count");
  for (i = 0; i < 100; ++i) {
    const int16_t* row = rows + i * slots;
    check(counts[i].macs > 0 && counts[i].params > 0, "counts");
    check(m->rank(tiny, row, &rank, &why) == 0 && rank.low < 20, "rank");
    check(m->unrank(tiny, rank, more, &why) == 0 && memcmp(more, row, slots * sizeof *row) == 0, "unrank");
    check(m->neighbours(tiny, row, 0, NULL, &found, &why) == 0 && found > 0, "number of neighbours");
    check(m->neighbours(tiny, row, 100, near, &found, &why) == 0, "neighbours");
    for (k = 0; k < found; ++k) check(m->validate(tiny, near + k * slots, &why) == 0, "a neighbour is a candidate");
    check(m->mutate(tiny, row, &rng, more, &why) == 0 && m->validate(tiny, more, &why) == 0, "mutate");
  }

  for (k = 0; k < slots; ++k) {
    check(m->slot(tiny, k, &slot, &why) == 0 && m->find(tiny, slot.path) == k, "slots");
    check(m->value(tiny, k, slot.options - 1, text, sizeof text, &why) == 0 && text[0] != 0, "values");
    check(m->value(tiny, k, slot.options, text, sizeof text, &why) == 1, "a value past the last");
  }
  check(m->find(tiny, "b.kernels") == slots, "no such slot");
  check(m->value(tiny, m->find(tiny, "b.expand"), 1, text, 2, &why) == 0 && strcmp(text, "6") == 0, "a short buffer");

  rank.low = 20;
  check(m->unrank(tiny, rank, more, &why) == 1 && strcmp(why.code, "space.rank") == 0, "a rank past the end");
  check(strstr(why.where, "tiny") != NULL && strcmp(why.found, "20") == 0, "who is at fault");
  rows[0] = 99;
  check(m->count(tiny, 1, rows, counts, &why) == 1 && strcmp(why.code, "space.vector") == 0, "no candidate");
  check(m->count(tiny, 1, rows, counts, NULL) == 1, "nobody asks why");
  free(rows);
  free(more);
  free(near);
  if (faults == 0) puts("no fault");
  return faults != 0;
}
