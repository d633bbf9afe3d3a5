# SPDX-License-Identifier: Apache-2.0
"""The engine for many workers, on processes of this machine: what the file of the study says is read by sqlite3."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import nascent
from nascent._distributed.evaluation import evaluate, read_result
from nascent._distributed.runner import Runner, dumped
from nascent._distributed.template import Template

HERE = Path(__file__).resolve().parent


def accuracy(e):
    return 70 + e.rank % 7


def misbehaves(e):
    """By its number: crashes, throws, gives what is no number, never ends, refuses."""
    kind = e.trial % 10
    if kind == 3:
        os._exit(7)
    if kind == 4:
        raise RuntimeError("no good")
    if kind == 5:
        return {"accuracy": float("nan")}
    if kind == 6:
        time.sleep(1000)
    if kind == 7:
        return "garbage"
    if kind == 8:
        return None
    if kind == 9 and not (e.folder / "second").exists():
        (e.folder / "second").touch()
        os.kill(os.getpid(), signal.SIGKILL)  # once only
    e.report(1, accuracy=50)
    return {"accuracy": accuracy(e), "ms": e.trial}


def trains(e):
    """Four epochs with a checkpoint after each; a line of a log for every epoch that was run."""
    checkpoint = e.folder / "epoch"
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for epoch in range(done, 4):
        time.sleep(0.03)
        with open(os.environ["EPOCHS"], "a") as log:
            log.write(f"{e.trial} {epoch}\n")
        beside = e.folder / "epoch.new"
        beside.write_text(str(epoch + 1))
        os.replace(beside, checkpoint)
    return accuracy(e)


def is_slow(e):
    Path(os.environ["STARTED"]).touch()
    time.sleep(1000)


def learns(e):
    """Reports what the study must have before the next step; a good network every third."""
    for step in range(1, 9):
        value = step * (1 if e.trial % 3 else 2) + e.rank % 7 / 100
        goes_on = e.report(step, accuracy=value)
        with sqlite3.connect(os.environ["STUDY"]) as file:
            while not file.execute("SELECT count(*) FROM partial WHERE trial = ? AND step = ?", (e.trial, step)).fetchone()[0]:
                time.sleep(0.005)
        if not goes_on and e.trial % 5:  # others do not listen
            break
    return value


def draws(e):
    import numpy

    if e.trial == 5:
        sys.exit(5)
    return {"numpy": numpy.random.random(), "python": random.random(), "pid": os.getpid(), "session": os.getsid(0), "parent": os.getppid()}


def measures(e):
    return {"ms": e.metrics["accuracy"] / 10}


def driver(path, evaluator, networks, **options):
    """A process that distributes; functions of this file go by name."""
    text = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import nascent, test_distributed\n"
        f"study = nascent.Study({path!r}, nascent.zoo.nas_bench_macro, 'evolution', seed=4, options={{'population': 8, 'sample': 3}})\n"
        f"done = nascent.distribute(study, test_distributed.{evaluator}, networks={networks}, workers=3, progress=False, **{options!r})\n"
        "print(done.evaluated, done.interrupted)\n"
    )
    return subprocess.Popen([sys.executable, "-B", "-c", text], stdout=subprocess.PIPE, text=True)


class Distributed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = str(self.folder / "s.db")
        self.space = nascent.zoo.nas_bench_macro

    def rows(self, query):
        with sqlite3.connect(self.path) as file:
            return file.execute(query).fetchall()

    def study(self, **options):
        study = nascent.Study(self.path, self.space, "random", seed=2, **options)
        self.addCleanup(study.close)
        return study

    def assert_each_once(self, networks):
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT network) FROM trial WHERE same_as IS NULL"), [(networks, networks)])
        self.assertEqual(self.rows("SELECT count(*) FROM trial WHERE state = 'pending'"), [(0,)])
        self.assertEqual(self.rows("SELECT count(*) FROM trial LEFT JOIN event ON trial.id = trial AND kind = 'tell' WHERE event.id IS NULL"), [(0,)])

    def test_crash_hang_garbage_and_nan_are_results(self):
        page = self.folder / "s.html"
        done = nascent.distribute(self.study(), misbehaves, networks=10, workers=4, time_limit_s=4, attempts=2, progress=False, page=str(page))
        self.assertEqual((done.evaluated, done.failed), (10, 6))
        self.assert_each_once(10)
        failures = dict(self.rows("SELECT id, failure FROM trial WHERE state = 'failed'"))
        for trial, words in {3: "ended by status 7", 4: "no good", 5: "found nan", 6: "longer than 4 s", 7: "found str", 8: "cannot be used"}.items():
            self.assertIn(words, failures[trial])
        tries = dict(self.rows("SELECT id, attempts FROM trial"))
        self.assertEqual([tries[i] for i in (1, 3, 4, 8, 9)], [1, 2, 2, 1, 2])  # what it refuses is not asked again
        self.assertEqual(self.rows("SELECT value FROM metric WHERE trial = 9 AND name = 'ms'"), [(9.0,)])
        ends = self.rows("SELECT trial, group_concat(end, ' ') FROM (SELECT * FROM attempt ORDER BY trial, began) GROUP BY trial")
        self.assertEqual([dict(ends)[i] for i in (1, 3, 4, 8, 9)], ["done", "crashed crashed", "failed failed", "failed", "crashed done"])
        self.assertTrue(all(worker.rpartition(" ")[2].isdigit() for (worker,) in self.rows("SELECT worker FROM attempt")))
        self.assertEqual(self.rows("SELECT workers FROM capacity ORDER BY at")[0], (4,))
        for words in ("of their time used", "crashed or failed", "Throughput", os.uname().nodename):
            self.assertIn(words, page.read_text())

    def test_a_driver_that_is_killed_again_and_again_loses_nothing(self):
        seed = int(os.environ.get("SEED", "20261130"))
        print("seed", seed)
        rng = random.Random(seed)
        log = self.folder / "epochs"
        log.touch()
        kills = 0
        with mock.patch.dict(os.environ, {"EPOCHS": str(log)}):
            while True:
                process = driver(self.path, "trains", 40)
                before = len(log.read_text().splitlines())
                enough = before + rng.randint(1, 40)  # epochs, not time: the machine may be busy
                while process.poll() is None and (kills >= 6 or len(log.read_text().splitlines()) < enough):
                    time.sleep(0.005)
                if process.poll() is not None:
                    break
                process.kill()
                process.wait()
                process.stdout.close()
                kills += 1
            process.stdout.close()
        self.assertEqual(process.returncode, 0)
        self.assertGreaterEqual(kills, 3)
        self.assert_each_once(40)
        self.assertEqual(self.rows("SELECT count(*) FROM trial WHERE state = 'done'")[0][0] - len(self.rows("SELECT id FROM trial WHERE same_as > 0")), 40)
        epochs = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
        self.assertEqual(len(set(epochs)), 160)
        # Trainings went on from their checkpoints: a kill costs each of three workers one epoch at most.
        self.assertLessEqual(len(epochs), 160 + 3 * kills)
        self.assertGreater(self.rows("SELECT max(starts) FROM trial")[0][0], 1)

    def test_what_a_worker_finished_for_a_dead_driver_is_taken(self):
        with nascent.Study(self.path, self.space, "random", seed=2) as study:
            trial = study.ask()
        folder = self.folder / "s.db.trials" / "1"
        task = {"trial": 1, "candidate": {"decisions": trial.candidate.values, "rank": str(trial.candidate.rank)}}
        work = {"task": task, "decisions": [], "starts": 1, "folder": str(folder), "part": 0, "metrics": {}}
        self.assertEqual(evaluate(work, lambda e: 88)["metrics"], {"accuracy": 88})
        self.assertEqual(evaluate(work, lambda e: 1 / 0)["metrics"], {"accuracy": 88})  # the first result stays
        (folder / "result.1.json").write_text('{"metrics": {"acc')  # half a file is none
        self.assertIsNone(read_result(folder, 1))
        done = nascent.distribute(self.study(), accuracy, networks=3, workers=1, progress=False)
        self.assertEqual((done.adopted, done.evaluated), (1, 3))
        self.assertEqual(self.rows("SELECT value FROM metric WHERE trial = 1"), [(88.0,)])

    def test_ctrl_c_keeps_what_is_done(self):
        log = self.folder / "epochs"
        log.touch()
        with mock.patch.dict(os.environ, {"EPOCHS": str(log)}):
            process = driver(self.path, "trains", 4000)
            while len(log.read_text().splitlines()) < 30:
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate()
        evaluated, interrupted = said.split()
        self.assertEqual((process.returncode, interrupted), (0, "True"))
        self.assertEqual(self.rows("SELECT count(*) FROM trial WHERE state = 'done' AND same_as IS NULL"), [(int(evaluated),)])
        self.assertGreater(int(evaluated), 0)

    def test_a_second_ctrl_c_ends_at_once(self):
        started = self.folder / "started"
        with mock.patch.dict(os.environ, {"STARTED": str(started)}):
            process = driver(self.path, "is_slow", 3, grace_s=900)
            while not started.exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            for _ in range(2):
                process.send_signal(signal.SIGINT)
                time.sleep(1)
            process.communicate(timeout=300)
        self.assertEqual(process.returncode, 130)
        self.assertGreater(self.rows("SELECT count(*) FROM trial WHERE state = 'pending'")[0][0], 0)

    def test_commands(self):
        script = self.folder / "train.py"
        script.write_text(
            "import json, sys\n"
            "task = json.load(open(sys.argv[1]) if len(sys.argv) > 1 else sys.stdin)\n"
            "assert task['network']['layers'] and task['candidate']['decisions']\n"
            "print('epoch 1 ..')\n"
            "print(json.dumps({'step': 1, 'accuracy': 10}))\n"
            "if task['trial'] == 2: sys.exit('no memory')\n"
            "if task['trial'] == 3: print(json.dumps({'error': 'diverged'})); sys.exit()\n"
            "if task['trial'] == 4: print('nothing'); sys.exit()\n"
            "print(json.dumps({'accuracy': int(task['candidate']['rank']) % 7}))\n"
        )
        for name, file in (("a", " {file}"), ("b", "")):
            self.path = str(self.folder / f"{name}.db")
            study = self.study()
            nascent.distribute(study, nascent.Command(f"{sys.executable} {script}{file}"), networks=5, workers=2, attempts=1, progress=False)
            self.assert_each_once(5)
            failures = {t.id: t.failure for t in study.trials() if t.failure}
            self.assertEqual(set(failures), {2, 3, 4})
            self.assertIn("status 1: no memory", failures[2])
            self.assertEqual(failures[3], "diverged")
            self.assertIn("'nothing'", failures[4])
            self.assertEqual(study.trials()[0].metrics, {"accuracy": study.trials()[0].candidate.rank % 7})
            self.assertEqual(study.curves()[1], [(1, 10.0)])

    def test_early_stopping_sees_what_is_reported_meanwhile(self):
        for engine in ("local", "threads"):
            self.path = str(self.folder / f"{engine}.db")
            study = self.study()
            with mock.patch.dict(os.environ, {"STUDY": self.path}):
                done = nascent.distribute(
                    study, learns, networks=24, workers=3, engine=engine, early_stopping=nascent.MedianRule(least_trials=3), progress=False
                )
            self.assert_each_once(24)
            steps = dict(self.rows("SELECT trial, count(*) FROM partial GROUP BY trial"))
            states = {t.id: t.state for t in study.trials() if t.same_as is None}
            stopped = {i for i, state in states.items() if state == "stopped"}
            self.assertEqual(done.stopped, len(stopped))
            self.assertGreater(len(stopped), 3)
            self.assertEqual({i for i in stopped if i % 3 == 0 or (i % 5 == 0 and steps[i] < 8)}, set())  # none that is good, or did not listen
            self.assertTrue(any(steps[i] < 8 for i in stopped))
            self.assertTrue(all(steps[i] == 8 for i, state in states.items() if state == "done"))
            self.assertEqual({study.trial(i).value for i in stopped}, {study.curves()[i][-1][1] for i in stopped})

    def test_a_command_that_is_stopped_leaves_nothing_behind(self):
        script = self.folder / "train.py"
        script.write_text(
            "import json, os, subprocess, sys, time\n"
            "trial = json.load(open(sys.argv[1]))['trial']\n"
            "if trial > 4: open(sys.argv[2], 'a').write(f\"{subprocess.Popen(['sleep', '1000']).pid} \")\n"
            "for step in range(1, 6 if trial <= 4 else 10**6):\n"
            "    print(json.dumps({'step': step, 'accuracy': 50 if trial <= 4 else 1, 'ms': trial}), flush=True)\n"
            "    time.sleep(0.05)\n"
            "print(json.dumps({'accuracy': 60, 'ms': 1}))\n"
        )
        study, children = self.study(), self.folder / "children"
        command = nascent.Command(f"cd / && {sys.executable} {script} {{file}} {children}; true")
        rule = nascent.SuccessiveHalving(first=2, factor=2)
        done = nascent.distribute(study, command, networks=6, workers=1, early_stopping=rule, progress=False)
        self.assertGreaterEqual(done.stopped, 2)
        self.assertEqual(study.trial(6).state, "stopped")
        self.assertEqual(study.trial(6).metrics, {"accuracy": 1.0, "ms": 6.0})
        for child in map(int, children.read_text().split()):
            stat = Path(f"/proc/{child}/stat")
            self.assertTrue(not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z", child)

    def test_processes_that_are_forked_draw_numbers_of_their_own_and_survive_their_template(self):
        template = Template()
        self.addCleanup(template.close)
        runners = [Runner(*dumped([draws]), template) for _ in range(3)]
        for runner in runners:
            self.addCleanup(runner.close)

        def run(i, trial):
            folder = self.folder / f"{i}.{trial}"
            task = {"trial": trial, "candidate": {"decisions": {}, "rank": "0"}}
            return runners[i].run({"task": task, "decisions": [], "starts": 1, "folder": str(folder), "part": 0, "metrics": {}})

        answers = [run(i, 1)["metrics"] for i in range(3)]
        for kind in ("numpy", "python", "pid"):
            self.assertEqual(len({a[kind] for a in answers}), 3, kind)
        self.assertEqual({a["session"] - a["pid"] for a in answers}, {0})
        self.assertIn("status 5", run(0, 5)["crash"])  # sys.exit
        template._process.kill()
        template._process.wait()
        self.assertEqual(run(0, 2)["metrics"]["parent"] == answers[0]["parent"], False)  # of a new one
        self.assertIn("metrics", run(1, 2))

    def test_parts_threads_and_a_study_that_is_looked_at(self):
        study = self.study(limits={"ms": 7.2})
        looked = []

        def looks(e):
            looked.append(subprocess.run([sys.executable, "-c", watch, self.path], capture_output=True, text=True).stdout)
            return {"accuracy": accuracy(e)}

        watch = "import sqlite3, sys; print(sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute('SELECT count(*) FROM trial').fetchone()[0])"
        parts = [nascent.Part(looks), nascent.Part(measures, {"phone": 1})]
        done = nascent.distribute(study, parts, networks=6, workers=2, max_in_flight=2, engine="threads", progress=False)
        self.assertEqual(done.evaluated, 6)
        self.assertEqual({tuple(sorted(t.metrics)) for t in study.trials()}, {("accuracy", "ms")})
        self.assertTrue(all(0 < int(n) <= 6 for n in looked))
        self.assertTrue(study.best().metrics["ms"] <= 7.2)
        self.assertIn("6 networks evaluated", study.status())
        program = os.environ.get("NASCENT_SEARCH_PROGRAM", "")
        if Path(program).is_file():
            shown = subprocess.run([program, "status", "--study", self.path], capture_output=True, text=True)
            self.assertEqual((shown.returncode, shown.stdout), (0, study.status()))

    def test_refusals(self):
        study = self.study()

        def refused(code, **options):
            with self.assertRaises(nascent.StudyError) as caught:
                nascent.distribute(study, options.pop("evaluator", accuracy), **{"networks": 2, "workers": 1, "progress": False} | options)
            self.assertEqual(caught.exception.code, code, caught.exception)
            return caught.exception

        for wrong in ({"workers": 0}, {"attempts": 0}, {"networks": -1}, {"max_in_flight": 0}, {"time_limit_s": 0}, {"engine": "slurm"}):
            refused("distribute.option", **wrong)
        refused("distribute.option", engine="threads", time_limit_s=3)
        refused("distribute.option", evaluator=[])
        refused("distribute.option", evaluator=[accuracy])
        refused("distribute.option", evaluator=[nascent.Part(accuracy)], resources={"gpu": 1})
        refused("distribute.option", resources={"gpu": -1})
        refused("distribute.option", early_stopping="median")
        with self.assertRaises(nascent.StudyError) as caught:
            nascent.SuccessiveHalving(factor=1)
        self.assertEqual(caught.exception.code, "study.option")
        with mock.patch.dict(sys.modules, {"ray": None}):
            self.assertIn("pip install", refused("distribute.ray", engine="ray").allowed)
        with mock.patch.dict(sys.modules, {"cloudpickle": None}):
            sys.modules.pop("ray", None)  # which has one of its own, where another test has imported it
            refused("distribute.evaluator", evaluator=lambda e: 1)
        module = self.folder / "elsewhere_only.py"
        module.write_text("def train(e):\n    return 1\n")
        sys.path.insert(0, str(self.folder))
        try:
            import elsewhere_only
        finally:
            sys.path.pop(0)
        self.assertIn("elsewhere_only", refused("distribute.version", evaluator=elsewhere_only.train).found)
        self.assertEqual(self.rows("SELECT count(*) FROM trial WHERE state = 'failed'"), [(0,)])  # the candidates are not to blame


if __name__ == "__main__":
    unittest.main()
