# SPDX-License-Identifier: Apache-2.0
"""Studies in Python: what is in the file is checked by sqlite3, not by the package."""

import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nascent

SPACE = "nas_bench_macro"


def worth(candidate):
    return -candidate.space.count(candidate).macs / 1e6


class Studies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "s.db")
        self.space = getattr(nascent.zoo, SPACE)

    def rows(self, query):
        with sqlite3.connect(self.path) as file:
            return file.execute(query).fetchall()

    def refused(self, code, work):
        with self.assertRaises(nascent.StudyError) as caught:
            work()
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertTrue(caught.exception.where and caught.exception.found and caught.exception.allowed)
        return caught.exception

    def test_ask_tell_fail_and_what_the_file_has(self):
        with nascent.Study(self.path, self.space, "random", seed=3) as study:
            first, second, third = study.ask(), study.ask(), study.ask()
            self.assertEqual([t.id for t in (first, second, third)], [1, 2, 3])
            self.assertEqual(first.candidate.space.size, 6561)
            self.assertEqual(study.report(first.id, 1, {"accuracy": 60}), 60)
            self.assertTrue(study.tell(first.id, {"accuracy": 71.5, "ms": 4}, seconds=2, cost=0.5))
            self.assertFalse(study.tell(first.id, {"accuracy": 99}))  # the first answer counts
            self.assertTrue(study.fail(second.id, "no memory", attempts=2))
            self.assertTrue(study.tell(third.id, {"accuracy": float("nan")}))
            self.assertEqual(study.curves(), {1: [(1, 60.0)]})
            self.assertEqual([study.trial(t.id).metrics for t in study.trials()], [t.metrics for t in study.trials()])
            self.assertIsNone(study.trial(10**6))
        self.assertEqual(self.rows("SELECT id, state, failure, attempts FROM trial")[:2], [(1, "done", "", 1), (2, "failed", "no memory", 2)])
        self.assertEqual(self.rows("SELECT state FROM trial WHERE id = 3"), [("failed",)])
        self.assertEqual(self.rows("SELECT name, value FROM metric ORDER BY name"), [("accuracy", 71.5), ("ms", 4.0)])
        self.refused("study.file", study.ask)

    def test_best_and_front_by_hand(self):
        figures = [(70, 5), (72, 9), (71, 9), (60, 1), (72, 10)]
        with nascent.Study(self.path, self.space, "random", seed=1) as study:
            self.assertIsNone(study.best())
            for accuracy, ms in figures:
                study.tell(study.ask().id, {"accuracy": accuracy, "ms": ms})
            self.assertEqual(study.best().metrics, {"accuracy": 72, "ms": 9})
            self.assertEqual([t.id for t in study.front(cost="ms")], [4, 1, 2])
            self.assertEqual(study.networks, 5)
            self.assertIn("5 networks evaluated", study.status(cost="ms"))
        limited = nascent.Study(self.path + "2", self.space, "random", maximise="accuracy", limits={"ms": 8})
        for accuracy, ms in figures:
            limited.tell(limited.ask().id, {"accuracy": accuracy, "ms": ms})
        self.assertEqual(limited.best().metrics, {"accuracy": 70, "ms": 5})

    def test_a_study_that_was_left_goes_on_as_if_it_had_not_been(self):
        for method in ("random", "local", "evolution"):
            straight, stopped = [], []
            with nascent.Study(f"{self.path}.{method}.a", self.space, method, seed=5) as study:
                for _ in range(40):
                    t = study.ask()
                    straight.append(t.candidate.rank)
                    study.tell(t.id, {"accuracy": worth(t.candidate)})
            for part in range(4):
                with nascent.Study(f"{self.path}.{method}.b", self.space, method, seed=5) as study:
                    for i in range(10):
                        t = study.ask()
                        if i == 9 and part < 3:
                            break  # asked, never told: given out again by the next one
                        stopped.append(t.candidate.rank)
                        study.tell(t.id, {"accuracy": worth(t.candidate)})
            self.assertEqual(stopped, straight[: len(stopped)])
            self.assertEqual(len(stopped), 37)

    def test_a_killed_process_gives_its_trials_back(self):
        killed = (
            "import nascent, os, sys\n"
            f"study = nascent.Study(sys.argv[1], nascent.zoo.{SPACE}, 'random', seed=9)\n"
            "print(study.ask().id, study.ask().id, flush=True)\n"
            "os.kill(os.getpid(), 9)\n"
        )
        done = subprocess.run([sys.executable, "-c", killed, self.path], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.split()), (-9, ["1", "2"]), done.stderr)
        with nascent.Study(self.path, self.space, "random", seed=9) as study:
            again = [study.ask() for _ in range(3)]
            self.assertEqual([(t.id, t.starts) for t in again], [(1, 2), (2, 2), (3, 1)])
            # Another process has open trials of its own, which it keeps.
            other = nascent.Study(self.path, self.space, "random", seed=9)
            self.assertEqual(other.ask().id, 4)
            self.assertFalse(other.tell(1, {"accuracy": 1}))
            other.close()
            self.assertEqual(study.ask().id, 4)

    def test_refusals(self):
        nascent.Study(self.path, self.space, "evolution", seed=1).close()
        self.refused("study.searcher", lambda: nascent.Study(self.path, self.space, "evolution", seed=2))
        self.refused("study.searcher", lambda: nascent.Study(self.path, self.space, "local", seed=1))
        self.refused("study.searcher", lambda: nascent.Study(self.path, self.space, "evolution", seed=1, options={"population": 9}))
        self.refused("study.objective", lambda: nascent.Study(self.path, self.space, "evolution", seed=1, minimise="ms"))
        self.refused("study.space", lambda: nascent.Study(self.path, nascent.zoo.nas_bench_201, "evolution", seed=1))
        self.refused("study.option", lambda: nascent.Study(self.path, self.space, options={"populations": 9}))
        self.refused("study.option", lambda: nascent.Study(self.path, self.space, maximise="a", minimise="b"))
        self.refused("study.option", lambda: nascent.Study(self.path, self.space, limits={"ms": -1}))
        self.refused("study.file", lambda: nascent.Study(self.path + "/no/s.db", self.space))
        Path(self.path + ".txt").write_text("no database at all, but text that is long enough" * 100)
        self.refused("study.file", lambda: nascent.Study(self.path + ".txt", self.space))
        study = nascent.Study(self.path, self.space, "evolution", seed=1)
        self.refused("study.trial", lambda: study.tell(77, {"accuracy": 1}))
        with self.assertRaises(nascent.SearchError):
            nascent.Study(self.path + "3", self.space, "magic")


if __name__ == "__main__":
    unittest.main()
