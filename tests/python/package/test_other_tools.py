# SPDX-License-Identifier: Apache-2.0
"""Spaces in the hands of other tools, each run by the tool itself; skipped where it is not installed."""

import importlib.util
import unittest

import nascent
from nascent import zoo


def needs(package):
    return unittest.skipUnless(importlib.util.find_spec(package), f"{package} is not installed")


class Conditions(unittest.TestCase):
    def test_slots_and_conditions_make_as_many_candidates_as_there_are(self):
        from nascent._conditions import size_without_constraints

        for name in ("gpunet", "mnasnet", "proxylessnas", "once_for_all", "nas_bench_201", "nas_bench_macro"):
            self.assertEqual(size_without_constraints(zoo.spaces[name]), zoo.spaces[name].size, name)
        self.assertGreater(size_without_constraints(zoo.efficientnet_x), zoo.efficientnet_x.size)  # it has constraints


@needs("optuna")
class Optuna(unittest.TestCase):
    def setUp(self):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna

    def study(self, sampler):
        return self.optuna.create_study(sampler=sampler, direction="minimize")

    def test_tpe_finds_what_it_finds_in_a_space_written_by_hand(self):
        from nascent.optuna import Suggest

        space = zoo.proxylessnas
        suggest = Suggest(space)
        stages = dict.fromkeys(range(1, 6), 4)  # layers of each

        def by_hand(trial):
            values = {"separable.kernel": trial.suggest_int("separable.kernel", 3, 7, step=2)}
            for stage, layers in stages.items():
                for i in range(layers):
                    place = f"{stage}[{i}]"
                    blocks = ["mbconv"] if i == 0 else ["mbconv", "skip"]
                    values[f"{place}.block"] = trial.suggest_categorical(f"{place}.block", blocks)
                    if values[f"{place}.block"] == "mbconv":
                        values[f"{place}.kernel"] = trial.suggest_int(f"{place}.kernel", 3, 7, step=2)
                        values[f"{place}.expand"] = trial.suggest_int(f"{place}.expand", 3, 6, step=3)
            values["6.kernel"] = trial.suggest_int("6.kernel", 3, 7, step=2)
            values["6.expand"] = trial.suggest_int("6.expand", 3, 6, step=3)
            return space.count(space.candidate(values)).macs

        first, second = (self.study(self.optuna.samplers.TPESampler(seed=3)) for _ in range(2))
        first.optimize(lambda t: space.count(suggest(t)).macs, n_trials=40)
        second.optimize(by_hand, n_trials=40)
        self.assertEqual([t.params for t in first.trials], [t.params for t in second.trials])
        self.assertEqual(first.best_value, second.best_value)
        self.assertGreater(len({len(t.params) for t in first.trials}), 1)  # some decisions took no part

    def test_what_constraints_forbid_is_pruned(self):
        from nascent.optuna import Suggest

        space = zoo.efficientnet_x
        suggest = Suggest(space)
        study = self.study(self.optuna.samplers.RandomSampler(seed=1))
        study.optimize(lambda t: space.count(suggest(t)).macs, n_trials=60)
        states = [t.state.name for t in study.trials]
        self.assertIn("PRUNED", states)
        self.assertIn("COMPLETE", states)

    def test_a_searcher_is_a_sampler(self):
        from nascent.optuna import Suggest, sampler

        space = zoo.nas_bench_macro
        suggest = Suggest(space)
        study = self.study(sampler(space, "evolution", seed=4))
        study.optimize(lambda t: float(space.count(suggest(t)).macs), n_trials=200)
        searching = nascent.Searcher(space, "evolution", 4)
        for trial in study.trials:
            c = searching.ask()
            self.assertEqual(trial.params, c.values)
            self.assertEqual(trial.value, space.count(c).macs)
            searching.tell(c, -trial.value)


@needs("ConfigSpace")
class ConfigSpaces(unittest.TestCase):
    def test_samples_of_each_are_candidates_of_the_other(self):
        from nascent.configspace import from_configuration, to_configspace, to_configuration

        for name in ("proxylessnas", "gpunet", "nas_bench_201"):
            space = zoo.spaces[name]
            made = to_configspace(space, seed=5)
            for configuration in made.sample_configuration(50):
                c = from_configuration(space, configuration)  # refused where it is none
                self.assertEqual(dict(to_configuration(made, c)), dict(configuration))
            for seed in range(50):
                c = space.sample(seed=seed)
                configuration = to_configuration(made, c)
                configuration.check_valid_configuration()
                self.assertEqual(from_configuration(space, configuration), c)

    def test_a_size_is_the_number_of_configurations(self):
        from ConfigSpace.util import generate_grid

        from nascent.configspace import from_configuration, to_configspace

        space = zoo.nas_bench_macro
        grid = generate_grid(to_configspace(space))
        self.assertEqual(len({from_configuration(space, c) for c in grid}), space.size)

    def test_constraints_are_refused_by_name(self):
        from nascent.configspace import to_configspace

        with self.assertRaises(nascent.SpaceError) as caught:
            to_configspace(zoo.efficientnet_x)
        self.assertEqual(caught.exception.code, "python.configspace")
        self.assertIn("constraints", caught.exception.found)


@needs("pyglove")
class PyGlove(unittest.TestCase):
    def test_candidates_both_ways(self):
        import random

        import pyglove

        from nascent.pyglove import Template

        for name in ("proxylessnas", "nas_bench_macro"):
            space = zoo.spaces[name]
            template = Template(space)
            self.assertEqual(template.spec.space_size, space.size)
            rng = random.Random(7)
            for seed in range(20):
                dna = pyglove.random_dna(template.spec, rng)
                self.assertEqual(template.encode(template.decode(dna)), dna)
                c = space.sample(seed=seed)
                self.assertEqual(template.decode(template.encode(c)), c)

    def test_constraints_are_refused_by_name(self):
        from nascent.pyglove import Template

        with self.assertRaises(nascent.SpaceError) as caught:
            Template(zoo.efficientnet_x)
        self.assertEqual(caught.exception.code, "python.pyglove")


def macs_of(model, size):
    """Multiply-adds of a PyTorch module's convolutions and dense layers, by what comes out of each."""
    import torch

    total = 0

    def count(module, _, out):
        nonlocal total
        total += module.weight.numel() * (out.shape[2] * out.shape[3] if out.dim() == 4 else 1)

    for m in model.modules():
        if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)):
            m.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, size, size))
    return total


@needs("timm")
class Timm(unittest.TestCase):
    def test_timm_builds_the_same_network_from_our_strings(self):
        from nascent.timm import to_timm

        for name in ("EfficientNet-B0", "EfficientNet-B3", "EfficientNet-Lite0", "MobileNetV2", "MnasNet-A1"):
            network = zoo.model(name, 64)
            built = to_timm(network).build()
            self.assertEqual(sum(p.numel() for p in built.parameters()), network.cost()["params"], name)
            self.assertEqual(macs_of(built, 64), network.cost()["macs"], name)

    def test_strings_are_those_that_timm_publishes(self):
        from nascent.timm import to_timm

        # timm/models/efficientnet.py, _gen_efficientnet
        self.assertEqual(
            [s for stage in to_timm(zoo.model("EfficientNet-B0")).strings for s in stage],
            [
                "ds_r1_k3_s1_e1_c16_se0.25",
                "ir_r2_k3_s2_e6_c24_se0.25",
                "ir_r2_k5_s2_e6_c40_se0.25",
                "ir_r3_k3_s2_e6_c80_se0.25",
                "ir_r3_k5_s1_e6_c112_se0.25",
                "ir_r4_k5_s2_e6_c192_se0.25",
                "ir_r1_k3_s1_e6_c320_se0.25",
            ],
        )

    def test_what_timm_has_no_word_for_is_refused(self):
        from nascent.timm import to_timm

        for name in ("ResNet-50", "ViT-S/16", "MobileNetV3-Large", "DenseNet-121", "AlphaNet-A0"):
            with self.assertRaises(nascent.NetworkError) as caught:
                to_timm(zoo.model(name, 64))
            self.assertEqual(caught.exception.code, "python.timm")


class TimmStrings(unittest.TestCase):
    def test_strings_come_back_from_their_declaration(self):
        from nascent.timm import Architecture, from_timm, to_timm

        made = Architecture(
            [["ds_r1_k3_s1_e1_c16_se0.25"], ["ir_r2_k3_s2_e6_c24_nr6"], ["er_r2_k3_s2_e4_c32_noskip", "ir_r1_k5_s1_e3_c32"], ["cn_r1_k3_s1_c40"]],
            stem=24, features=128, classes=10, act="swish", pad="same",
        )  # fmt: skip
        space = from_timm("strings", made, 64).build()
        self.assertEqual(space.size, 1)
        back = to_timm(space.sample())
        self.assertEqual([s for stage in back.strings for s in stage], [s for stage in made.strings for s in stage])
        self.assertEqual((back.stem, back.features, back.classes, back.act, back.pad), (24, 128, 10, "swish", "same"))

    def test_strings_that_mean_nothing_here_are_refused(self):
        from nascent.timm import Architecture, from_timm

        for text in ("uir_r1_a0_k5_s1_e4_c96", "ir_r1_k3_s1_e6_c16_cc4", "ir_r1_k3_s1_e6_c16_nxx", "mha_r1_k3_s1_h4_c96"):
            with self.assertRaises(nascent.NetworkError):
                from_timm("bad", Architecture([[text]], 32, 64, 10, "relu", "same"))


@needs("torch")
class PyTorch(unittest.TestCase):
    def test_a_module_is_the_network_and_its_weights_come_back(self):
        import tempfile
        from pathlib import Path

        import torch

        from nascent.pytorch import read_weights, save_weights

        space = zoo.gpunet
        c = space.sample(seed=3)
        design = c.to_torch()
        self.assertEqual(sum(p.numel() for p in design.module().parameters()), space.count(c).params)
        network = zoo.model("MobileNetV3-Small", 64)
        model = network.to_torch().module(seed=5).eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "w.safetensors"
            save_weights(model, str(path))
            again = network.to_torch().module(str(path)).eval()
            pixels = torch.rand(2, *model.input_shape)
            self.assertTrue(torch.equal(model(pixels), again(pixels)))
            network.save_weights(str(Path(folder) / "own.safetensors"), seed=5)
            ours = read_weights(str(Path(folder) / "own.safetensors"))
            self.assertTrue(all(torch.equal(t, ours[name]) for name, t in model.state_dict().items()))
            if importlib.util.find_spec("onnxruntime"):
                import onnxruntime

                network.save_onnx(str(Path(folder) / "n.onnx"), batch=2, weights=str(path))
                session = onnxruntime.InferenceSession(str(Path(folder) / "n.onnx"))
                found = torch.from_numpy(session.run(None, {"input": pixels.numpy()})[0])
                self.assertLess((found - model(pixels)).abs().max() / found.abs().max(), 1e-4)
            with self.assertRaises(nascent.Error) as caught:
                zoo.model("MobileNetV2", 64).save_onnx(str(Path(folder) / "m.onnx"), weights=str(path))
            self.assertEqual(caught.exception.code, "io.torch")


if __name__ == "__main__":
    unittest.main()
