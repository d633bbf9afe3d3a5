# SPDX-License-Identifier: Apache-2.0
"""A study as a searcher of Ray Tune, which runs it; skipped where Ray Tune is not installed."""

import importlib
import os
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nascent


def has_tune():
    try:
        import ray.tune  # noqa: F401
    except ImportError:
        return False
    return True


def trial(config):
    if config["decisions"][0] == 1:
        raise RuntimeError("diverged")
    from ray import tune

    for step in (1, 2):
        tune.report({"accuracy": 10 * step + sum(config["decisions"])})


class Tune(unittest.TestCase):
    def test_without_ray_the_message_says_what_to_install(self):
        sys.modules.pop("nascent.tune", None)
        with mock.patch.dict(sys.modules, {"ray": None, "ray.tune": None, "ray.tune.search": None}):
            with self.assertRaises(nascent.StudyError) as caught:
                importlib.import_module("nascent.tune")
        self.assertEqual(caught.exception.code, "distribute.ray")
        self.assertIn("pip install", caught.exception.allowed)

    @unittest.skipUnless(has_tune(), "ray[tune] is not installed")
    def test_tune_runs_what_the_study_asks_for(self):
        import ray
        from ray import tune

        from nascent.tune import StudySearcher

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name) / "s.db")
        here = str(Path(__file__).resolve().parent)
        os.environ["PYTHONPATH"] = os.pathsep.join([here, *(p for p in sys.path if p)])
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        self.addCleanup(ray.shutdown)
        with nascent.Study(path, nascent.zoo.nas_bench_macro, "evolution", seed=3) as study:
            settings = tune.TuneConfig(search_alg=StudySearcher(study, networks=8), num_samples=100, max_concurrent_trials=2)
            tune.Tuner(trial, tune_config=settings, run_config=tune.RunConfig(storage_path=folder.name, verbose=0)).fit()
            trials = study.trials()
        self.assertEqual(sum(t.same_as is None for t in trials), 8)
        for t in (t for t in trials if t.same_as is None):
            d = t.candidate.decisions
            self.assertEqual(t.state, "failed" if d[0] == 1 else "done")
            self.assertEqual(t.metrics, {} if d[0] == 1 else {"accuracy": 20 + int(d.sum())})
        self.assertTrue(any(t.state == "failed" for t in trials) and any(t.state == "done" for t in trials))
        with sqlite3.connect(path) as file:
            self.assertEqual(file.execute("SELECT count(*) FROM trial WHERE state = 'pending'").fetchone(), (0,))
            self.assertGreaterEqual(file.execute("SELECT count(*) FROM partial").fetchone()[0], 8)


if __name__ == "__main__":
    unittest.main()
