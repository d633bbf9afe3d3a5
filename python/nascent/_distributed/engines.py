# SPDX-License-Identifier: Apache-2.0
"""Engines carry evaluations to workers. An engine is anything with

    slots(needs)             how many evaluations with these needs can run now; 0 while there is no worker
    submit(key, work)        begins one, some time
    collect(timeout_s)       what has ended since: [(key, outcome)], outcomes being those of `Runner.run`
    stop(key)                asks an evaluation to end with what it has; an engine may lack it
    close()                  ends at once what is running

An outcome {"lost": why} counts for nothing: the driver submits again. {"report": (step, metrics)} is no outcome, but a partial result."""

import os
import queue
import threading
import time
from typing import Dict, List, Optional, Tuple

from .._errors import StudyError
from .evaluation import evaluate
from .runner import Runner, dumped
from .template import Template


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
        self._at: dict = {}  # by key: the runner that has it
        self._to_stop: set = set()  # keys, of threads
        if not threads:
            try:
                data, main = dumped(evaluators)
            except Exception as error:  # noqa: BLE001: what cannot be pickled says so in many ways
                allowed = "a function of a module or of the main program; or pip install cloudpickle; or engine='threads'"
                refuse("distribute.evaluator", "distribute, evaluator", f"one that cannot be sent to a process ({error})", allowed)
            self._template = Template()
            self._runners = [Runner(data, main, self._template) for _ in range(workers)]
        for i in range(workers):
            threading.Thread(target=self._work, args=(None if threads else self._runners[i],), daemon=True).start()

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

    def stop(self, key) -> None:
        self._to_stop.add(key)
        runner = self._at.get(key)
        if runner is not None:
            runner.stop(*key)

    def close(self) -> None:
        for _ in range(self._workers):
            self._todo.put(None)
        for runner in self._runners:
            runner.close()
        if self._runners:
            self._template.close()

    def _work(self, runner: Optional[Runner]) -> None:
        while (task := self._todo.get()) is not None:
            key, work = task
            self._to_stop.discard(key)

            def reported(step, metrics, key=key):
                self._done.put((key, {"report": (step, metrics)}))

            try:
                if runner is None:
                    outcome = evaluate(work, self._evaluators[work["part"]], reported, lambda key=key: key in self._to_stop)
                else:
                    self._at[key] = runner
                    outcome = runner.run(work, reported)
            except BaseException as error:  # noqa: BLE001: such as a disk that is full
                outcome = {"failure": f"{type(error).__name__}: {error}"}
            self._at.pop(key, None)
            self._done.put((key, outcome))


_runners: Dict[int, Runner] = {}  # of a Ray worker process, by what they evaluate: started once, used by many tasks


class Channel:
    """An actor of Ray beside the driver: partial results on their way to it, and on their way back which evaluations are to stop."""

    def __init__(self):
        import asyncio

        self._reports, self._to_stop, self._some = [], set(), asyncio.Event()

    async def put(self, key, step, metrics) -> bool:
        self._reports.append((key, {"report": (step, metrics)}))
        self._some.set()
        return key in self._to_stop

    async def take(self) -> list:
        """Waits until there is something."""
        await self._some.wait()
        self._some.clear()
        taken, self._reports = self._reports, []
        return taken

    async def stop(self, key) -> None:
        self._to_stop.add(key)


def run_at_worker(evaluators: bytes, name: int, version: tuple, work: dict, channel) -> dict:
    """The task of Ray. A crash of the evaluator ends the runner, not the Ray worker, and so is told from the loss of a machine."""
    import sys

    import ray

    from .._core import __version__

    mine = (__version__, sys.version_info[:2])
    if mine != version:
        return {"refused": f"a worker with nascent {mine[0]} and Python {mine[1]}, the driver having {version[0]} and {version[1]}"}
    if name not in _runners:
        for old in _runners.values():
            old.close()
        _runners.clear()
        _runners[name] = Runner(evaluators)
    key = (work["task"]["trial"], work["part"])

    def reported(step, metrics):
        try:
            if ray.get(channel.put.remote(key, step, metrics)):
                _runners[name].stop(*key)
        except ray.exceptions.RayError:
            pass  # the driver is gone; what was reported also comes with the result

    return _runners[name].run(work, reported)


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
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        # Many calls at a time, since one of them waits.
        self._channel = ray.remote(Channel).options(num_cpus=0, max_concurrency=1000, scheduling_strategy=here).remote()
        self._taking = self._channel.take.remote()

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
        self._keys[self._task.options(**options).remote(self._evaluators, self._name, self._version, work, self._channel)] = key

    def stop(self, key) -> None:
        self._channel.stop.remote(key)

    def collect(self, timeout_s: float) -> List[Tuple[object, dict]]:
        if not self._keys:
            time.sleep(timeout_s)
            return []
        refs = [*self._keys, self._taking]
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=timeout_s)
        if ready:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        ended = []
        for ref in sorted(ready, key=lambda ref: ref != self._taking):  # what was reported comes before its end
            if ref == self._taking:
                ended += self._ray.get(ref)
                self._taking = self._channel.take.remote()
                continue
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
