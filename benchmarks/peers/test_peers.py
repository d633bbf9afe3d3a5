# SPDX-License-Identifier: Apache-2.0
"""Tests of the comparison itself; needs nothing but Python. With the path of benchmark_runtime also a comparison of this library with itself."""

import json
import os
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

import network
import paired
import peers
import worker

runtime = None


def turn(wall, cpu=None, switches=None):
    return paired.Turn({"wall_ms": wall, "cpu_ms": cpu or wall, "switches": switches or [0] * len(wall)})


class Statistics(unittest.TestCase):
    def test_ranks_are_those_of_the_sign_test(self):
        # Conover, Practical Nonparametric Statistics: 95 % for the median of n values.
        for count, ranks in ((5, None), (6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (100, (40, 61))):
            self.assertEqual(paired.ranks_around_median(count), ranks, count)

    def test_what_slows_a_round_cancels(self):
        slow = [1.0, 7.0, 3.0, 20.0, 1.5, 2.0]
        middle, low, high = paired.ratio([0.8 * s for s in slow], slow)
        for value in (middle, low, high):
            self.assertAlmostEqual(value, 0.8)

    def test_few_rounds_have_no_interval(self):
        middle, low, high = paired.ratio([1.0, 2.0], [2.0, 4.0])
        self.assertAlmostEqual(middle, 0.5)
        self.assertEqual((low, high), (0.0, float("inf")))

    def test_a_pass_that_lost_the_processor_does_not_count(self):
        self.assertEqual(turn([5.0, 90.0, 6.0, 80.0], switches=[0, 3, 0, 1]).wall_ms(), 5.5)
        self.assertEqual(turn([5.0, 90.0], switches=[1, 1]).wall_ms(), 47.5)

    def test_processor_time_stands_in_for_one_thread_only(self):
        spoilt, fine = turn([50.0], [5.0], [2]), turn([5.0])
        self.assertEqual(paired.choose_clock([[spoilt, spoilt], [spoilt, fine]], 1), "cpu")
        self.assertEqual(paired.choose_clock([[spoilt, spoilt], [spoilt, fine]], 2), "wall")
        self.assertEqual(paired.choose_clock([[spoilt, fine], [fine, fine]], 1), "wall")
        self.assertEqual(paired.times([spoilt, fine], "cpu"), [5.0, 5.0])

    def test_verdicts(self):
        for low, high, at_most, expected in ((0.8, 0.89, 0.9, "reached"), (0.8, 0.95, 0.9, "undecided"), (0.91, 0.95, 0.9, "missed"),
                                             (0.91, 0.95, 1.0, "reached")):
            self.assertEqual(peers.verdict({"low": low, "high": high}, at_most), expected)
        self.assertEqual((peers.goal("EfficientNet-B0"), peers.goal("ResNet-50"), peers.goal("U-Net")), (0.9, 1.0, 1.0))

    def test_differences_are_relative_to_the_largest_magnitude(self):
        self.assertAlmostEqual(network.difference([1.0, -3.9], [1.0, -4.0]), 0.025)
        self.assertEqual(network.difference([1.0], [1.0, 2.0]), float("inf"))
        for bad in (float("nan"), float("inf"), float("-inf")):
            self.assertEqual(network.difference([1.0, bad], [1.0, 2.0]), float("inf"))
            self.assertEqual(network.difference([1.0, 2.0], [1.0, bad]), float("inf"))
            self.assertEqual(network.difference([1.0, bad], [1.0, bad]), float("inf"))


    def test_outputs_of_an_image_come_one_after_another_with_channels_last(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("without NumPy")
        maps = numpy.arange(8).reshape(2, 2, 1, 2)  # of two images: channels 0 1 and 2 3; 4 5 and 6 7
        matrix = numpy.array([[10, 11], [12, 13]])
        self.assertEqual(network.channels_last([maps, matrix], 2).tolist(), [[0, 2, 1, 3, 10, 11], [4, 6, 5, 7, 12, 13]])


class Workers(unittest.TestCase):
    def worker(self, body):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        script = os.path.join(folder.name, "worker.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write("import json, sys, time\n" + textwrap.dedent(body))
        worker = peers.Worker("fake", [sys.executable, script], os.path.join(folder.name, "log"))
        self.addCleanup(worker.close)
        return worker

    def test_what_a_worker_cannot_do_is_said_in_its_words(self):
        worker = self.worker("""
            for line in sys.stdin:
                what = json.loads(line)["do"]
                print(json.dumps({"error": "no such model"} if what == "load" else {"unsupported": "no bf16"} if what == "run" else {"fine": 1}), flush=True)
        """)
        self.assertEqual(worker.ask(do="answer"), {"fine": 1})
        with self.assertRaisesRegex(peers.Failed, "no such model"):
            worker.ask(do="load")
        with self.assertRaisesRegex(peers.Failed, "no bf16"):
            worker.ask(do="run")

    def test_a_worker_that_ends_or_hangs_is_given_up(self):
        with self.assertRaisesRegex(peers.Failed, "it ended"):
            self.worker("sys.exit(3)").ask(do="load")
        with self.assertRaisesRegex(peers.Failed, "no answer in 0.2 s"):
            self.worker("time.sleep(60)").ask(0.2, do="load")


class Reports(unittest.TestCase):
    def test_the_table_has_every_cell_also_the_lost_ones(self):
        def cell(model, low, high, best):
            row = {"median_ms": 2.0, "spread": 0.01, "setting": "s"}
            return {"model": model, "dtype": "f32", "batch": 1, "threads": 1, "clock": "cpu", "goal": peers.goal(model), "best_other": best,
                    "verdict": peers.verdict({"low": low, "high": high}, peers.goal(model)), "left_out": [{"runtime": "torch", "why": "not here"}],
                    "runtimes": [{**row, "runtime": peers.own},
                                 {**row, "runtime": best, "difference": {"ours": 3e-6 if model == "GPUNet-0" else 1e-6},
                                  "ours_over_it": {"median": low, "low": low, "high": high}}]}

        text = peers.markdown({"machine": {"processor": "P", "cores": 2, "system": "S"}, "date": "D", "versions": {"openvino": "OpenVINO 1"},
                               "cells": [cell("EfficientNet-B0", 0.8, 0.85, "openvino"), cell("ResNet-50", 1.1, 1.2, "onnxruntime"),
                                         cell("GPUNet-0", 0.0, float("inf"), "openvino")]})
        for part in ("0.800 (0.800..0.850)", "reached", "1.100 (1.100..1.200)", "missed", "2.00 (1 %)*", "PyTorch, left out of 3 of 3 cells (EfficientNet-B0, ResNet-50, GPUNet-0): not here",
                     "OpenVINO, f32: its output differs by at most 3e-06 of the largest magnitude (GPUNet-0)",
                     "3 cell(s): goal reached in 1, missed in 1, undecided in 1"):
            self.assertIn(part, text)
        self.assertNotIn("inf", text)
        self.assertEqual(len({line.count("|") for line in text.splitlines() if line.startswith("|")}), 1)

    def test_json_has_no_infinity(self):
        self.assertEqual(json.dumps(peers.text_of({"a": [1.5, float("inf")], "b": {"c": 2}})), '{"a": [1.5, "infinity"], "b": {"c": 2}}')

    def test_every_runtime_has_a_worker_and_a_name(self):
        self.assertEqual([peers.own, *worker.runtimes], list(peers.display))

    def test_options_that_make_no_sense_are_refused(self):
        for wrong in (["--threads", "0"], ["--threads", "9999"], ["--runtimes", "tensorflow"], ["--runtimes", "nascent"]):
            with tempfile.TemporaryDirectory() as out, self.assertRaises(SystemExit), mock.patch("sys.stderr"):
                peers.parse(["--runtime", "r", "--out", out, *wrong])


class EndToEnd(unittest.TestCase):
    """This library in the part of every runtime, for a moment."""

    def setUp(self):
        if runtime is None:
            self.skipTest("without benchmark_runtime")

    def compare(self, shim, *more):
        out = tempfile.TemporaryDirectory()
        self.addCleanup(out.cleanup)
        script = os.path.join(out.name, "shim.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent("""\
                import json, subprocess, sys
                own = subprocess.Popen([sys.argv[1], "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                def ask(command):
                    own.stdin.write(json.dumps(command) + "\\n")
                    own.stdin.flush()
                    return json.loads(own.stdout.readline())
                for line in sys.stdin:
                    command = json.loads(line)
                    reply = {"settings": ["one", "other"]} if command["do"] == "settings" else ask(command)
                    if command["do"] == "load" and "error" not in reply:
                        reply["setting"] = command["setting"]
                """) + textwrap.indent(textwrap.dedent(shim), "    ") + "    print(json.dumps(reply), flush=True)\n")
        genuine = peers.start_worker

        def start(name, options):
            if name == peers.own:
                return genuine(name, options)
            return peers.Worker(name, [sys.executable, script, runtime], os.path.join(out.name, "log"))

        options = peers.parse(["--runtime", runtime, "--out", os.path.join(out.name, "out"), "--models", "MobileNetV3-Small", "--batch", "1,2",
                               "--dtype", "f32", "--threads", "1", "--runtimes", "openvino", "--rounds", "6", "--cell-s", "0.01", "--turn-ms", "1", *more])
        with mock.patch.object(peers, "start_worker", start), mock.patch("sys.stderr"), mock.patch("sys.stdout"):
            status = peers.run(options)
        with open(os.path.join(options.out, "peers.json"), encoding="utf-8") as file:
            return status, json.load(file), options.out

    def test_against_itself(self):
        status, report, out = self.compare("")
        self.assertEqual(status, 0)
        self.assertEqual([(c["model"], c["batch"]) for c in report["cells"]], [("MobileNetV3-Small", 1), ("MobileNetV3-Small", 2)])
        for cell in report["cells"]:
            self.assertEqual([r["runtime"] for r in cell["runtimes"]], [peers.own, "openvino"])
            for row in cell["runtimes"]:
                self.assertLess(row["difference"]["ours"], 1e-5)
                self.assertGreaterEqual(row["rounds"], 6)
                self.assertGreater(row["minimum_ms"], 0)
            self.assertEqual(cell["best_other"], "openvino")
            self.assertIn(cell["runtimes"][1]["setting"], ("one", "other"))
            ratio = cell["runtimes"][1]["ours_over_it"]
            self.assertLessEqual(ratio["low"], ratio["median"])
            self.assertLessEqual(ratio["median"], ratio["high"])
        self.assertTrue(os.path.exists(os.path.join(out, "peers.md")))
        self.assertTrue(os.path.exists(os.path.join(out, "peers.svg")))

    def test_another_output_is_not_timed(self):
        status, report, _ = self.compare("""
            if command["do"] == "answer":
                numbers = bytearray(open(command["file"], "rb").read())
                numbers[3] ^= 0x80
                open(command["file"], "wb").write(numbers)
        """)
        self.assertEqual(status, 1)
        for cell in report["cells"]:
            self.assertEqual([r["runtime"] for r in cell["runtimes"]], [peers.own])
            self.assertRegex(cell["left_out"][0]["why"], "its output differs by .* of the largest magnitude; allowed: 0.0002")
            self.assertNotIn("verdict", cell)

    def test_what_cannot_be_loaded_is_left_out(self):
        status, report, _ = self.compare("""
            if command["do"] == "load":
                reply = {"unsupported": "not this one"}
        """)
        self.assertEqual(status, 0)
        self.assertEqual(report["cells"][0]["left_out"], [{"runtime": "openvino", "why": "not this one"}])

    def test_exported_numbers_belong_to_the_layers(self):
        _, _, out = self.compare("")
        net = network.Network(os.path.join(out, "models"), "MobileNetV3-Small")
        count = 0
        for layer in net.layers:
            if layer["kind"] in ("convolution", "dense"):
                height, width = layer.get("kernel", (1, 1))
                outputs = layer["output"]["channels"]
                count += outputs * height * width * layer["input"]["channels"] // layer.get("groups", 1) + outputs
        self.assertEqual(os.path.getsize(net.path + ".weights"), 4 * count)
        self.assertEqual(len(net.expected("f32", 2)), 2000)
        self.assertEqual(len(net.outputs), 1)
        with self.assertRaisesRegex(FileNotFoundError, "MobileNetV3-Small is no ONNX file: benchmark_onnx"):
            net.onnx_file("f32", 3)
        self.assertEqual(os.path.getsize(net.path + ".input"), 4 * 2 * 224 * 224 * 3)


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        runtime = os.path.abspath(sys.argv.pop(1))
    unittest.main()
