# SPDX-License-Identifier: Apache-2.0
"""The Python package, as it is installed."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy

import nascent
from nascent import dense, either, global_pool, mbconv, conv, one_of, search_space

GPUNET_SIZE = 1268833207713792000000000  # of the paper's Table 1, counted by hand in docs/counting.md


class Spaces(unittest.TestCase):
    def setUp(self):
        self.space = nascent.zoo.gpunet

    def test_sizes_are_those_of_the_papers(self):
        self.assertEqual(self.space.size, GPUNET_SIZE)
        self.assertEqual(nascent.zoo.nas_bench_201.size, 15625)  # Dong and Yang, 2020
        self.assertEqual(nascent.zoo.nas_bench_macro.size, 6561)  # Su et al., 2021
        self.assertEqual(len(nascent.zoo.nas_bench_macro), 6561)
        with self.assertRaises(IndexError):
            len(self.space)

    def test_ranks_samples_and_decisions(self):
        rng = nascent.Random(3)
        for c in (self.space.sample(rng) for _ in range(50)):
            self.assertEqual(self.space.unrank(c.rank), c)
            self.assertEqual(hash(self.space.unrank(c.rank)), hash(c))
            self.assertEqual(self.space.candidate(c.decisions), c)
            self.assertEqual(self.space.candidate(c.values), c)
            for path, value in c.values.items():
                self.assertEqual(c[path], value)
        self.assertTrue(0 <= self.space.sample(seed=1).rank < GPUNET_SIZE)
        self.assertEqual(self.space.unrank(GPUNET_SIZE - 1).rank, GPUNET_SIZE - 1)

    def test_many_at_once_are_one_after_another(self):
        rows = self.space.samples(200, seed=7)
        self.assertEqual((rows.dtype, rows.shape), (numpy.int16, (200, 43)))
        rng = nascent.Random(7)
        counts = self.space.counts(rows)
        for row, count in zip(rows, counts):
            c = self.space.sample(rng)
            self.assertTrue((c.decisions == row).all())
            own = self.space.count(c)
            self.assertEqual((count["params"], count["macs"], count["layers"]), (own.params, own.macs, own.layers))

    def test_a_count_is_that_of_the_network(self):
        c = self.space.sample(seed=5)
        graph = self.space.network(c)
        self.assertEqual(graph.cost()["macs"], self.space.count(c).macs)
        self.assertEqual(len(graph), self.space.count(c).layers)
        layers = json.loads(graph.to_json())["layers"]
        self.assertEqual(len(layers), len(graph))
        wider = self.space.network(c, width=2)
        self.assertGreater(wider.cost()["params"], 3 * graph.cost()["params"])

    def test_neighbours_differ_in_what_one_decision_changes(self):
        small = nascent.zoo.nas_bench_macro  # 8 decisions of 3 options, all of which take part
        c = small.sample(seed=2)
        near = small.neighbours(c)
        self.assertEqual(near.shape, (16, 8))
        self.assertTrue(((near != c.decisions).sum(axis=1) == 1).all())
        child = small.mutate(c, nascent.Random(1))
        self.assertEqual((child.decisions != c.decisions).sum(), 1)

    def test_pictures_and_features(self):
        self.assertTrue(self.space.to_svg().startswith("<svg"))
        rows, names = self.space.features(self.space.samples(3))
        self.assertEqual(rows.shape, (3, len(names)))
        self.assertIn("1.kernel", names)

    def test_models(self):
        b0 = nascent.zoo.model("EfficientNet-B0")
        self.assertEqual(b0.cost()["params"], 5288548)  # as published, and in timm
        self.assertEqual((b0.input, b0.output), ((224, 224, 3), (1, 1, 1000)))
        self.assertIn("EfficientNet-B0", nascent.zoo.models())


class Refusals(unittest.TestCase):
    def refused(self, code, work):
        with self.assertRaises(nascent.Error) as caught:
            work()
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertTrue(caught.exception.where and caught.exception.found and caught.exception.allowed)
        return caught.exception

    def test_what_fits_no_space(self):
        space = nascent.zoo.gpunet
        for bad in (-1, GPUNET_SIZE, 2**128, 2**200):
            self.refused("space.rank", lambda bad=bad: space.unrank(bad))
        for bad in ("text", [1, 2], {"x": 1}, {"1.kernel": 4}, [99] * 43, numpy.zeros((2, 43)), None):
            self.refused("space.vector", lambda bad=bad: space.candidate(bad))
        self.refused("space.vector", lambda: space.counts(numpy.zeros((3, 4), numpy.int16)))
        self.refused("space.vector", lambda: space.counts(numpy.full((3, 43), 99, numpy.int16)))
        self.assertIn("3, 5", self.refused("space.vector", lambda: space.candidate({"1.kernel": 4})).allowed)
        self.refused("zoo.model", lambda: nascent.zoo.model("resnet-51"))
        self.refused("module.load", lambda: nascent.load("no_such_module.so"))
        with self.assertRaises(AttributeError):
            nascent.zoo.gpu_net

    def test_objectives_that_answer_otherwise(self):
        space = nascent.zoo.nas_bench_macro
        for bad in ("text", float("nan"), float("inf"), object()):
            self.refused("search.value", lambda bad=bad: nascent.search(space, lambda c: bad, trials=2))
        self.refused("search.method", lambda: nascent.search(space, lambda c: 0, method="magic"))
        none = nascent.search(space, lambda c: None, trials=5)
        self.assertEqual([t.value for t in none.history], [None] * 5)
        with self.assertRaises(nascent.SearchError):
            none.best

        class Own(Exception):
            pass

        def raises(c):
            raise Own

        with self.assertRaises(Own):
            nascent.search(space, raises, trials=2)


class Search(unittest.TestCase):
    def test_local_search_and_evolution_find_the_fewest_macs(self):
        space = nascent.zoo.nas_bench_macro
        rows = numpy.array([space.unrank(r).decisions for r in range(6561)])
        fewest = space.counts(rows)["macs"].min()
        for method in ("local", "evolution"):
            found = nascent.search(space, lambda c: -space.count(c).macs, trials=600, method=method, seed=4)
            self.assertEqual(found.best_trial.value, -fewest)
        every = nascent.search(space, lambda c: 0, trials=7000, method="random")
        self.assertEqual(len({t.candidate for t in every.history}), 6561)

    def test_ask_and_tell(self):
        space = nascent.zoo.nas_bench_macro
        searching = nascent.Searcher(space, "evolution", seed=2)
        first, second = searching.ask(), searching.ask()  # the second before the first was told
        self.assertNotEqual(first, second)
        self.assertTrue(searching.tell(second, 1.0))
        self.assertFalse(searching.tell(second, 2.0))
        self.assertTrue(searching.tell(first, None))


class Declarations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cache = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.cache.cleanup()

    def declared(self):
        return (
            search_space("mine")
            .input(3, nascent.range(192, 256, 32))
            # Out of their order in C++, which Python's callers need not know.
            .stage("1", mbconv(act="swish", kernel=one_of(3, 5), filters=one_of(16, 24, 32))).layers(nascent.range(1, 3)).stride(2)
            .stage("2", either(mbconv(filters=one_of(16, 24)), conv(filters=32, act=one_of("relu", "swish"))))
            .require(nascent.value_of("1.kernel") <= 5)
            .head(conv(filters=256), global_pool(), dense(units=10))
        )

    def test_a_space_is_compiled_once(self):
        space = self.declared().build(cache=self.cache.name)
        # 3 resolutions, 3 filters, 2 kernels, 3 depths; 2 widths of one block and 2 activations of the other.
        self.assertEqual(space.size, 3 * 3 * 2 * 3 * (2 + 2))
        made = sorted(Path(self.cache.name).glob("*.so"))
        again = self.declared().build(cache=self.cache.name, compiler=None)
        self.assertEqual(again.size, space.size)
        self.assertEqual(sorted(Path(self.cache.name).glob("*.so")), made)
        c = space.candidate({"input.resolution": 224, "1.filters": 24, "1.kernel": 5, "1.layers": 2, "2.block": "conv", "2.conv.act": "swish"})
        fields = [b["fields"] for b in json.loads(space.network(c).to_json())["blocks"] if b["block"] == "mbconv"]
        self.assertEqual([(f["filters"], f["kernel"], f["act"]) for f in fields], [(24, 5, "swish")] * 2)

    def test_rows_and_columns_apart(self):
        space = (
            search_space("wide").input(3, (48, 64)).stage("1", conv(filters=8, kernel=(3, 5))).stride((2, 1)).build(cache=self.cache.name)
        )
        graph = space.network(space.unrank(0))
        self.assertEqual((graph.input, graph.output), ((48, 64, 3), (24, 64, 8)))
        self.assertEqual(graph.cost()["macs"], 24 * 64 * 8 * 3 * 3 * 5)
        with self.assertRaises(nascent.DeclarationError):
            search_space("bad").input(3, 32).stage("1", conv(filters=(8, 16)))

    def test_the_compiler_s_refusals(self):
        begun = search_space("bad").input(3, 32)
        cases = [
            (begun.stage("3", conv(filters=16)).stride(3), "stage 3, field stride", "3"),
            (begun.stage("1", conv(filters=one_of(16, 16))), "stage 1, field filters", "16"),
            (begun.stage("1", conv(filters=nascent.tied_to("x.y"))), "stage 1, field filters", "x.y"),
        ]
        for declaration, where, found in cases:
            with self.assertRaises(nascent.DeclarationError) as caught:
                declaration.build(cache=self.cache.name)
            self.assertIn(where, caught.exception.where)
            self.assertEqual(caught.exception.found, found)
            self.assertIn("nascent:", caught.exception.text)

    def test_refusals_before_the_compiler(self):
        for work in (
            lambda: mbconv(kernal=3),
            lambda: nascent.block("mbcnv"),
            lambda: search_space("bad").input(3, 32).stage("1", conv(act="relu7")),
            lambda: search_space("bad").input(3, 32).stage("1", "conv"),
            lambda: search_space("bad").input(3, None),
            lambda: search_space("bad").input(3, 32).require("1.filters < 3"),
        ):
            with self.assertRaises(nascent.DeclarationError):
                work()
        with self.assertRaises(nascent.ModuleError) as caught:
            search_space("x").input(3, 32).stage("a", conv(filters=8)).build(cache=self.cache.name, compiler="no_such_compiler")
        self.assertEqual(caught.exception.code, "module.compiler")

    def test_names_cannot_become_code(self):
        name = 'a"); } int evil = 1; /* \n \\'
        text = search_space(name).input(3, 32).stage(name[:9], conv(filters=8)).to_cpp()
        self.assertNotIn("\nint evil", text)
        self.assertIn('\\"', text)

    def test_a_declaration_is_a_file(self):
        declared = (
            search_space("file").input(3, 32).round_widths(4)
            .choose("act", one_of("relu", "tanh"))
            .stage("1", either(mbconv(filters=nascent.shared(one_of(8, 16)), se=one_of(0, 0.0625), act=nascent.tied_to("act")), nascent.skip()))
            .layers(nascent.independent(nascent.range(1, 3))).stride(2)
            .stage("2", conv(filters=nascent.fixed(16), act=nascent.tied_to("act"))).skip(one_of("none", "1"), "strided")
            .head(global_pool(), dense(units=4))
            .require(nascent.count_of("*.se", 0) <= 2)
            .require(nascent.table(["act", "1.filters"], [("relu", 8), ("tanh", 16)]))
        )
        space = declared.build(cache=self.cache.name)
        # Two rows of the table, two connections; 1 to 3 layers of ratio 0 or 1/16, later ones may be skipped, at most two ratios are 0.
        layers = 2 + 2 * 3 + (2 * 3 * 3 - 1)
        self.assertEqual(space.size, 2 * 2 * layers)
        written = space.to_json()
        self.assertIn("0.0625", written)
        again = nascent.read_space(written).build(cache=self.cache.name)
        self.assertEqual(json.loads(again.to_json()), json.loads(written))
        self.assertEqual(nascent.read_space(declared.to_json()).to_cpp(), declared.to_cpp())
        self.assertEqual(json.loads(nascent.zoo.gpunet.to_json())["size"], str(GPUNET_SIZE))
        for bad in ("{", "[]", '{"name": "x"}', written.replace("0.0625", "6.25"), written.replace('"tanh"', '"tan"')):
            with self.assertRaises(nascent.DeclarationError):
                nascent.read_space(bad).to_cpp()
        for work in (
            lambda: search_space("x").input(3, 32).layers(2),
            lambda: declared.stage("late", conv(filters=8)),
            lambda: nascent.sum_of("1.layers") <= nascent.value_of("2.layers"),
        ):
            with self.assertRaises(nascent.DeclarationError):
                work()


class Export(unittest.TestCase):
    def test_an_onnx_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "b0.onnx")
            try:
                nascent.zoo.model("EfficientNet-B0").save_onnx(path)
            except nascent.Error as e:
                self.assertEqual(e.code, "python.component")
                self.skipTest(str(e))
            self.assertGreater(os.path.getsize(path), 4 * 5_000_000)
            read = nascent.load_onnx(path)
            self.assertEqual(read.cost()["macs"], nascent.zoo.model("EfficientNet-B0").cost()["macs"])
            self.assertEqual(read.input, (224, 224, 3))
            with self.assertRaises(nascent.Error) as refused:
                nascent.load_onnx(__file__)
            self.assertEqual(refused.exception.code, "io.onnx_model")
            with self.assertRaises(nascent.Error):
                nascent.zoo.model("EfficientNet-B0").save_onnx(os.path.join(folder, "no", "folder.onnx"))

    def test_times_are_told_with_their_device(self):
        model = nascent.zoo.model("MobileNetV3-Small")
        try:
            one, other = nascent.measure([model, nascent.zoo.model("ResNet-50")])
        except nascent.Error as e:
            self.assertEqual(e.code, "python.component")
            self.skipTest(str(e))
        self.assertGreater(other["ratio"][0], 2)  # 64 times the MACs
        self.assertIn("oneDNN", one["device"])


def megamacs(network):
    return network.cost()["macs"] / 1e6


class Scaling(unittest.TestCase):
    def setUp(self):
        self.base = nascent.zoo.mnasnet.sample(seed=1)

    def test_a_given_triplet_is_the_rule_of_compound_scaling(self):
        family = nascent.scale(self.base, lambda network: 0, megamacs, coefficients=(1.2, 1.1, 1.15), targets_ms=[1000, 4000])
        self.assertEqual((len(family.trials), family.coefficients), (1, (1.2, 1.1, 1.15)))
        first, *levels = family.levels
        self.assertEqual((first.phi, first.depth, first.width), (0, 1, 1))
        for level, target in zip(levels, [1000, 4000]):
            self.assertAlmostEqual(level.depth, 1.2**level.phi)  # Tan and Le, 2019, equation 3
            self.assertAlmostEqual(level.width, 1.1**level.phi)
            self.assertEqual(level.resolution, first.resolution + round(first.resolution * (1.15**level.phi - 1)))
            self.assertEqual(level.network.input, (level.resolution, level.resolution, 3))
            self.assertLessEqual(level.latency_ms, target)
            self.assertEqual(level.latency_ms, megamacs(level.network))
            by_hand = nascent.zoo.mnasnet.network(self.base, width=level.width, depth=level.depth, resolution=level.resolution)
            self.assertEqual(megamacs(by_hand), level.latency_ms)

    def test_the_triplet_is_the_one_of_the_highest_reward(self):
        asked = []

        def layers(network):  # depth alone is worth something
            asked.append(network)
            return len(network)

        family = nascent.scale(self.base, layers, megamacs, targets_ms=[2000], divisions=2, refinements=0)
        self.assertEqual(len(family.trials), 6)  # (n + 1)(n + 2) / 2
        usable = [trial for trial in family.trials if trial[1] is not None]
        self.assertEqual(max(usable, key=lambda trial: trial[1])[0], family.coefficients)
        depth, width, resolution = family.coefficients
        self.assertAlmostEqual(depth, 2)
        self.assertEqual((width, resolution), (1, 1))
        self.assertEqual(len({network.to_json() for network in asked}), len(asked))

    def test_what_cannot_scale_is_refused(self):
        cases = [
            ("scaling.latency", {"latency": lambda network: "3 ms"}),
            ("scaling.latency", {"latency": lambda network: -1.0}),
            ("scaling.latency", {"latency": lambda network: None}),
            ("scaling.accuracy", {"accuracy": lambda network: [1]}),
            ("scaling.none_usable", {"accuracy": lambda network: None}),
            ("scaling.option", {"divisions": -1}),
            ("scaling.option", {"coefficients": (0.5, 1, 1)}),
            ("scaling.target", {"targets_ms": [1e-3]}),
        ]
        for code, options in cases:
            with self.subTest(code=code, options=str(options)), self.assertRaises(nascent.ScalingError) as refused:
                nascent.scale(self.base, **{"accuracy": len, "latency": megamacs, "levels": 1, "divisions": 1, "refinements": 0, **options})
            self.assertEqual(refused.exception.code, code)
        self.assertEqual(len(nascent.scale(self.base, lambda network: None, megamacs, levels=2, coefficients=(1.2, 1.1, 1.15)).levels), 3)
        with self.assertRaises(ZeroDivisionError):
            nascent.scale(self.base, lambda network: 1 / 0, megamacs, levels=1, divisions=1)

    def test_the_accuracy_model_is_near_what_is_published(self):
        for name, published in {"EfficientNet-B0": 77.1, "MobileNetV2": 72.0}.items():
            self.assertAlmostEqual(nascent.estimated_top1(nascent.zoo.model(name)), published, delta=2)


class Interruption(unittest.TestCase):
    def test_control_c_ends_a_search(self):
        code = (
            "import nascent, os, signal\n"
            "def objective(c):\n"
            "    objective.n += 1\n"
            "    if objective.n == 5: os.kill(os.getpid(), signal.SIGINT)\n"
            "    return 0\n"
            "objective.n = 0\n"
            "try: nascent.search(nascent.zoo.gpunet, objective, trials=10**9)\n"
            "except KeyboardInterrupt: print('ended after', objective.n)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.stdout.strip(), "ended after 5", done.stderr)

    def test_control_c_ends_a_fill_and_keeps_what_was_measured(self):
        code = (
            "import nascent, os, signal, threading, time\n"
            "try: latency = nascent.Latency(nascent.zoo.gpunet, 'fill.db')\n"
            "except nascent.Error as e: raise SystemExit(e.code)\n"
            "before = latency.missing\n"
            "def interrupt_once_measured():\n"
            "    while nascent.Latency(nascent.zoo.gpunet, 'fill.db').missing == before: time.sleep(0.2)\n"
            "    os.kill(os.getpid(), signal.SIGINT)\n"
            "threading.Thread(target=interrupt_once_measured).start()\n"
            "try: latency.fill(10**6)\n"
            "except KeyboardInterrupt: print(nascent.Latency(nascent.zoo.gpunet, 'fill.db').missing < before)\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=folder)
        if "python.component" in done.stderr:
            self.skipTest("built without a latency table")
        self.assertEqual(done.stdout.strip(), "True", done.stderr)


class Documentation(unittest.TestCase):
    def test_the_examples_of_docs_python_run(self):
        page = Path(__file__).parents[3] / "docs" / "python.md"
        first, family, study = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[:3]
        shorter = (
            ("latency.fill(20)", "latency.fill(2)"),
            ("latency(candidate) < 5", "latency(candidate) < 1e9"),  # however slow this machine is
            ('nascent.measure(network)["median_ms"]', 'network.cost()["macs"] / 1e8'),
            ("limit=500", "limit=20"),
        )
        code = first + family + "train = lambda candidate: (space.count(candidate).params, 1.0)\n" + study
        for long, short in shorter:
            self.assertEqual(code.count(long), 1, long)
            code = code.replace(long, short)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=folder)
            if "python.component" in done.stderr:
                self.skipTest(done.stderr.strip().splitlines()[-1])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.getsize(os.path.join(folder, "largest.onnx")) > os.path.getsize(os.path.join(folder, "best.onnx")))
            self.assertTrue(done.stdout.startswith("3456\n"), done.stdout)  # 3 resolutions, 3 * 2 * 2 * 3 and 2 * 2 * 2 * 4 ways of the stages


if __name__ == "__main__":
    unittest.main()
