#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of mutate.py that need no compiler: where it puts bugs, and where not."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import mutate  # noqa: E402

HEADER = """#pragma once
#include <a>
#define NOT 1 + 2
// a comment with 1 < 2
struct point {
  int x = 3;
  int y = 4;
  double weight = 0.5;  ///< 1 + 1
  constexpr bool above(int limit) const { return y > limit && x != 0; }
};
template <class T>
concept small = requires(T t) { { t.x + 1 } -> thing; };
inline int work(const point& p, int n) {
  static_assert(sizeof(int) == 4);
  if (!p.above(n)) return 0;
  for (int i = 0; i < n; ++i) {
    if (i == p.x) continue;
    run(p.x, n);
  }
  say("1 + 1 < 3");
  return p.x + n;
}
"""


class Mutants(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root, mutate.ROOT = mutate.ROOT, Path(self.folder.name)
        self.addCleanup(setattr, mutate, "ROOT", root)
        path = mutate.ROOT / "include" / "nascent" / "room" / "h.hpp"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER)
        self.fields = mutate.fields_of_one_type(mutate.ROOT / "include" / "nascent")
        self.all = mutate.mutants_of("nascent/room/h.hpp", self.fields)

    def applied(self, operator):
        lines = set()
        for name, at, old, new in self.all:
            if name == operator:
                self.assertEqual(HEADER[at : at + len(old)], old)
                text = HEADER[:at] + new + HEADER[at + len(old) :]
                lines.add(text.splitlines()[HEADER.count("\n", 0, at)].strip())
        return lines

    def test_only_what_runs_is_changed(self):
        for _, at, _, _ in self.all:
            line = HEADER.splitlines()[HEADER.count("\n", 0, at)]
            for part in ("#", "//", "static_assert", "requires", "int x", "int y", "weight"):
                self.assertNotIn(part, line.split(" constexpr")[0])

    def test_text_between_quotes_stays(self):
        for _, at, old, new in self.all:
            self.assertIn('"1 + 1 < 3"' if "say" not in old else "", HEADER[:at] + new + HEADER[at + len(old) :])

    def test_fields_of_one_type_stand_for_each_other(self):
        self.assertEqual(self.fields, {"x": {"y"}, "y": {"x"}, "weight": set()})

    def test_operators(self):
        above = "constexpr bool above(int limit) const { return y %s; }"
        self.assertIn(above % ">= limit && x != 0", self.applied("relational flip"))
        self.assertIn("for (int i = 0; i <= n; ++i) {", self.applied("relational flip"))
        self.assertEqual(self.applied("arithmetic"), {"return p.x - n;"})
        self.assertEqual(self.applied("dropped term"), {"return p.x;", above % "> limit"})
        self.assertEqual(self.applied("swapped arguments"), {"run(n, p.x);"})
        self.assertEqual(self.applied("dropped !"), {"if (p.above(n)) return 0;"})
        self.assertEqual(self.applied("negated condition"),
                         {"if (!(!p.above(n))) return 0;", "if (!(i == p.x)) continue;"})
        self.assertEqual(self.applied("early end"), {"if (i == p.x) break;"})
        self.assertEqual(self.applied("wrong field"), {"if (i == p.y) continue;", "run(p.y, n);", "return p.y + n;"})
        self.assertIn("break; }", self.applied("loop ends after its first pass"))
        self.assertIn(";", self.applied("dropped statement"))

    def test_a_seed_draws_the_same_again(self):
        draw = lambda seed: [m["id"] for m in mutate.draw(seed, {"room": 8})]  # noqa: E731
        self.assertEqual(draw(1), draw(1))
        self.assertNotEqual(draw(1), draw(2))
        self.assertEqual(len(set(draw(3))), 8)


if __name__ == "__main__":
    unittest.main()
