# SPDX-License-Identifier: Apache-2.0
"""Times this library against other runtimes for CPUs, in turns. benchmarks/peers.sh installs what is needed and calls this.

Every contestant is a worker process that stays; in each round each has one turn, A B C A B C ..., and the order moves on by one from
round to round. Only the worker whose turn it is has anything to do. Ratios are formed within rounds. Before it is timed every worker has to
give this library's own output.
"""

import argparse
import datetime
import itertools
import json
import math
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time

import network as networks
import paired

here = os.path.dirname(os.path.abspath(__file__))
own = "nascent"
display = {own: "nascent", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "torch": "PyTorch", "ncnn": "ncnn", "mnn": "MNN"}
all_models = ["EfficientNet-B0", "EfficientNet-X-B0", "GPUNet-0", "GPUNet-1", "MobileNetV3-Large", "ResNet-50",
              "MobileNetV4-Conv-S", "ConvNeXt-T", "MobileViT-S", "U-Net", "SSDLite320-MobileNetV3-Large"]
# What a runtime is told before it starts. PyTorch allocates every map anew; memory that goes back to the system each time cost it half of its
# processor time again at batch 32.
environments = {"torch": {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(1 << 26), "THP_MEM_ALLOC_ENABLE": "1"}}
# Of the largest magnitude. MNN's swish is an approximation, 1.2e-4 away. Two outputs in bf16 may lie on either side of the exact one, each up to
# 2e-2 away. Networks that were quantised are up to 2e-2 from f32, by whatever rule.
tolerance = {"f32": 2e-4, "bf16": 4e-2, "int8": 4e-2}


def goal(model):
    """At most this share of the best other runtime's time."""
    return 0.9 if model.startswith(("EfficientNet", "GPUNet", "MobileNetV2", "MobileNetV3")) else 1.0


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """What a worker answered instead."""


class Worker:
    """A process that speaks the protocol of `benchmark_runtime serve`. It is given up when it does not answer in time."""

    def __init__(self, name, command, log, environment=None):
        self.name = name
        self.log = open(log, "a", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, **(environment or {})})
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def send(self, command):
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except OSError as fault:
            raise Failed(f"it ended ({self.log.name} may say why)") from fault

    def receive(self, seconds=600):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            raise Failed(f"no answer in {seconds} s") from None
        if line is None:
            raise Failed(f"it ended ({self.log.name} may say why)")
        reply = json.loads(line)
        if "error" in reply or "unsupported" in reply:
            raise Failed(reply.get("unsupported") or reply["error"])
        return reply

    def ask(self, seconds=600, **command):
        self.send(command)
        return self.receive(seconds)

    def use_cores(self, cores):
        """Binds every thread that it has."""
        try:
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                os.sched_setaffinity(int(task), cores)
        except OSError:  # a thread that just ended
            pass

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:  # what was still to be said to a process that ended
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.log.close()


def start_worker(runtime, options):
    log = os.path.join(options.out, runtime + ".log")
    if runtime == own:
        return Worker(own, [options.runtime, "serve"], log)
    worker = Worker(runtime, [sys.executable, "-B", os.path.join(here, "worker.py"), runtime], log, environments.get(runtime))
    worker.receive(120)
    return worker


def start_runtimes(options):
    """The first worker of each runtime, and why others were left out."""
    workers, left_out = {own: start_worker(own, options)}, {}
    for runtime in options.runtimes:
        try:
            workers[runtime] = start_worker(runtime, options)
        except Failed as fault:
            left_out[runtime] = str(fault)
            say(f"{display[runtime]}: left out: {fault}")
    return workers, left_out


class Contestant:
    """A runtime with one of its settings, as loaded for one cell."""

    def __init__(self, worker, runtime, setting):
        self.worker, self.runtime, self.setting = worker, runtime, setting
        self.turns = []
        self.version, self.load_s = "", 0.0
        self.difference = {}
        self.plan = {"untimed": 1, "timed": 1}

    def check(self, network, cell):
        """\\throws Failed where its output is another than this library's."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "answer")
            self.worker.ask(do="answer", file=path)
            answer = networks.read_numbers(path)
        dtype, batch = cell["dtype"], cell["batch"]
        self.difference = {"ours": networks.difference(answer, network.expected(dtype, batch)),
                           "ours_f32": networks.difference(answer, network.expected("f32", batch))}
        least = min(self.difference.values())  # two bf16 runs may be on either side of the f32 one
        if not least <= tolerance[dtype]:
            raise Failed(f"its output differs by {least:.2g} of the largest magnitude; allowed: {tolerance[dtype]:g}")

    def plan_turns(self, turn_ms):
        """As many passes as fill a turn; short ones find the caches as the others left them, and are repeated untimed first."""
        reply = self.worker.ask(do="run", untimed=0, timed=2)
        once = min(reply["wall_ms"])
        self.plan = {"untimed": 2 if once < 20 else 1 if once < 200 else 0, "timed": max(1, min(20, round(turn_ms / once)))}

    def turn(self):
        self.turns.append(paired.Turn(self.worker.ask(do="run", **self.plan)))


class Pool:
    """Worker processes, kept from cell to cell: one for each runtime and number of its settings."""

    def __init__(self, options):
        self.options = options
        first, self.left_out = start_runtimes(options)
        self.workers = {(runtime, 0): worker for runtime, worker in first.items()}
        self.said = set()

    def runtimes(self):
        return sorted({runtime for runtime, _ in self.workers}, key=list(display).index)

    def worker(self, runtime, number):
        if (runtime, number) not in self.workers:
            self.workers[runtime, number] = start_worker(runtime, self.options)
        return self.workers[runtime, number]

    def say_once(self, text):
        if text not in self.said:
            say(text)
        self.said.add(text)

    def drop(self, worker):
        self.workers = {key: w for key, w in self.workers.items() if w is not worker}
        worker.close()

    def close(self):
        for worker in self.workers.values():
            worker.close()


def load_contestants(pool, network, cell, options):
    """All that can run the cell and answer rightly, and why others cannot. Loading is not timed: it happens at once."""
    contestants, left_out = [], dict(pool.left_out)

    def give_up(contestant, fault):
        left_out[contestant.runtime] = str(fault)
        pool.say_once(f"{display[contestant.runtime]} ({contestant.setting}), {cell['dtype']}: left out: {fault}")
        if contestant.worker.process.poll() is not None:
            pool.drop(contestant.worker)

    for runtime in pool.runtimes():
        settings = [""]
        if runtime != own:
            settings = pool.worker(runtime, 0).ask(do="settings", threads=cell["threads"], every=options.every_setting)["settings"]
        for number, setting in enumerate(settings):
            contestants.append(Contestant(pool.worker(runtime, number), runtime, setting))
    every_core = os.sched_getaffinity(0)
    sent, loaded = [], []
    for c in contestants:
        c.worker.use_cores(every_core)
        try:
            c.worker.send({"do": "load", "folder": options.models_folder, "setting": c.setting, **cell})
            sent.append(c)
        except Failed as fault:
            give_up(c, fault)
    for c in sent:
        try:
            reply = c.worker.receive()
            c.version, c.setting, c.load_s = reply["runtime"], reply["setting"], reply["load_s"]
            loaded.append(c)
        except Failed as fault:
            give_up(c, fault)
    ready = []
    for c in loaded:
        if cell["threads"] == 1:
            c.worker.use_cores({max(every_core)})
        try:
            c.check(network, cell)
            ready.append(c)
        except Failed as fault:
            give_up(c, fault)
    for c in ready:
        left_out.pop(c.runtime, None)  # another setting of it runs
    return ready, left_out


def best_settings(contestants):
    """Of each runtime the setting whose fastest pass is least."""
    best = {}
    for c in contestants:
        fastest = min(w for turn in c.turns for w in turn.wall)
        if c.runtime not in best or fastest < best[c.runtime][0]:
            best[c.runtime] = (fastest, c)
    return [c for _, c in best.values()]


def compete(contestants, threads, options):
    """Rounds until the time is up, but at least `--rounds`; earlier where all ratios are known to half a percent."""
    for c in contestants:
        c.plan_turns(options.turn_ms)
    for _ in range(2):  # which setting of a runtime is best
        for c in contestants:
            c.turn()
    contestants = best_settings(contestants)
    for c in contestants:
        c.turns = []
    start = time.monotonic()
    for round_number in itertools.count():
        for i in range(len(contestants)):
            contestants[(i + round_number) % len(contestants)].turn()
            time.sleep(options.pause_ms / 1000)  # threads that wait for work by spinning have given up by then
        rounds = round_number + 1
        if rounds < options.rounds:
            continue
        if time.monotonic() - start >= options.cell_s or rounds >= options.most_rounds:
            break
        clock = paired.choose_clock([c.turns for c in contestants], threads)
        first = paired.times(contestants[0].turns, clock)
        ratios = [paired.ratio(first, paired.times(c.turns, clock)) for c in contestants[1:]]
        if ratios and all((high - low) / 2 <= 0.005 * middle for middle, low, high in ratios):
            break
    return contestants


def result_of(cell, contestants, left_out):
    clock = paired.choose_clock([c.turns for c in contestants], cell["threads"])
    first = paired.times(contestants[0].turns, clock)
    rows = []
    for c in contestants:
        values = paired.times(c.turns, clock)
        middle, low, high = paired.median_interval(values)
        row = {"runtime": c.runtime, "version": c.version, "setting": c.setting, "median_ms": middle, "low_ms": low, "high_ms": high,
               "minimum_ms": min(w for turn in c.turns for w in turn.wall), "cpu_median_ms": paired.median([t.cpu_ms() for t in c.turns]),
               "spread": paired.quartile_spread(values), "rounds": len(c.turns), "passes": sum(len(t.wall) for t in c.turns),
               "spoilt_passes": sum(s > 0 for t in c.turns for s in t.switches), "load_s": c.load_s, "difference": c.difference}
        if c is not contestants[0]:
            row["ours_over_it"] = dict(zip(("median", "low", "high"), paired.ratio(first, values)))
        rows.append(row)
    result = {**cell, "clock": clock, "goal": goal(cell["model"]), "runtimes": rows,
              "left_out": [{"runtime": r, "why": why} for r, why in left_out.items()]}
    others = [row for row in rows if row["runtime"] != own]
    if others:
        best = min(others, key=lambda row: row["median_ms"])
        result["best_other"] = best["runtime"]
        result["verdict"] = verdict(best["ours_over_it"], result["goal"])
    return result


def verdict(ratio, at_most):
    """Whether the goal is reached, as far as the interval tells."""
    if ratio["high"] <= at_most:
        return "reached"
    return "missed" if ratio["low"] > at_most else "undecided"


def text_of(number):
    """Infinity is a word here: JSON has no number for it."""
    if isinstance(number, dict):
        return {k: text_of(v) for k, v in number.items()}
    if isinstance(number, list):
        return [text_of(v) for v in number]
    return "infinity" if isinstance(number, float) and not math.isfinite(number) else number


def largest_differences(report):
    """By runtime and type the largest difference from this library's output in the same type, and whose."""
    found = {}
    for cell in report["cells"]:
        for row in cell["runtimes"]:
            far = (row.get("difference", {}).get("ours", 0.0), cell["model"])
            if row["runtime"] != own:
                key = row["runtime"], cell["dtype"]
                found[key] = max(found.get(key, far), far)
    return found


def markdown(report):
    """The table of all cells, also the lost ones."""
    runtimes = [r for r in display if r != own and any(row["runtime"] == r for c in report["cells"] for row in c["runtimes"])]
    out = [f"{report['machine']['processor']}, {report['machine']['cores']} cores, {report['machine']['system']}, {report['date']}.",
           "Versions: " + "; ".join(report["versions"].values()) + ".", ""]
    out += ["Times are medians over rounds in ms, with the distance of the quartiles; ratios are medians over rounds of this library's time "
            "over the best other runtime's, with 95 % intervals. An asterisk: processor time, because other programs spoilt the wall time.", ""]
    head = ["network", "type", "batch", "threads", "nascent", *(display[r] for r in runtimes), "best other", "ratio (95 %)", "goal", "verdict"]
    rows = []
    for cell in report["cells"]:
        found = {row["runtime"]: row for row in cell["runtimes"]}

        def time_of(runtime):
            if runtime not in found:
                return "-"
            row = found[runtime]
            return f"{row['median_ms']:.2f} ({100 * row['spread']:.0f} %)" + ("*" if cell["clock"] == "cpu" else "")

        line = [cell["model"], cell["dtype"], str(cell["batch"]), str(cell["threads"]), time_of(own), *(time_of(r) for r in runtimes)]
        if "best_other" in cell:
            r = found[cell["best_other"]]["ours_over_it"]
            interval = f" ({r['low']:.3f}..{r['high']:.3f})" if math.isfinite(r["high"]) else ""
            line += [display[cell["best_other"]], f"{r['median']:.3f}{interval}", f"{cell['goal']:.1f}", cell["verdict"]]
        else:
            line += ["-", "-", f"{cell['goal']:.1f}", "-"]
        rows.append(line)
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]

    def line_of(cells):
        return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths)) + " |"

    out += [line_of(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line_of, rows), ""]
    verdicts = [c.get("verdict") for c in report["cells"] if "verdict" in c]
    if verdicts:
        out.append(f"{len(verdicts)} cell(s): goal reached in {verdicts.count('reached')}, missed in {verdicts.count('missed')}, "
                   f"undecided in {verdicts.count('undecided')}.")
        out.append("")
    reasons = {}
    for cell in report["cells"]:
        for left in cell["left_out"]:
            reasons.setdefault((left["runtime"], left["why"]), []).append(cell)
    for (runtime, why), cells in reasons.items():
        names = ", ".join(dict.fromkeys(cell["model"] for cell in cells))
        out.append(f"{display[runtime]}, left out of {len(cells)} of {len(report['cells'])} cells ({names}): {why}.")
    for (runtime, dtype), (far, model) in sorted(largest_differences(report).items()):
        out.append(f"{display[runtime]}, {dtype}: its output differs by at most {far:.1g} of the largest magnitude ({model}).")
    settings = {}
    for cell in report["cells"]:
        for row in cell["runtimes"]:
            if row["runtime"] != own:
                settings.setdefault(row["runtime"], {}).setdefault(row["setting"], []).append(cell)
    for runtime, by_setting in settings.items():
        out.append(f"{display[runtime]}, fastest setting, by cells: " + ", ".join(f"{s} in {len(c)}" for s, c in by_setting.items()) + ".")
    return "\n".join(out) + "\n"


def machine():
    processor = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.system()
    return {"processor": processor, "cores": len(os.sched_getaffinity(0)), "system": system,
            "load_before": os.getloadavg()[0]}


def write_whole(path, text):
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


def prepare(options):
    """Exports the networks, and lets PyTorch compile them ahead of time. What was compiled before is used again."""
    subprocess.run([options.runtime, "export", "--models", ",".join(options.models), "--images", str(max(options.batch)), "--out",
                    options.models_folder], check=True, stdout=sys.stderr)
    types = ["f32"] + ["bf16"] * ("bf16" in options.dtype)  # int8 is made of f32
    if os.path.exists(options.onnx):
        subprocess.run([options.onnx, "--models", ",".join(options.models), "--batch", ",".join(map(str, options.batch)), "--dtype", ",".join(types),
                        "--out", options.models_folder], check=True, stdout=sys.stderr)
    if "torch" not in options.runtimes:
        return
    jobs = queue.Queue()
    for job in itertools.product(options.models, options.dtype, options.batch):
        jobs.put(job)
    total, start = jobs.qsize(), time.monotonic()

    def work():
        try:
            worker = start_worker("torch", options)
        except Failed:
            return  # said later, when it is wanted
        while not jobs.empty():
            try:
                model, dtype, batch = jobs.get_nowait()
                reply = worker.ask(3600, do="prepare", folder=options.models_folder, model=model, dtype=dtype, batch=batch)
                if reply["seconds"] > 1:
                    say(f"PyTorch compiled {model} {dtype}, batch {batch}, in {reply['seconds']:.0f} s; {total - jobs.qsize()}/{total} "
                        f"after {time.monotonic() - start:.0f} s")
            except Failed as fault:
                say(f"PyTorch: {model} {dtype}, batch {batch}: {fault}")
            except queue.Empty:
                break
        worker.close()

    threads = [threading.Thread(target=work) for _ in os.sched_getaffinity(0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(options):
    prepare(options)
    if options.prepare_only:
        return 0
    report = {"machine": machine(), "date": datetime.date.today().isoformat(), "versions": {}, "options": vars(options), "cells": []}
    pool = Pool(options)
    cells = [{"model": m, "dtype": d, "batch": b, "threads": t}
             for m, d, b, t in itertools.product(options.models, options.dtype, options.batch, options.threads)]
    start, wrong = time.monotonic(), 0
    try:
        for number, cell in enumerate(cells, 1):
            network = networks.Network(options.models_folder, cell["model"])
            name = f"{cell['model']} {cell['dtype']}, batch {cell['batch']}, {cell['threads']} thread(s)"
            contestants, left_out = load_contestants(pool, network, cell, options)
            wrong += sum("differs" in why for why in left_out.values())
            if not contestants or contestants[0].runtime != own:
                say(f"{number}/{len(cells)} {name}: {left_out.get(own, 'nothing to compare')}")
                report["cells"].append({**cell, "goal": goal(cell["model"]), "clock": "wall", "runtimes": [],
                                        "left_out": [{"runtime": r, "why": why} for r, why in left_out.items()]})
                continue
            result = result_of(cell, compete(contestants, cell["threads"], options), left_out)
            report["cells"].append(result)
            for row in result["runtimes"]:
                report["versions"][row["runtime"]] = row["version"]
            elapsed = time.monotonic() - start
            times = ", ".join(f"{display[r['runtime']]} {r['median_ms']:.2f}" for r in result["runtimes"])
            say(f"{number}/{len(cells)} {name}: {times} ms; {result.get('verdict', 'alone')}; {elapsed:.0f} s, about "
                f"{elapsed / number * (len(cells) - number):.0f} s left")
            write_whole(os.path.join(options.out, "peers.json"), json.dumps(text_of(report), indent=1) + "\n")
            write_whole(os.path.join(options.out, "peers.md"), markdown(report))
    finally:
        pool.close()
    print(markdown(report))
    subprocess.run([options.runtime, "draw", os.path.join(options.out, "peers.json"), "--svg", os.path.join(options.out, "peers.svg")], check=False)
    say(f"written: {options.out}/peers.json, peers.md, peers.svg; {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


def parse(arguments):
    def words(text):
        return text.split(",")

    def numbers(text):
        return [int(word) for word in text.split(",")]

    parser = argparse.ArgumentParser(description="Times nascent against other runtimes on this CPU, in turns.")
    parser.add_argument("--runtime", required=True, help="the program benchmark_runtime")
    parser.add_argument("--onnx", help="the program benchmark_onnx (beside the other)")
    parser.add_argument("--out", default="build/peers", help="folder for peers.json, peers.md, models and logs (%(default)s)")
    parser.add_argument("--models", type=words, default=all_models)
    parser.add_argument("--dtype", type=words, default=["f32", "bf16"], help="of f32, bf16, int8 (ONNX Runtime and OpenVINO; ranges are those of the images that are run)")
    parser.add_argument("--batch", type=numbers, default=[1, 32])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--runtimes", type=words, default=["onnxruntime", "openvino", "torch", "ncnn", "mnn"], help="those to compare with")
    parser.add_argument("--rounds", type=int, default=6, help="at least so many per cell (%(default)s)")
    parser.add_argument("--most-rounds", type=int, default=60)
    parser.add_argument("--cell-s", type=float, default=8, help="seconds of rounds per cell, longer where --rounds needs it (%(default)s)")
    parser.add_argument("--turn-ms", type=float, default=100, help="how long a contestant runs at a time (%(default)s)")
    parser.add_argument("--pause-ms", type=float, default=5, help="between turns (%(default)s)")
    parser.add_argument("--every-setting", action="store_true", help="also those of PyTorch that were never best")
    parser.add_argument("--prepare-only", action="store_true", help="export and compile ahead of time, time nothing")
    options = parser.parse_args(arguments)
    for number in options.threads:
        if not 1 <= number <= len(os.sched_getaffinity(0)):
            parser.error(f"--threads: found {number}; allowed: 1 to {len(os.sched_getaffinity(0))}, the cores of this process")
    for runtime in options.runtimes:
        if runtime not in display or runtime == own:
            parser.error(f"--runtimes: found {runtime}; allowed: {', '.join(name for name in display if name != own)}")
    options.onnx = options.onnx or os.path.join(os.path.dirname(options.runtime), "benchmark_onnx")
    options.models_folder = os.path.join(options.out, "models")
    os.makedirs(options.models_folder, exist_ok=True)
    return options


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
