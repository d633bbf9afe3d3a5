# SPDX-License-Identifier: Apache-2.0
"""A study as a scheduler of Syne Tune, which runs it; skipped where Syne Tune is not installed."""

import importlib
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

import nascent


def has_syne_tune():
    try:
        import syne_tune  # noqa: F401
    except ImportError:
        return False
    return True


class SyneTune(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def study(self, name):
        return nascent.Study(str(self.folder / name), nascent.zoo.nas_bench_macro, "evolution", seed=3)

    def test_without_syne_tune_the_message_says_what_to_install(self):
        sys.modules.pop("nascent.syne_tune", None)
        with mock.patch.dict(sys.modules, {"syne_tune": None, "syne_tune.constants": None}):
            with self.assertRaises(nascent.StudyError) as caught:
                importlib.import_module("nascent.syne_tune")
        self.assertEqual(caught.exception.code, "python.component")
        self.assertIn("pip install syne-tune", caught.exception.allowed)

    @unittest.skipUnless(has_syne_tune(), "syne-tune is not installed")
    def test_it_is_given_what_the_study_alone_would_ask_for(self):
        from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

        from nascent.syne_tune import StudyScheduler

        with self.study("alone.db") as study:
            alone = []
            while trial := study.ask(20):
                alone.append(trial.candidate.rank)
                study.tell(trial.id, {"accuracy": float(sum(trial.candidate.decisions))})
        with self.study("through.db") as study:
            scheduler, through = AskTellScheduler(StudyScheduler(study)), []
            for _ in alone:
                trial = scheduler.ask()
                through.append(int(trial.config["rank"]))
                scheduler.tell(trial, {"accuracy": float(sum(study.space.unrank(through[-1]).decisions))})
            self.assertEqual(through, alone)
            self.assertEqual(sorted(t.metrics["accuracy"] for t in study.trials() if t.same_as is None),
                             sorted(float(sum(study.space.unrank(rank).decisions)) for rank in alone))

    @unittest.skipUnless(has_syne_tune(), "syne-tune is not installed")
    def test_its_tuner_runs_a_script_for_each_network(self):
        from syne_tune import StoppingCriterion, Tuner
        from syne_tune.backend import LocalBackend

        from nascent.syne_tune import StudyScheduler

        script = self.folder / "train.py"
        script.write_text(textwrap.dedent("""
            import argparse, json
            from syne_tune import Reporter
            parser = argparse.ArgumentParser()
            parser.add_argument("--rank"), parser.add_argument("--candidate")
            given, _ = parser.parse_known_args()
            decided = json.loads(given.candidate)
            if int(given.rank) % 3 == 0: raise SystemExit("diverged")
            for epoch in (1, 2): Reporter()(epoch=epoch, accuracy=10.0 * epoch + len(decided))
        """))
        with mock.patch.dict(os.environ, {"SYNETUNE_FOLDER": str(self.folder)}), self.study("tuned.db") as study:
            scheduler = StudyScheduler(study, networks=6, step="epoch")
            Tuner(trial_backend=LocalBackend(str(script)), scheduler=scheduler, n_workers=2, sleep_time=0.1, max_failures=6,
                  stop_criterion=StoppingCriterion(max_wallclock_time=300), print_update_interval=1000).run()
            tried = [t for t in study.trials() if t.same_as is None]
            self.assertEqual(len(tried), 6)
            for t in tried:
                diverged = t.candidate.rank % 3 == 0
                self.assertEqual(t.metrics, {} if diverged else {"accuracy": 20.0 + len(t.candidate.values)})


if __name__ == "__main__":
    unittest.main()
