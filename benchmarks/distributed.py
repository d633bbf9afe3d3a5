#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What many workers cost: the driver's time, and what searchers lose by answers that are pending.

    python3 benchmarks/distributed.py [--seeds 20]

The real driver and a real study on a clock of its own: an engine of 32 or 300 workers whose evaluations last as long as it says, without
waiting, so that the machine's own load does not matter. Accuracies are those of NAS-Bench-Macro (tests/search/nas_bench_macro.hpp)."""

import argparse
import heapq
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

import nascent

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


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--networks", type=int, default=5000, help="of the driver's cost, in GPUNet's space")
    given = options.parse_args()
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
        done, _, _ = run(folder, "cost", nascent.zoo.gpunet, "evolution", 1, 300, given.networks, lambda work: 70 + work["decisions"][0], lost=0.3)
        print(
            f"GPUNet: {done.evaluated} evaluations on 300 workers, {done.repeated} lost with their machines and begun again, "
            f"{1000 * done.driver_s / done.evaluated:.1f} ms of the driver's processor time each"
        )


if __name__ == "__main__":
    main()
