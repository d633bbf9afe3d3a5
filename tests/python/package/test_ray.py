# SPDX-License-Identifier: Apache-2.0
"""A real Ray cluster on this machine: nodes are killed without grace, and the driver is; skipped where Ray is not installed."""

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import nascent

HERE = Path(__file__).resolve().parent
NETWORKS = 60


def short_training(e):
    time.sleep(0.3 + 0.02 * (e.rank % 10))
    if e.trial == 5:
        os._exit(3)  # a crash of its own, at each attempt
    return {"accuracy": 70 + e.rank % 7}


def reports(e):
    """The first three end soon; the others would take a minute, and are worse."""
    good = e.trial <= 3
    for step in range(1, 7 if good else 600):
        time.sleep(0.1)
        if not e.report(step, accuracy=50 if good else 1):
            break
    return 50 if good else 1


@unittest.skipUnless(importlib.util.find_spec("ray"), "ray is not installed")
class Ray(unittest.TestCase):
    def setUp(self):
        from ray.cluster_utils import Cluster

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "s.db")
        paths = os.pathsep.join([str(HERE), *(p for p in sys.path if p)])
        os.environ["PYTHONPATH"] = paths  # of the workers that the cluster starts
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self.addCleanup(self.cluster.shutdown)
        self.nodes = [self.cluster.add_node(num_cpus=2) for _ in range(2)]

    def rows(self, query):
        with sqlite3.connect(self.path) as file:
            return file.execute(query).fetchall()

    def ended(self):
        try:
            return self.rows("SELECT count(*) FROM trial WHERE state <> 'pending' AND same_as IS NULL")[0][0] if Path(self.path).exists() else 0
        except sqlite3.OperationalError:
            return 0  # its tables are being made

    def driver(self):
        text = (
            "import nascent, test_ray\n"
            f"study = nascent.Study({self.path!r}, nascent.zoo.nas_bench_macro, 'evolution', seed=4, options={{'population': 8, 'sample': 3}})\n"
            f"done = nascent.distribute(study, test_ray.short_training, networks={NETWORKS}, engine='ray', address={self.cluster.address!r}, progress=False)\n"
            "print('evaluated', done.evaluated)\n"
        )
        return subprocess.Popen([sys.executable, "-B", "-c", text], stdout=subprocess.PIPE, text=True)

    def wait_for(self, process, ended):
        while self.ended() < ended:
            self.assertIsNone(process.poll())
            time.sleep(0.1)

    def test_nodes_and_the_driver_are_killed_and_each_result_is_there_once(self):
        process = self.driver()
        self.wait_for(process, 10)
        self.cluster.remove_node(self.nodes[0], allow_graceful=False)
        self.wait_for(process, 18)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        killed_at = self.ended()
        self.assertLess(killed_at, NETWORKS)
        self.cluster.remove_node(self.nodes[1], allow_graceful=False)  # none is left: the next driver waits
        process = self.driver()
        time.sleep(2)
        self.assertIsNone(process.poll())
        self.nodes = [self.cluster.add_node(num_cpus=2) for _ in range(2)]
        said, _ = process.communicate(timeout=400)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.ended(), NETWORKS)
        told = self.rows("SELECT trial, count(*) FROM event WHERE kind = 'tell' GROUP BY trial")
        self.assertTrue(all(n == 1 for _, n in told))
        failures = self.rows("SELECT id, failure FROM trial WHERE state = 'failed'")
        self.assertEqual([i for i, _ in failures], [5])  # lost machines are nobody's failure
        self.assertIn("status 3", failures[0][1])
        self.assertIn("evaluated", said)
        self.what_is_reported_stops_evaluations()
        self.a_worker_of_another_version_is_refused()

    def what_is_reported_stops_evaluations(self):
        """On the same cluster, whose start is what takes time."""
        text = (
            "import nascent, test_ray\n"
            f"study = nascent.Study({self.path + '.3'!r}, nascent.zoo.nas_bench_macro, 'random')\n"
            "rule = nascent.MedianRule(least_trials=3)\n"
            f"done = nascent.distribute(study, test_ray.reports, networks=8, engine='ray', address={self.cluster.address!r}, early_stopping=rule, progress=False)\n"
            "print(done.stopped, min(len(c) for c in study.curves().values()))\n"
        )
        done = subprocess.run([sys.executable, "-B", "-c", text], stdout=subprocess.PIPE, text=True, timeout=400)
        stopped, shortest = map(int, done.stdout.splitlines()[-1].split())  # Ray may say something before
        self.assertEqual(stopped, 5)
        self.assertGreaterEqual(shortest, 1)

    def a_worker_of_another_version_is_refused(self):
        """On the same cluster, whose start is what takes time. No candidate is blamed."""
        text = (
            "import nascent, test_ray\n"
            "nascent._core.__version__ = '0.0.1'\n"
            f"study = nascent.Study({self.path + '.2'!r}, nascent.zoo.nas_bench_macro, 'random')\n"
            "try:\n"
            f"    nascent.distribute(study, test_ray.short_training, networks=2, engine='ray', address={self.cluster.address!r}, progress=False)\n"
            "except nascent.StudyError as error:\n"
            "    print(error.code, {t.state for t in study.trials()})\n"
        )
        done = subprocess.run([sys.executable, "-B", "-c", text], stdout=subprocess.PIPE, text=True, timeout=400)
        self.assertEqual(done.stdout.splitlines()[-1].strip(), "distribute.version {'pending'}")


if __name__ == "__main__":
    unittest.main()
