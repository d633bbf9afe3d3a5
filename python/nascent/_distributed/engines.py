# SPDX-License-Identifier: Apache-2.0
"""Engines carry evaluations to workers. An engine is anything with

    slots(needs)             how many evaluations with these needs can run now; 0 while there is no worker
    submit(key, work)        begins one, some time
    collect(timeout_s)       what has ended since: [(key, outcome)], outcomes being those of `Runner.run`
    close()                  ends at once what is running

An outcome {"lost": why} counts for nothing: the driver submits again."""

import os
import queue
import threading
import time
from typing import Dict, List, Optional, Tuple

from .._errors import StudyError
from .evaluation import evaluate
from .runner import Runner, dumped


def refuse(code: str, where: str, found: str, allowed: str):
    error = StudyError(f"nascent: {where}: found {found}; allowed: {allowed}")
    error.code, error.where, error.found, error.allowed = code, where, found, allowed
    raise error


class LocalEngine:
    """Processes of this machine, or with `threads` this process' own threads: those share memory, cannot be ended where they run too
    long, and do not survive a crash of the evaluator."""

    def __init__(self, evaluators: list, workers: int, threads: bool = False):
        self._workers, self._threads, self._evaluators = workers, threads, evaluators
        self._todo: queue.SimpleQueue = queue.SimpleQueue()
        self._done: queue.SimpleQueue = queue.SimpleQueue()
        self._runners = []
        if not threads:
            try:
                data, main = dumped(evaluators)
            except Exception as error:  # noqa: BLE001: what cannot be pickled says so in many ways
                allowed = "a function of a module or of the main program; or pip install cloudpickle; or engine='threads'"
                refuse("distribute.evaluator", "distribute, evaluator", f"one that cannot be sent to a process ({error})", allowed)
            self._runners = [Runner(data, main) for _ in range(workers)]
        for i in range(workers):
            run = self._in_thread if threads else self._runners[i].run
            threading.Thread(target=self._work, args=(run,), daemon=True).start()

    def slots(self, needs: dict) -> int:
        return self._workers

    def submit(self, key, work: dict) -> None:
        self._todo.put((key, work))

    def collect(self, timeout_s: float) -> List[Tuple[object, dict]]:
        try:
            ended = [self._done.get(timeout=timeout_s)]
            while True:
                ended.append(self._done.get_nowait())
        except queue.Empty:
            return ended if "ended" in locals() else []

    def close(self) -> None:
        for _ in range(self._workers):
            self._todo.put(None)
        for runner in self._runners:
            runner.close()

    def _in_thread(self, work: dict) -> dict:
        return evaluate(work, self._evaluators[work["part"]])

    def _work(self, run) -> None:
        while (task := self._todo.get()) is not None:
            key, work = task
            try:
                outcome = run(work)
            except BaseException as error:  # noqa: BLE001: such as a disk that is full
                outcome = {"failure": f"{type(error).__name__}: {error}"}
            self._done.put((key, outcome))


_runners: Dict[int, Runner] = {}  # of a Ray worker process, by what they evaluate: started once, used by many tasks


def run_at_worker(evaluators: bytes, name: int, version: tuple, work: dict) -> dict:
    """The task of Ray. A crash of the evaluator ends the runner, not the Ray worker, and so is told from the loss of a machine."""
    import sys

    from .._core import __version__

    mine = (__version__, sys.version_info[:2])
    if mine != version:
        return {"refused": f"a worker with nascent {mine[0]} and Python {mine[1]}, the driver having {version[0]} and {version[1]}"}
    if name not in _runners:
        for old in _runners.values():
            old.close()
        _runners.clear()
        _runners[name] = Runner(evaluators)
    return _runners[name].run(work)


class RayEngine:
    """Tasks of a Ray cluster. Ray itself repeats what was on a machine that is lost."""

    def __init__(self, evaluators: list, address: Optional[str] = None):
        try:
            import ray
        except ImportError:
            refuse("distribute.ray", "distribute, engine", "no Ray in this Python", "engine='local', or Ray; install it by: pip install 'ray[default]'")
        import random
        import sys

        from .._core import __version__

        self._ray = ray
        self._mine = not ray.is_initialized()
        if self._mine:
            # Beside a running cluster: join it. Otherwise one is made on this machine.
            if address or os.environ.get("RAY_ADDRESS"):
                ray.init(address=address, log_to_driver=False)
            else:
                try:
                    ray.init(address="auto", log_to_driver=False)
                except ConnectionError:
                    ray.init(log_to_driver=False, include_dashboard=False)
        self._evaluators = ray.put(ray.cloudpickle.dumps(evaluators))
        self._name = random.SystemRandom().getrandbits(63)
        self._version = (__version__, sys.version_info[:2])
        # -1: as often as machines are lost. Exceptions are outcomes, so that none is retried by Ray.
        self._task = ray.remote(max_retries=-1)(run_at_worker)
        self._keys: dict = {}
        self._total, self._asked_at = {}, -1e9

    def slots(self, needs: dict) -> int:
        if time.monotonic() - self._asked_at > 1:
            self._total, self._asked_at = self._ray.cluster_resources(), time.monotonic()
        free = [self._total.get({"cpu": "CPU", "gpu": "GPU"}.get(name, name), 0) / amount for name, amount in needs.items() if amount > 0]
        return int(min(free, default=0) + 1e-9)

    def submit(self, key, work: dict) -> None:
        needs = work["needs"]
        options = {"num_cpus": needs.get("cpu", 0), "num_gpus": needs.get("gpu", 0), "name": f"trial {work['task']['trial']}"}
        others = {name: amount for name, amount in needs.items() if name not in ("cpu", "gpu", "memory")}
        if others:
            options["resources"] = others
        if "memory" in needs:
            options["memory"] = needs["memory"]
        self._keys[self._task.options(**options).remote(self._evaluators, self._name, self._version, work)] = key

    def collect(self, timeout_s: float) -> List[Tuple[object, dict]]:
        if not self._keys:
            time.sleep(timeout_s)
            return []
        refs = list(self._keys)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=timeout_s)
        if ready and len(refs) > 1:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        ended = []
        for ref in ready:
            key = self._keys.pop(ref)
            try:
                ended.append((key, self._ray.get(ref)))
            except self._ray.exceptions.RayTaskError as error:  # beside the evaluator, whose own errors are outcomes
                said = str(getattr(error, "cause", None) or error).strip().rpartition("\n")[2]
                if isinstance(error, OSError):  # such as a disk that is full
                    ended.append((key, {"failure": said}))
                else:
                    ended.append((key, {"refused": f"a worker that cannot run it ({said})"}))
            except self._ray.exceptions.RayError as error:
                ended.append((key, {"lost": type(error).__name__}))
        return ended

    def close(self) -> None:
        for ref in self._keys:
            try:
                self._ray.cancel(ref, force=True)
            except Exception:  # noqa: BLE001: it ended meanwhile, or its machine did
                pass
        if self._mine:
            self._ray.shutdown()
