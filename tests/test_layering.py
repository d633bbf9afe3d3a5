#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests layering.py."""

import tempfile
import unittest
from pathlib import Path

import layering


class TestLayering(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, header, *names):
        path = self.root / "nascent" / header
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#pragma once\n" + "".join(f"#include {name}\n" for name in names))
        return path

    def faults(self):
        return list(layering.check(self.root))

    def test_what_is_allowed(self):
        self.write("choice/choice.hpp", "<concepts>", "<cstdint>")
        self.write("space/space.hpp", '"nascent/choice/choice.hpp"')
        self.write("space/views.hpp", "<range/v3/view/iota.hpp>", '"nascent/space/space.hpp"')
        self.write("network/layer.hpp")
        self.write("executor/onednn.hpp", "<oneapi/dnnl/dnnl.hpp>", "<sched.h>", '"nascent/network/layer.hpp"')
        self.write("nascent.hpp", '"nascent/space/space.hpp"')
        self.assertEqual(self.faults(), [])

    def test_language_before_all_else(self):
        self.write("base/language.hpp")
        self.write("base/text.hpp", '"nascent/base/language.hpp"')
        self.write("base/more.hpp", '"nascent/base/text.hpp"')
        self.write("base/bare.hpp", "<cstdint>")
        self.assertEqual(
            self.faults(),
            ["nascent/base/bare.hpp: does not include nascent/base/language.hpp, nor a header that does"],
        )

    def test_room_below(self):
        self.write("choice/choice.hpp", '"nascent/space/space.hpp"')
        self.write("space/space.hpp")
        self.assertEqual(
            self.faults(), ["nascent/choice/choice.hpp:2: nascent/space/space.hpp: room choice may not use room space"]
        )

    def test_room_before_that_is_not_allowed(self):
        self.write("space/space.hpp")
        self.write("timing/measure.hpp", '"nascent/space/space.hpp"')
        self.assertEqual(
            self.faults(), ["nascent/timing/measure.hpp:2: nascent/space/space.hpp: room timing may not use room space"]
        )

    def test_list_that_runs_back(self):
        self.addCleanup(layering.ROOMS.pop, "cellar")
        layering.ROOMS["cellar"] = (["wine"], ["cellar"])
        self.assertEqual(
            self.faults(),
            [
                "house.txt: room cellar uses cellar, which is not a room before it",
                "house.txt: room cellar has wine, which is no component",
            ],
        )

    def test_component_of_another_room(self):
        self.write("cost/cost.hpp", "<Eigen/Core>")
        self.assertEqual(self.faults(), ["nascent/cost/cost.hpp:2: Eigen/Core: eigen is not for room cost"])

    def test_component_of_another_header(self):
        self.write("space/space.hpp", "<range/v3/view/iota.hpp>")
        self.assertIn("ranges is for space/view", self.faults()[0])

    def test_two_libraries(self):
        self.write("executor/all.hpp", "<Eigen/Core>", "<oneapi/dnnl/dnnl.hpp>")
        self.assertEqual(self.faults(), ["nascent/executor/all.hpp: includes eigen and onednn; one header, one library"])

    def test_umbrella_needs_a_component(self):
        self.write("io/json.hpp", "<nlohmann/json.hpp>")
        self.write("nascent.hpp", '"nascent/io/json.hpp"')
        self.assertEqual(
            self.faults(), ["nascent/nascent.hpp: needs json; the standard library only is allowed"]
        )

    def test_unknown_includes(self):
        self.write("choice/choice.hpp", "<folly/any.hpp>", "<sched.h>", '"nascent/choice/none.hpp"')
        self.assertEqual(
            [fault.split(": ", 1)[1] for fault in self.faults()],
            [
                "folly/any.hpp is neither of nascent, nor of the standard library, nor of a component",
                "sched.h is neither of nascent, nor of the standard library, nor of a component",
                "nascent/choice/none.hpp does not exist",
            ],
        )

    def test_unknown_room(self):
        self.write("cellar/wine.hpp")
        self.assertEqual(self.faults(), ["nascent/cellar/wine.hpp: there is no room cellar"])

    def test_circle(self):
        self.write("block/a.hpp", '"nascent/block/b.hpp"')
        self.write("block/b.hpp", '"nascent/block/a.hpp"')
        self.assertEqual(
            self.faults(),
            ["nascent/block/a.hpp: includes go in a circle: nascent/block/a.hpp -> nascent/block/b.hpp -> nascent/block/a.hpp"],
        )

    def test_form(self):
        self.write("block/a.hpp").write_text("\tint a; \n" + "\n" * 399)
        self.assertEqual(
            self.faults(),
            [
                "nascent/block/a.hpp: 400 lines; less than 400 are allowed",
                "nascent/block/a.hpp: no #pragma once",
                "nascent/block/a.hpp:1: a tab",
                "nascent/block/a.hpp:1: white space at the end of the line",
            ],
        )

    def test_text_included_more_than_once(self):
        self.write("executor/a.hpp", '"nascent/executor/a.inc"')
        text = self.write("executor/a.inc")
        self.assertEqual(self.faults(), ["nascent/executor/a.inc: #pragma once in what is included more than once"])
        text.write_text("#include <folly/any.hpp>\n")
        self.assertIn("folly/any.hpp is neither", self.faults()[0])

    def test_other_files(self):
        self.write("executor/a.cc")
        self.assertEqual(self.faults(), ["nascent/executor/a.cc: only .hpp, .inc and .h files belong here"])

    def test_header_for_c(self):
        self.write("executor/a.h", "<stdint.h>").write_text("#include <stdint.h>\n")
        self.assertEqual(self.faults(), [])
        (self.root / "nascent/executor/a.h").write_text("#include <stdio.h>\n#include <stddef.h>\n")
        self.assertEqual(self.faults(), ["nascent/executor/a.h:1: stdio.h is not of C's stddef.h and stdint.h"])

    def test_needs_follow_includes_to_the_end(self):
        self.write("executor/onednn.hpp", "<oneapi/dnnl/dnnl.hpp>")
        table = self.write("latency/table.hpp", "<sqlite3.h>", '"nascent/executor/onednn.hpp"')
        self.assertEqual(layering.needs(table, self.root, set()), {"onednn", "sqlite"})


if __name__ == "__main__":
    unittest.main()
