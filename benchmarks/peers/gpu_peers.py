# SPDX-License-Identifier: Apache-2.0
"""Times this library against PyTorch and TensorRT on a GPU, in turns; benchmarks/gpu.sh calls this.

In each round every contestant has one turn, and the order moves on by one from round to round. Ratios are formed within rounds, of the
device's own times. Before it is timed every worker has to give this library's own output. A runtime that is not installed is left out, and
said to be.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time

import network as networks
import paired
import peers

own = "nascent"
display = {own: "nascent", "torch": "PyTorch", "tensorrt": "TensorRT"}
tolerance = 2e-2  # of the largest magnitude; f16 in other orders


class Contestant:
    def __init__(self, worker, runtime, setting):
        self.worker, self.runtime, self.setting = worker, runtime, setting
        self.version, self.load_s, self.difference = "", 0.0, 0.0
        self.timed = 10
        self.device, self.wall, self.queue, self.slow = [], [], [], 0

    def load(self, options, cell):
        reply = self.worker.ask(1200, do="load", folder=options.models_folder, setting=self.setting, **cell)
        self.version, self.setting, self.load_s = reply["runtime"], reply["setting"], reply["load_s"]

    def check(self, network, cell):
        """\\throws peers.Failed where its output is another than this library's."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "answer")
            self.worker.ask(do="answer", file=path)
            self.difference = networks.difference(networks.read_numbers(path), network.expected(cell["dtype"], cell["batch"]))
        if not self.difference <= tolerance:
            raise peers.Failed(f"its output differs by {self.difference:.2g} of the largest magnitude; allowed: {tolerance:g}")

    def plan(self, turn_ms):
        once = min(self.worker.ask(do="run", untimed=3, timed=3)["wall_ms"])
        self.timed = max(3, min(100, round(turn_ms / 3 / once)))

    def turn(self):
        reply = self.worker.ask(do="run", untimed=3, timed=self.timed)
        kept = [d for d, s in zip(reply["device_ms"], reply["switches"]) if s == 0]
        self.slow += len(reply["device_ms"]) - len(kept)
        self.device.append(paired.median(kept or reply["device_ms"]))
        self.wall.append(paired.median(reply["wall_ms"]))
        self.queue.append(reply["queue_ms"])

    def row(self):
        middle, low, high = paired.median_interval(self.device)
        return {"runtime": self.runtime, "version": self.version, "setting": self.setting, "median_ms": middle, "low_ms": low, "high_ms": high,
                "wall_ms": paired.median(self.wall), "queue_ms": paired.median(self.queue), "rounds": len(self.device), "passes_on_slow_clocks": self.slow,
                "load_s": self.load_s, "difference": self.difference}


def start(runtime, options):
    log = os.path.join(options.out, f"peer {runtime}.log")
    if runtime == own:
        command = [options.runtime, "serve", "--candidates", str(options.candidates), "--compile-threads", str(options.compile_threads)]
        return peers.Worker(own, command + (["--plan-cache", options.plan_cache] if options.plan_cache else []), log)
    worker = peers.Worker(runtime, [sys.executable, "-B", os.path.join(peers.here, "gpu_worker.py"), runtime], log)
    worker.receive(300)
    return worker


def compete(contestants, options):
    for c in contestants:
        c.plan(options.turn_ms)
    begin = time.monotonic()
    for number in itertools.count():
        for i in range(len(contestants)):
            contestants[(i + number) % len(contestants)].turn()
        if number + 1 >= options.most_rounds or (number + 1 >= options.rounds and time.monotonic() - begin >= options.cell_s):
            return


def run_cell(options, cell, starter):
    """The report's entry for one network and batch."""
    network = networks.Network(options.models_folder, cell["model"])
    left_out, ready, workers = {}, [], []
    try:
        for runtime in [own, *options.runtimes]:
            try:
                workers.append(starter(runtime, options))
                settings = [""] if runtime == own else workers[-1].ask(do="settings", every=options.every_setting)["settings"]
            except peers.Failed as fault:
                left_out[runtime] = str(fault)
                continue
            for number, setting in enumerate(settings):
                try:
                    if number > 0:
                        workers.append(starter(runtime, options))
                    contestant = Contestant(workers[-1], runtime, setting)
                    contestant.load(options, cell)
                    contestant.check(network, cell)
                    ready.append(contestant)
                except peers.Failed as fault:
                    left_out[f"{runtime} {setting}".strip()] = str(fault)
        if not ready or ready[0].runtime != own:
            return {**cell, "rows": [], "left_out": left_out}
        compete(ready, options)
        rows = [c.row() for c in ready]
        for c, row in zip(ready[1:], rows[1:]):
            for name, ours, theirs in (("device_ratio", ready[0].device, c.device), ("wall_ratio", ready[0].wall, c.wall)):
                row[name] = dict(zip(("median", "low", "high"), paired.ratio(ours, theirs)))
        return {**cell, "rows": rows, "left_out": left_out}
    finally:
        for worker in workers:
            worker.close()


def run(options, starter=start):
    report = {"runtimes": options.runtimes, "cells": []}
    for model, batch in itertools.product(options.models, options.batch):
        cell = {"model": model, "dtype": "f16", "batch": batch, "threads": 1}
        result = run_cell(options, cell, starter)
        report["cells"].append(result)
        times = ", ".join(f"{display[r['runtime']]} {r['median_ms']:.3f}" for r in result["rows"])
        out = "; ".join(f"{name}: left out: {why}" for name, why in result["left_out"].items())
        peers.say(f"{model}, batch {batch}: {times or 'nothing to compare'}{' ms' * bool(times)}{'; ' * bool(out)}{out}")
        peers.write_whole(os.path.join(options.out, "peers.json"), json.dumps(peers.text_of(report), indent=1) + "\n")
    return report


def parse(arguments):
    parser = argparse.ArgumentParser(description="Times nascent against other runtimes on a GPU, in turns.")
    parser.add_argument("--runtime", required=True, help="the program benchmark_gpu")
    parser.add_argument("--out", required=True, help="folder for peers.json and logs")
    parser.add_argument("--models-folder", required=True, help="what benchmark_gpu export wrote")
    parser.add_argument("--models", type=lambda t: t.split(","), required=True)
    parser.add_argument("--batch", type=lambda t: [int(w) for w in t.split(",")], default=[1, 128])
    parser.add_argument("--runtimes", type=lambda t: t.split(","), default=["torch", "tensorrt"])
    parser.add_argument("--rounds", type=int, default=10, help="at least so many per cell (%(default)s)")
    parser.add_argument("--most-rounds", type=int, default=200)
    parser.add_argument("--cell-s", type=float, default=6, help="seconds of rounds per cell (%(default)s)")
    parser.add_argument("--turn-ms", type=float, default=100)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--plan-cache", default="")
    parser.add_argument("--compile-threads", type=int, default=1)
    parser.add_argument("--every-setting", action="store_true", help="torch.compile too, which takes minutes for each network")
    options = parser.parse_args(arguments)
    for runtime in options.runtimes:
        if runtime not in display or runtime == own:
            parser.error(f"--runtimes: found {runtime}; allowed: torch, tensorrt")
    os.makedirs(options.out, exist_ok=True)
    return options


if __name__ == "__main__":
    run(parse(sys.argv[1:]))
