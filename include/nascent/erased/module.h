/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file
 * Search spaces from C, and from every language that calls C: a module is a shared library that a space was compiled
 * into (nascent_add_space_module in CMake), and has one function, nascent_module_entry. It gives out a table of
 * functions:
 *
 *     const nascent_module* m = nascent_module_entry();     or what dlsym finds under that name
 *     const nascent_space* s = m->space(m, 0);
 *     nascent_random rng;
 *     m->seed(&rng, 7);
 *     int16_t* rows = malloc(1000 * m->slot_count(s) * sizeof *rows);
 *     nascent_error why;
 *     if (m->sample(s, &rng, 1000, rows, &why) != 0) fprintf(stderr, "%s: %s\n", why.where, why.found);
 *
 * A candidate is a row of slot_count decisions, -1 where a slot takes no part. All memory is the caller's. No exception
 * leaves a function: those that can fail return 0, or 1 with `error` filled where it is not NULL. Spaces live as long
 * as their module; functions may be called by several threads, each with a nascent_random of its own.
 */
#ifndef NASCENT_ERASED_MODULE_H
#define NASCENT_ERASED_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of nascent_module: later ones add functions at the end, so that callers of earlier ones go on. */
#define NASCENT_MODULE_VERSION 1

typedef struct nascent_space nascent_space;

/** What went wrong: the parts of the sentence "where: found ...; allowed: ...", each ended by 0 and cut to its place.
 */
typedef struct nascent_error {
  char code[64]; /**< stays the same, such as "space.rank": docs/errors.md */
  char where[256];
  char found[256];
  char allowed[512];
} nascent_error;

/** A random engine (xoshiro256++), filled by `seed`. */
typedef struct nascent_random {
  uint64_t state[4];
} nascent_random;

/** A number of up to 128 bits: high * 2^64 + low. */
typedef struct nascent_number {
  uint64_t low;
  uint64_t high;
} nascent_number;

typedef struct nascent_slot {
  char path[64];   /**< such as "2.kernel" */
  int32_t options; /**< values to choose from */
  int32_t parent;  /**< slot that decides whether this one takes part, or -1 */
} nascent_slot;

/** Of one image. */
typedef struct nascent_counts {
  int64_t params;
  int64_t macs;
  int64_t layers;
} nascent_counts;

typedef struct nascent_module {
  uint32_t version;       /**< NASCENT_MODULE_VERSION of the module */
  const char* built_with; /**< library and compiler: C++ callers share objects with their own kind only */
  size_t space_count;
  /** Space i of the module; NULL past the end. */
  const nascent_space* (*space)(const struct nascent_module* m, size_t i);
  /** The nascent::any_space behind it, for C++ callers with the same `built_with`. */
  const void* (*any_space)(const nascent_space* s);

  const char* (*name)(const nascent_space* s);
  nascent_number (*size)(const nascent_space* s);
  size_t (*slot_count)(const nascent_space* s);
  int (*slot)(const nascent_space* s, size_t k, nascent_slot* out, nascent_error* error);
  /** The slot with a path; slot_count where there is none. */
  size_t (*find)(const nascent_space* s, const char* path);
  /** What option `option` of slot k stands for, as text: "5", "swish"; cut to `capacity` with its ending 0. */
  int (*value)(const nascent_space* s, size_t k, int32_t option, char* text, size_t capacity, nascent_error* error);

  void (*seed)(nascent_random* rng, uint64_t seed);
  /** `n` candidates, uniform over the distinct networks. */
  int (*sample)(const nascent_space* s, nascent_random* rng, size_t n, int16_t* rows, nascent_error* error);
  int (*rank)(const nascent_space* s, const int16_t* row, nascent_number* rank, nascent_error* error);
  int (*unrank)(const nascent_space* s, nascent_number rank, int16_t* row, nascent_error* error);
  /** Whether a row is a candidate: all functions that read rows ask so first. */
  int (*validate)(const nascent_space* s, const int16_t* row, nascent_error* error);
  /** One decision changed at random, and what depends on it. */
  int (*mutate)(const nascent_space* s, const int16_t* row, nascent_random* rng, int16_t* out, nascent_error* error);
  /** All candidates that differ in one decision: their number in *found, and the first `capacity` of them in `rows`,
   * which may be NULL where capacity is 0. */
  int (*neighbours)(const nascent_space* s, const int16_t* row, size_t capacity, int16_t* rows, size_t* found,
                    nascent_error* error);
  /** Parameters, MACs and layers of `n` candidates. */
  int (*count)(const nascent_space* s, size_t n, const int16_t* rows, nascent_counts* out, nascent_error* error);
} nascent_module;

/** The only function that a module exports. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const nascent_module*
nascent_module_entry(void);

#ifdef __cplusplus
}
#endif

#endif
