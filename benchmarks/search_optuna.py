#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Optuna's samplers on the tasks of benchmark_search, in the form that its --read takes.

    search_optuna.py --program build/benchmarks/benchmark_search --csv optuna.csv [--accel accel_nasbench.csv]
                     [--task NAME ..] [--sampler TPE CMA-ES GP] [--seeds 20] [--evaluations 100]

The program evaluates (`--serve`): what Optuna is told is what the library's searchers are told. Numbers are whole numbers
to Optuna, names are categories (whole numbers to CMA-ES, which has no categories). Under a limit a network beyond it is
told as worse than all others and costs no evaluation, since the limit is known without training; where that happens four
times as often as evaluations, the run ends there.
"""

import argparse
import subprocess
import sys

import optuna

TASKS = ["NAS-Bench-Macro", "Accel-NASBench, noise, under 4.0 ms", "Accel-NASBench, under 4.0 ms", "Accel-NASBench, noise",
         "Accel-NASBench", "Ackley-10", "Levy-10", "Ackley-20"]


class Task:
    """A task of the benchmark, evaluated by its program."""

    def __init__(self, program, name, accel):
        command = [program, "--serve", name] + (["--accel", accel] if accel else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.slots = []
        while line := self.process.stdout.readline().strip():
            name, kind, options = line.rsplit(" ", 2)
            self.slots.append((name, kind, int(options)))

    def __bool__(self):
        return bool(self.slots)

    def __call__(self, seed, decisions):
        """What is told, what it is worth, whether the limits are kept."""
        print(seed, *decisions, file=self.process.stdin, flush=True)
        told, worth, keeps = self.process.stdout.readline().split()
        return float(told), float(worth), keeps == "1"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def sampler_of(name, seed):
    if name == "TPE":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "CMA-ES":
        return optuna.samplers.CmaEsSampler(seed=seed)
    return optuna.samplers.GPSampler(seed=seed)


def run(task, name, seed, evaluations):
    """Worth of the best by what was told, after each evaluation."""
    study = optuna.create_study(direction="maximize", sampler=sampler_of(name, seed))
    curve, best_told, worth_of_best, beyond, worst, known = [], float("-inf"), float("nan"), 0, 0.0, {}
    while len(curve) < evaluations and beyond < 4 * evaluations:
        trial = study.ask()
        decisions = [trial.suggest_categorical(slot, range(n)) if kind == "c" and name != "CMA-ES" else
                     trial.suggest_int(slot, 0, n - 1) for slot, kind, n in task.slots]
        again = tuple(decisions) in known  # what is known costs nothing
        told, worth, keeps = known.setdefault(tuple(decisions), None) or task(seed, decisions)
        known[tuple(decisions)] = told, worth, keeps
        if not keeps:
            beyond += 1
            study.tell(trial, worst - 10)
            continue
        worst = min(worst, told)
        study.tell(trial, told)
        if again:
            beyond += 1
            continue
        if told > best_told:
            best_told, worth_of_best = told, worth
        curve.append(worth_of_best)
    return curve + [worth_of_best] * (evaluations - len(curve))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--csv", required=True)
    parser.add_argument("--accel")
    parser.add_argument("--task", nargs="+", default=TASKS)
    parser.add_argument("--sampler", nargs="+", default=["TPE", "CMA-ES", "GP"], choices=["TPE", "CMA-ES", "GP"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--evaluations", type=int, default=100)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with open(options.csv, "w", encoding="utf-8") as out:
        print("task;method;seed;best", file=out)
        for name in options.task:
            if name.startswith("Accel") and not options.accel:
                print(f"{name} is left out: --accel says where its table is", file=sys.stderr)
                continue
            task = Task(options.program, name, options.accel)
            if not task:
                sys.exit(f"{options.program} does not serve '{name}'")
            for sampler in options.sampler:
                for seed in range(1, options.seeds + 1):
                    curve = run(task, sampler, seed, options.evaluations)
                    print(f"{name};Optuna {sampler};{seed};" + " ".join(f"{v:.8g}" for v in curve), file=out, flush=True)
            task.close()


if __name__ == "__main__":
    main()
