# SPDX-License-Identifier: Apache-2.0
"""The driver: asks the study, hands out, tells. What it knows besides the study it can lose at any moment."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from .._core import MedianRule, Study, SuccessiveHalving
from .._errors import NetworkError
from .engines import LocalEngine, RayEngine, refuse
from .evaluation import Evaluation, read_result, write_whole


@dataclass(frozen=True)
class Part:
    """One evaluator of several, with what it needs: Part(train, {"gpu": 1}), Part(measure, {"cpu": 1, "phone": 1}). Parts of a network
    run one after another, each wherever Ray finds what it needs, and their metrics are put together."""

    evaluator: Callable[[Evaluation], Any]
    resources: Mapping[str, float] = field(default_factory=lambda: {"cpu": 1})


@dataclass
class Distributed:
    """What a call of `distribute` did."""

    evaluated: int = 0
    failed: int = 0
    stopped: int = 0
    """Ended early by the policy."""
    adopted: int = 0
    """Taken from workers whose driver was gone when they ended."""
    repeated: int = 0
    """Begun again: machines that were lost, and crashes."""
    interrupted: bool = False
    exhausted: bool = False
    seconds: float = 0.0
    busy_s: float = 0.0
    """Time of all evaluations together."""
    slot_s: float = 0.0
    """Time that the workers were there, all together."""
    driver_s: float = 0.0
    """Processor time of this process."""

    @property
    def utilisation(self) -> float:
        return self.busy_s / self.slot_s if self.slot_s > 0 else 0.0


def distribute(
    study: Study,
    evaluator: Union[Callable[[Evaluation], Any], Part, Sequence[Part]],
    *,
    networks: int,
    engine: Any = "local",
    workers: Optional[int] = None,
    max_in_flight: Optional[int] = None,
    resources: Optional[Mapping[str, float]] = None,
    attempts: int = 2,
    time_limit_s: Optional[float] = None,
    early_stopping: Union[MedianRule, SuccessiveHalving, None] = None,
    folder: Optional[str] = None,
    keep_folders: bool = False,
    grace_s: float = 5.0,
    progress: bool = True,
    page: Optional[str] = None,
    address: Optional[str] = None,
) -> Distributed:
    """Evaluates what a study asks for until it has `networks`, those from before and of other drivers counted.

    evaluator      a callable that takes an `Evaluation` and gives metrics, a number, or None where a network cannot be used; a `Command`;
                   or several `Part`s
    engine         "local": processes of this machine; "threads": of this process; "ray": a cluster, at `address` or where Ray finds it
    workers        of the local engines; the machine's cores where nothing is said
    max_in_flight  evaluations at the same time; what the workers carry where nothing is said
    resources      what an evaluation needs of a Ray worker: {"cpu": 2, "gpu": 0.5, "phone": 1}
    attempts       a network whose evaluation fails, crashes or runs too long so often has failed; lost machines do not count
    time_limit_s   for one attempt
    early_stopping a policy that is asked each time that an evaluation has reported, such as MedianRule(); one that is not worth its end is
                   told so by its next `report`, and its result is a `stopped` trial
    folder         where each trial has a folder for checkpoints and its result; all workers should see it. Beside the study where nothing is said
    keep_folders   also of networks that are done
    grace_s        after Ctrl-C, how long to wait for evaluations that are about to end
    page           an HTML file, written each minute and at the end: what was found, workers, their use, throughput, failures

    Ctrl-C ends cleanly: what is done is told, what is under way stays open and goes on with the next call. A second one ends at once.
    Raises StudyError, among others distribute.ray, distribute.version, distribute.option.
    """
    parts = _parts(evaluator, resources)
    for name, value, least in (("networks", networks, 0), ("workers", workers, 1), ("max_in_flight", max_in_flight, 1), ("attempts", attempts, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            refuse("distribute.option", f"distribute, {name}", repr(value), f"a whole number, {least} or more")
    if time_limit_s is not None and not time_limit_s > 0:
        refuse("distribute.option", "distribute, time_limit_s", repr(time_limit_s), "a number above 0")
    if time_limit_s is not None and engine == "threads":
        refuse("distribute.option", "distribute, time_limit_s", "a limit for threads", "engine='local': a thread cannot be ended")
    if early_stopping is not None and not isinstance(early_stopping, (MedianRule, SuccessiveHalving)):
        refuse("distribute.option", "distribute, early_stopping", repr(early_stopping), "MedianRule(..), SuccessiveHalving(..) or None")
    evaluators = [part.evaluator for part in parts]
    if engine in ("local", "threads"):
        carrier = LocalEngine(evaluators, workers or len(os.sched_getaffinity(0)), engine == "threads")
    elif engine == "ray":
        carrier = RayEngine(evaluators, address)
    elif hasattr(engine, "submit"):
        carrier = engine
    else:
        refuse("distribute.option", "distribute, engine", repr(engine), "local, threads, ray, or an engine of yours")
    place = Path(folder) if folder is not None else Path(study.path + ".trials")
    place.mkdir(parents=True, exist_ok=True)
    loop = _Loop(study, carrier, parts, networks, max_in_flight, attempts, time_limit_s, early_stopping, place.resolve(), keep_folders, progress, page)
    with _Interrupt() as interrupt:
        try:
            return loop.run(interrupt, grace_s)
        finally:
            carrier.close()


def _parts(evaluator, resources) -> List[Part]:
    if isinstance(evaluator, Part):
        evaluator = [evaluator]
    if callable(evaluator):
        evaluator = [Part(evaluator, resources or {"cpu": 1})]
    elif resources is not None:
        refuse("distribute.option", "distribute, resources", "resources beside parts", "parts that say theirs: Part(evaluator, resources)")
    parts = list(evaluator)
    for part in parts:
        if not isinstance(part, Part) or not callable(part.evaluator):
            refuse("distribute.option", "distribute, evaluator", repr(part), "a callable, a Command, or a list of Part")
        for name, amount in part.resources.items():
            if not isinstance(amount, (int, float)) or not 0 <= amount < float("inf"):
                refuse("distribute.option", f"distribute, resources, {name}", repr(amount), "a number, 0 or more")
    if not parts:
        refuse("distribute.option", "distribute, evaluator", "no parts", "one or more")
    return parts


class _Interrupt:
    """The first Ctrl-C, or SIGTERM, is noted; the second ends the process as if nobody listened."""

    def __enter__(self):
        self.since = None
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {s: signal.signal(s, self._note) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_):
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _note(self, which, _frame):
        if self.since is not None:
            os._exit(128 + which)  # evaluations see their driver's end, and end
        self.since = time.monotonic()
        print("\nends with what is done; once more ends at once", file=sys.stderr, flush=True)


class _Loop:
    def __init__(self, study, carrier, parts, networks, max_in_flight, attempts, time_limit_s, early_stopping, place, keep, progress, page):
        self.study, self.carrier, self.parts, self.networks = study, carrier, parts, networks
        self.max_in_flight, self.attempts, self.time_limit_s = max_in_flight, attempts, time_limit_s
        self.early_stopping, self.place, self.keep = early_stopping, place, keep
        self.flying: Dict[int, dict] = {}  # by trial: what was submitted last
        self.done = Distributed()
        self.noted = (None, 0.0)
        self.page, self.page_at = page and Path(page), time.monotonic()
        self.best = None
        self.line = _Line(progress)

    def run(self, interrupt: _Interrupt, grace_s: float) -> Distributed:
        begin, cpu = time.monotonic(), time.process_time()
        self.before = sum(t.state != "pending" and t.same_as is None for t in self.study.trials())
        best = self.study.best()
        self.best = best.value if best else None
        asking, last, slots = True, begin, 0
        while True:
            now = time.monotonic()
            self.done.slot_s += slots * (now - last)
            last = now
            slots = self.carrier.slots(self.parts[0].resources)
            self._note_workers(slots)
            if interrupt.since is not None:
                self.done.interrupted = True
                if not self.flying or now - interrupt.since > grace_s:
                    break
            # A few more than there are workers, so that none waits for the driver.
            room = self.max_in_flight or slots + slots // 8
            while asking and interrupt.since is None and len(self.flying) < room:
                trial = self.study.ask(self.networks)
                if trial is None:
                    asking = False
                    break
                self._begin(trial)
            if not self.flying and not asking:
                break
            for key, outcome in self.carrier.collect(0.5):
                self._take(key, outcome)
            self.line.show(lambda: self._progress(now - begin, slots))
            if self.page and now - self.page_at > 60:
                self._write_page()
        self._note_workers(0)
        if self.page:
            self._write_page()
        self.done.exhausted = self.study.exhausted
        self.done.seconds, self.done.driver_s = time.monotonic() - begin, time.process_time() - cpu
        self.line.end(self._progress(self.done.seconds, slots))
        return self.done

    def _note_workers(self, slots: int) -> None:
        """For the study's page: when their number changes, and as long as this driver lives."""
        now = time.time()
        if slots != self.noted[0] or now - self.noted[1] >= 10:
            self.noted = slots, now
            self.study.note_workers(slots, now)

    def _write_page(self) -> None:
        try:
            write_whole(self.page, self.study.page())
        except OSError as error:  # no reason to end a search
            print(f"\nno page: {error}", file=sys.stderr, flush=True)
        self.page_at = time.monotonic()

    def _begin(self, trial) -> None:
        candidate = trial.candidate
        task: Dict[str, Any] = {
            "trial": trial.id,
            "candidate": {"space": candidate.space.name, "size": str(candidate.space.size), "rank": str(candidate.rank), "decisions": candidate.values},
        }
        try:
            network = candidate.space.network(candidate).to_json()  # read at the worker: of a large network that takes milliseconds
        except NetworkError:
            network = None  # a space that builds none
        work = {"task": task, "network": network, "decisions": candidate.decisions.tolist(), "starts": trial.starts, "folder": str(self.place / str(trial.id))}
        if trial.starts == 1:
            shutil.rmtree(work["folder"], ignore_errors=True)  # of another study that had this name
        work |= {"part": 0, "metrics": {}, "seconds": 0.0, "failures": 0, "step": -1, "stopped": False, "log": [], "time_limit_s": self.time_limit_s, "needs": dict(self.parts[0].resources)}
        self.flying[trial.id] = work
        self._submit(work)

    def _submit(self, work: dict) -> None:
        known = read_result(work["folder"], work["part"])
        if known is not None:  # its driver was gone when it ended
            self.done.adopted += 1
            self._take((work["task"]["trial"], work["part"]), known)
        else:
            self.carrier.submit((work["task"]["trial"], work["part"]), work)

    def _take(self, key, outcome: dict) -> None:
        trial, part = key
        work = self.flying.get(trial)
        if work is None or work["part"] != part:
            return
        if "refused" in outcome:
            refuse("distribute.version", "distribute, worker", outcome["refused"], "workers with the driver's nascent, Python and modules")
        if "report" in outcome:
            self._report(key, work, *outcome["report"])
            return
        self.done.busy_s += outcome.get("seconds", 0.0)
        work["seconds"] += outcome.get("seconds", 0.0)
        work["stopped"] |= outcome.get("stopped", False)
        for step, metrics in outcome.get("reports", []):
            if step > work["step"]:  # what did not arrive while it ran
                self._report(key, work, step, metrics, ended=True)
        self._note_attempt(work, outcome)
        if "lost" in outcome:
            self.done.repeated += 1
            self._submit(work)
        elif "metrics" in outcome:
            work["metrics"] |= outcome["metrics"]
            if part + 1 < len(self.parts):
                work |= {"part": part + 1, "needs": dict(self.parts[part + 1].resources)}
                self._submit(work)
            else:
                self._tell(trial, work)
        else:
            tries = self._count_try(work, outcome)
            if tries < self.attempts and not outcome.get("final"):
                self.done.repeated += 1
                self._submit(work)
            else:
                self._tell(trial, work, outcome.get("failure") or outcome["crash"])

    def _note_attempt(self, work: dict, outcome: dict) -> None:
        seconds = outcome.get("seconds", 0.0)
        end = next((e for word, e in (("lost", "lost"), ("crash", "crashed"), ("failure", "failed")) if word in outcome), "done")
        if outcome.get("stopped"):
            end = "stopped"
        work["log"].append((outcome.get("worker", ""), outcome.get("began", time.time() - seconds), seconds, end))

    def _report(self, key, work: dict, step: int, metrics: Dict[str, float], ended: bool = False) -> None:
        try:
            self.study.report(key[0], step, metrics)
        except ValueError:
            return  # a partial result without the metric that is maximised says nothing of its curve
        is_new, work["step"] = step > work["step"], max(step, work["step"])
        if is_new and not ended and self.early_stopping is not None and hasattr(self.carrier, "stop") and self.study.should_stop(key[0], self.early_stopping):
            self.carrier.stop(key)

    def _count_try(self, work: dict, outcome: dict) -> int:
        """In the trial's folder, so that a candidate which fails again and again ends though drivers come and go."""
        file = Path(work["folder"]) / "failures.json"
        try:
            failures = json.loads(file.read_text())
        except (OSError, ValueError):
            failures = []
        failures.append(outcome.get("failure") or outcome["crash"])
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps(failures))
        except OSError:
            failures = [""] * (work["failures"] + 1)  # a full disk: this driver's own memory
        work["failures"] = len(failures)
        return len(failures)

    def _tell(self, trial: int, work: dict, failure: Optional[str] = None) -> None:
        del self.flying[trial]
        tries = work["failures"] + (failure is None)
        if failure is None:
            told = self.study.tell(trial, work["metrics"], seconds=work["seconds"], attempts=tries, stopped=work["stopped"], log=work["log"])
        else:
            told = self.study.fail(trial, failure, seconds=work["seconds"], attempts=tries, log=work["log"])
        if told:
            self.done.evaluated += 1
            self.done.failed += failure is not None
            self.done.stopped += failure is None and work["stopped"]
            now = self.study.trial(trial)
            if now.state == "done" and now.value is not None:
                self.best = now.value if self.best is None else max(self.best, now.value)
        if failure is None and not self.keep:
            shutil.rmtree(work["folder"], ignore_errors=True)

    def _progress(self, seconds: float, slots: int) -> str:
        there = self.before + self.done.evaluated
        text = f"{there} of {self.networks} networks, {self.done.failed} failed, {len(self.flying)} under way on {slots} workers"
        if self.best is not None:
            text += f", best {self.best:.5g}"
        left = self.networks - there
        if self.done.evaluated and left > 0:
            text += f", {_duration(left * seconds / self.done.evaluated)} left"
        return text if slots else text + ": waits for workers"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"


class _Line:
    """One line, which a terminal shows anew each second and a file once in a while."""

    def __init__(self, wanted: bool):
        self.wanted, self.terminal, self.last = wanted, sys.stderr.isatty(), -1e9

    def due(self) -> bool:
        return time.monotonic() - self.last >= (1 if self.terminal else 30)

    def show(self, text: Callable[[], str]) -> None:
        if self.wanted and self.due():
            self.last = time.monotonic()
            print(f"\r{text()}\x1b[K" if self.terminal else text(), end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        if self.wanted:
            print(f"\r{text}\x1b[K" if self.terminal else text, file=sys.stderr, flush=True)
