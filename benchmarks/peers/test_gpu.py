# SPDX-License-Identifier: Apache-2.0
"""Tests of the comparison on GPUs and of its page, without a GPU: workers that pretend, reports that are written here. Needs nothing but Python."""

import array
import json
import os
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

import gpu_peers
import gpu_report
import peers

fake = """
    import array, json, sys
    ms, value, slow = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    for line in sys.stdin:
        c = json.loads(line)
        if c["do"] == "settings":
            reply = {"settings": ["a", "b"] if ms == 2 else ["a"]}
        elif c["do"] == "load":
            reply = {"runtime": "fake 1", "setting": c["setting"], "load_s": 0.1}
            if c["setting"] == "b":
                reply = {"unsupported": "no b"}
        elif c["do"] == "answer":
            with open(c["file"], "wb") as file:
                array.array("f", [value, 1.0]).tofile(file)
            reply = {}
        else:
            n = c["timed"]
            reply = {"device_ms": [ms] * (n - slow) + [9 * ms] * slow, "wall_ms": [2 * ms] * n, "queue_ms": 1.1 * ms, "switches": [0] * (n - slow) + [1] * slow}
        print(json.dumps(reply), flush=True)
"""


class Comparison(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(self.file("fake.py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(fake))
        with open(self.file("N.json"), "w", encoding="utf-8") as file:
            json.dump({"network": {"layers": [], "outputs": [{"name": "output"}], "input": {}, "macs": 1}, "images": 1, "types": ["f16"]}, file)
        with open(self.file("N.f16.output"), "wb") as file:
            array.array("f", [0.5, 1.0]).tofile(file)
        with open(self.file("N.weights"), "wb"):
            pass

    def file(self, name):
        return os.path.join(self.folder, name)

    def compare(self, **workers):
        """workers: the time, the first number of the answer and the slow passes of each runtime, or why it does not start."""
        def start(runtime, options):
            if isinstance(workers[runtime], str):
                raise peers.Failed(workers[runtime])
            return peers.Worker(runtime, [sys.executable, self.file("fake.py"), *map(str, workers[runtime])], self.file("log"))

        options = gpu_peers.parse(["--runtime", "r", "--out", self.file("out"), "--models-folder", self.folder, "--models", "N", "--batch", "1", "--rounds", "8", "--cell-s", "0"])
        with mock.patch("sys.stderr"):
            report = gpu_peers.run(options, start)
        with open(self.file("out/peers.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), report)
        return report["cells"][0]

    def test_ratios_are_those_of_the_devices_times(self):
        cell = self.compare(nascent=(1, 0.5, 0), torch=(2, 0.501, 0), tensorrt="ModuleNotFoundError: No module named 'tensorrt'")
        self.assertEqual([r["runtime"] for r in cell["rows"]], ["nascent", "torch"])
        ours, torch = cell["rows"]
        self.assertAlmostEqual(torch["device_ratio"]["median"], 0.5)
        self.assertAlmostEqual(torch["device_ratio"]["high"], 0.5)
        self.assertEqual((ours["median_ms"], ours["wall_ms"], ours["rounds"]), (1.0, 2.0, 8))
        self.assertEqual(cell["left_out"], {"tensorrt": "ModuleNotFoundError: No module named 'tensorrt'", "torch b": "no b"})

    def test_passes_on_slow_clocks_do_not_count_and_are_counted(self):
        cell = self.compare(nascent=(1, 0.5, 1), torch=(4, 0.5, 0), tensorrt="no")
        self.assertEqual(cell["rows"][0]["median_ms"], 1.0)
        self.assertEqual(cell["rows"][0]["passes_on_slow_clocks"], 8)

    def test_another_output_is_not_timed(self):
        cell = self.compare(nascent=(1, 0.5, 0), torch=(3, 0.6, 0), tensorrt="no")
        self.assertEqual([r["runtime"] for r in cell["rows"]], ["nascent"])
        self.assertIn("its output differs by 0.1 of the largest magnitude; allowed: 0.02", cell["left_out"]["torch a"])

    def test_without_this_library_there_is_no_comparison(self):
        cell = self.compare(nascent="no GPU", torch=(2, 0.5, 0), tensorrt="no")
        self.assertEqual(cell["rows"], [])
        self.assertEqual(cell["left_out"]["nascent"], "no GPU")


class Page(unittest.TestCase):
    def write(self, **reports):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, report in reports.items():
            with open(os.path.join(folder.name, name.replace("_", " ") + ".json"), "w", encoding="utf-8") as file:
                json.dump(report, file)
        return folder.name

    about = {"device": "GPU", "isa": "sm_90, 1980 MHz", "library": "cuDNN 9, driver 1", "dtype": "f16", "cuda_runtime": 13000, "cuda_of_driver": 13010, "at": "now",
             "clocks_unknown_because": "", "clocks_after": None,
             "clocks_before": {"sm_mhz": 1500, "highest_sm_mhz": 1980, "celsius": 40, "watts": 99.6, "slowed_for_protection": False}}

    def test_nothing_measured_is_no_page(self):
        with mock.patch("builtins.print") as said:
            folder = self.write()
            gpu_report.main(folder)
        self.assertIn("nothing was measured", said.call_args[0][0])
        self.assertEqual(os.listdir(folder), [])

    def test_a_step_that_was_not_run_says_so(self):
        text, _ = gpu_report.page(self.write(ratio={"about": self.about, "rows": []}))
        self.assertEqual(text.count("Not run."), len(gpu_report.steps) - 1)
        self.assertIn("GPU, sm_90, 1980 MHz, cuDNN 9, driver 1, CUDA 13.0 (driver for 13.1), now.", text)
        self.assertIn("clocks before: 1500 of 1980 MHz, 40 degrees, 100 W; after: unknown", text)

    def test_every_step_has_its_table(self):
        time = {"median_ms": 1.0, "low_ms": 0.9, "high_ms": 1.1, "samples": 30, "on_slow_clocks": 2}
        ratio = {"median": 0.6, "low": 0.59, "high": 0.61, "rounds": 30}
        model = {"model": "M", "batch": 1, "device": time, "queued_ms": 1.0, "wall_ms": 1.2, "launch_overhead_ms": 0.2, "empty_graph_wall_ms": 0.01, "kernels": 3,
                 "compiled_kernels": 1, "compiled_share_of_time": 0.5, "sum_over_whole": {"median": 1.0, "rounds": 3}}
        study = {"space": "S", "dtype": "f16", "batch": 1, "networks": 50, "networks_not_in_table": 1, "kernels": 9, "seconds_filling": 1.0, "mean_absolute_error": 0.02, "bias": -0.01,
                 "within_5_percent": 0.9, "within_10_percent": 1.0, "worst": 0.08, "rank_correlation": 0.99, "fastest_ms": 1.0, "slowest_ms": 2.0}
        row = {"runtime": "nascent", "setting": "", "version": "v", "median_ms": 1.0, "queue_ms": 1.0, "wall_ms": 1.0, "passes_on_slow_clocks": 0}
        text, _ = gpu_report.page(self.write(
            tests={"passed": 27, "failed": 1, "skipped": 0, "seconds": 60.2, "failures": ["f16, 3"]},
            device={"about": self.about, "by_hand": {"name": "H", "is_this_device": True}, "differences": [{"key": "l2CacheSize", "real": "1", "by_hand": "2"}]},
            heuristics={"about": self.about, "has_description_by_hand": False,
                        "rows": [{"dtype": "f16", "batch": 1, "kernels": 5, "same_list": 4, "same_first": 5, "same_list_by_hand": 3, "same_first_by_hand": 4}]},
            models={"about": self.about, "rows": [model, {"model": "N", "batch": 128, "error": "no memory"}]},
            ratio={"about": self.about, "rows": [{"first": "X", "second": "B", "batch": 128, "ratio": ratio, "first_time": time, "second_time": time}]},
            activations={"about": self.about, "rows": [{"layer": "L", "batch": 1, "activation": "relu", "hot_ms": 0.01, "cold_ms": 0.02, "engine": "engine 10"},
                                                       {"layer": "L", "batch": 1, "activation": "swish", "error": "none"}]},
            predict_proxylessnas={"about": self.about, "study": study},
            peers={"cells": [{"model": "M", "batch": 1, "rows": [row, {**row, "runtime": "torch", "device_ratio": ratio, "wall_ratio": {"median": 0.6, "low": 0.0, "high": "infinity"}}],
                              "left_out": {"tensorrt": "not here"}}]}))
        for part in ("27 test cases passed, 1 failed", "* failed: f16, 3", "| l2CacheSize |", "| f16  | 1     | 5       | 4         |", "1.0000 (0.9000 to 1.1000)", "no memory", "2 of 30",
                     "0.600 (0.590 to 0.610)", "| L     | 1     | relu       | 10.0 | 20.0 | engine 10 |", "2.00 %", "-1.00 %", "tensorrt left out: not here"):
            self.assertIn(part, text)
        self.assertNotIn("Not run.", text)
        for line in text.splitlines():
            if line.startswith("|"):
                self.assertTrue(line.endswith("|"))


if __name__ == "__main__":
    unittest.main()
