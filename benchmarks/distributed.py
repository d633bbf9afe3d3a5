#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What many workers cost: the driver's time, what searchers lose by answers that are pending, what is lost where machines are.

    python3 benchmarks/distributed.py searchers [--seeds 20]
    python3 benchmarks/distributed.py cost [--networks 5000]
    python3 benchmarks/distributed.py kills [--networks 5000] [--seconds 2] [--page kills.html]
    python3 benchmarks/distributed.py utilisation [--workers 32] [--networks 128] [--seconds 10]

searchers, cost: the real driver and a real study on a clock of its own, an engine of 32 or 300 workers whose evaluations last as long as
it says, without waiting, so that the machine's own load does not matter. Accuracies are those of NAS-Bench-Macro
(tests/search/nas_bench_macro.hpp).

kills: 300 workers, 25 processes as nodes with 12 evaluations each at the same time, which sleep; a node is killed every few seconds
and another takes its place, and the driver is killed ten times and begun again.

utilisation: the local engine, a process for each worker, evaluations that sleep."""

import argparse
import heapq
import os
import queue
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import Pipe, connection
from pathlib import Path

import nascent
from nascent._distributed.evaluation import evaluate

TABLE = Path(__file__).resolve().parent.parent / "tests" / "search" / "nas_bench_macro.hpp"


class Simulated:
    """Workers on a clock that jumps to the next end. Some evaluations are lost with their machine and must be begun again."""

    def __init__(self, workers, accuracy, seed, lost=0.0):
        self.workers, self.accuracy, self.lost = workers, accuracy, lost
        self.rng, self.now, self.running, self.submitted = random.Random(seed), 0.0, [], 0

    def slots(self, needs):
        return self.workers

    def submit(self, key, work):
        seconds = self.rng.uniform(5, 15)
        self.submitted += 1
        heapq.heappush(self.running, (self.now + seconds, self.submitted, key, work, seconds))

    def collect(self, timeout_s):
        self.now, _, key, work, seconds = heapq.heappop(self.running)
        if self.rng.random() < self.lost:
            return [(key, {"lost": "its machine"})]
        return [(key, {"metrics": {"accuracy": self.accuracy(work)}, "seconds": seconds})]

    def close(self):
        pass


def accuracies():
    """By decisions, in per cent. The table is sorted by code, whose first digit is the first layer's."""
    text = TABLE.read_text()
    sums = [int(n) for n in re.findall(r"\d+", text[text.index("{", text.index("nas_bench_macro_sums")) :])]
    assert len(sums) == 6561

    def of(work):
        code = 0
        for d in work["decisions"]:
            code = 3 * code + int(d)
        return sums[code] / 300

    return of, max(sums) / 300


def run(folder, name, space, method, seed, workers, networks, accuracy, lost=0.0):
    options = {"population": 20, "sample": 5} if method == "evolution" else {}
    engine = Simulated(workers, accuracy, seed, lost)
    with nascent.Study(f"{folder}/{name}.db", space, method, seed=seed, options=options) as study:
        done = nascent.distribute(study, lambda e: None, networks=networks, engine=engine, max_in_flight=workers, progress=False)
        best, curve = 0.0, []
        trials = [t for t in study.trials() if t.same_as is None]
        assert len(trials) == networks and all(t.state == "done" for t in trials), "a result is lost"
        for t in trials:
            best = max(best, t.metrics["accuracy"])
            curve.append(best)
    return done, engine, curve


NODES, SLOTS, DRIVER_KILLS = 25, 12, 10


def sleeps(evaluation):
    """As long as is said, more or less by its number; lines of a log say when it begins and ends."""
    for what in ("begins", "ends"):
        with open(os.environ["LOG"], "a") as log:
            log.write(f"{what} {evaluation.trial}\n")
        if what == "begins":
            time.sleep(float(os.environ["SECONDS"]) * (1 + float(os.environ["SPREAD"]) * (evaluation.trial * 0.618 % 1 - 0.5)))
    return {"accuracy": 70 + evaluation.decisions[0]}


def serve_node(number):
    """A node: a process with many evaluations at the same time. It ends with its driver, or whenever it is killed."""
    pipe, writing = connection.Connection(number), threading.Lock()

    def one(key, work):
        outcome = evaluate(work, sleeps)
        with writing:
            pipe.send((key, outcome))

    try:
        while True:
            threading.Thread(target=one, args=pipe.recv(), daemon=True).start()
    except (EOFError, OSError):
        os._exit(0)


class Nodes:
    """An engine whose machines are killed without grace: one at a time, every now and then."""

    def __init__(self, seed, every_s):
        self.rng, self.every_s, self.done = random.Random(seed), every_s, queue.SimpleQueue()
        self.nodes, self.waiting, self.next_kill = [], [], time.monotonic() + every_s
        for _ in range(NODES):
            self.begin_node()

    def begin_node(self):
        mine, its = Pipe()
        program = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parent)!r}); from distributed import serve_node; serve_node({its.fileno()})"
        process = subprocess.Popen([sys.executable, "-B", "-c", program], pass_fds=[its.fileno()])
        its.close()
        node = {"process": process, "pipe": mine, "keys": set()}
        self.nodes.append(node)
        threading.Thread(target=self.listen, args=(node,), daemon=True).start()

    def listen(self, node):
        try:
            while True:
                self.done.put((node, *node["pipe"].recv()))
        except (EOFError, OSError):
            self.done.put((node, None, None))

    def slots(self, needs):
        return NODES * SLOTS

    def submit(self, key, work):
        self.waiting.append((key, work))
        self.hand_out()

    def hand_out(self):
        while self.waiting:
            node = min(self.nodes, key=lambda n: len(n["keys"]))
            if len(node["keys"]) >= SLOTS:
                return
            try:
                node["pipe"].send(self.waiting[0])
            except OSError:
                return  # it dies just now; its end is on the way
            node["keys"].add(self.waiting.pop(0)[0])

    def collect(self, timeout_s):
        if time.monotonic() > self.next_kill:
            self.next_kill += self.every_s
            self.rng.choice(self.nodes)["process"].kill()
            with open(os.environ["LOG"] + ".kills", "a") as log:
                log.write("node\n")
        ended = []
        try:
            while True:
                node, key, outcome = self.done.get(timeout=0 if ended else timeout_s)
                if key is not None:
                    node["keys"].discard(key)
                    ended.append((key, outcome))
                    continue
                node["process"].wait()
                self.nodes.remove(node)
                ended += [(k, {"lost": "its node"}) for k in node["keys"]]
                self.begin_node()
        except queue.Empty:
            pass
        self.hand_out()
        return ended

    def close(self):
        for node in self.nodes:
            node["process"].kill()


def kill(given):
    """Ten drivers are killed while 300 workers evaluate and nodes vanish; the file of the study says what is there in the end."""
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        path, log = f"{folder}/s.db", f"{folder}/log"
        os.environ |= {"SECONDS": str(given.seconds), "SPREAD": "1", "LOG": log}
        begin, kills = time.monotonic(), 0
        enough = sorted(rng.randrange(given.networks // 50, given.networks) for _ in range(DRIVER_KILLS))
        while True:
            driver = subprocess.Popen([sys.executable, "-B", __file__, "driver", "--study", path, "--networks", str(given.networks), "--seed", str(given.seed + kills)])
            while driver.poll() is None and (kills == DRIVER_KILLS or answers(path) < enough[kills]):
                time.sleep(0.2)
            if driver.poll() is not None:
                break
            driver.send_signal(signal.SIGKILL)
            driver.wait()
            kills += 1
        seconds = time.monotonic() - begin
        if given.page:
            with nascent.Study(path, nascent.zoo.gpunet, "random", seed=1) as study:
                Path(given.page).write_text(study.page())
        assert driver.returncode == 0, "the driver failed"
        file = sqlite3.connect(path)
        networks, distinct, done = file.execute("SELECT count(*), count(DISTINCT network), sum(state = 'done') FROM trial WHERE same_as IS NULL").fetchone()
        assert networks == distinct == done == given.networks, (networks, distinct, done)
        told = file.execute("SELECT count(*), count(DISTINCT trial) FROM event JOIN trial ON trial.id = trial WHERE kind = 'tell' AND same_as IS NULL").fetchone()
        assert told == (given.networks, given.networks), told
        runs = [line.split()[0] for line in Path(log).read_text().splitlines()]
        nodes = len(Path(log + ".kills").read_text().splitlines())
        print(
            f"{given.networks} evaluations of {given.seconds / 2:g} to {1.5 * given.seconds:g} s on {NODES * SLOTS} workers: {networks} results, each once; "
            f"{kills} drivers and {nodes} nodes of {NODES} killed; {runs.count('begins')} evaluations begun, {runs.count('ends')} ended; {seconds:.0f} s"
        )


def answers(path):
    if not Path(path).exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
            return file.execute("SELECT count(*) FROM event WHERE kind = 'tell'").fetchone()[0]
    except sqlite3.Error:
        return 0  # its tables are being made


def drive(given):
    """A driver of `kills`, which may end at any moment."""
    with nascent.Study(given.study, nascent.zoo.gpunet, "random", seed=1) as study:
        nascent.distribute(study, sleeps, networks=given.networks, engine=Nodes(given.seed, given.every_s), progress=False)


def utilise(given):
    os.environ |= {"SECONDS": str(given.seconds), "SPREAD": "0", "LOG": os.devnull}
    with tempfile.TemporaryDirectory() as folder, nascent.Study(f"{folder}/s.db", nascent.zoo.gpunet, "random", seed=1) as study:
        done = nascent.distribute(study, sleeps, networks=given.networks, workers=given.workers, progress=False)
        print(
            f"{given.networks} evaluations of {given.seconds:g} s, {given.workers} processes: "
            f"{100 * done.utilisation:.1f} % of {done.slot_s:.0f} s of workers used, {done.seconds:.1f} s"
        )


def compare_searchers(given):
    accuracy, optimum = accuracies()
    macro = nascent.zoo.nas_bench_macro
    with tempfile.TemporaryDirectory() as folder:
        print(f"optimum {optimum:.3f} %; mean over {given.seeds} seeds of the best accuracy after 50, 100 and 200 evaluations")
        for method in ("random", "local", "evolution"):
            for pending in (1, 32):
                begin, curves, hours = time.process_time(), [], []
                for seed in range(given.seeds):
                    _, engine, curve = run(folder, f"{method}.{pending}.{seed}", macro, method, seed, pending, 200, accuracy)
                    curves.append(curve)
                    hours.append(engine.now)
                means = [statistics.mean(c[n - 1] for c in curves) for n in (50, 100, 200)]
                errors = [statistics.stdev(c[n - 1] for c in curves) / len(curves) ** 0.5 for n in (50, 100, 200)]
                print(
                    f"{method:10} {pending:3} pending "
                    + " ".join(f"{m:7.3f} +- {e:.3f}" for m, e in zip(means, errors))
                    + f"   {statistics.mean(hours):6.0f} s on the clock"
                    + f"   {1000 * (time.process_time() - begin) / given.seeds / 200:.1f} ms of driver each",
                    flush=True,
                )


def cost(given):
    with tempfile.TemporaryDirectory() as folder:
        done, _, _ = run(folder, "cost", nascent.zoo.gpunet, "evolution", 1, 300, given.networks, lambda work: 70 + work["decisions"][0], lost=0.3)
        print(
            f"GPUNet: {done.evaluated} evaluations on 300 workers, {done.repeated} lost with their machines and begun again, "
            f"{1000 * done.driver_s / done.evaluated:.1f} ms of the driver's processor time each"
        )


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=["searchers", "cost", "kills", "utilisation", "driver"])
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--networks", type=int, default=5000, help="in GPUNet's space")
    options.add_argument("--workers", type=int, default=16)
    options.add_argument("--seconds", type=float, default=2, help="that an evaluation takes on average")
    options.add_argument("--every-s", type=float, default=1.5, help="a node is killed")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--page", help="of kills: the study's page")
    options.add_argument("--study", help=argparse.SUPPRESS)
    given = options.parse_args()
    {"searchers": compare_searchers, "cost": cost, "kills": kill, "utilisation": utilise, "driver": drive}[given.what](given)


if __name__ == "__main__":
    main()
