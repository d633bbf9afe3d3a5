# SPDX-License-Identifier: Apache-2.0
"""A process that evaluates, and its owner, which sees it crash or run too long. Both engines use it: a crash of the evaluator is told
from the loss of a machine because the owner lives on."""

import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe, connection, spawn

from .evaluation import evaluate
from .template import Template, begin_python


def dumped(evaluators: list) -> tuple:
    """As bytes, with what a fresh process must prepare to read them. By cloudpickle where it is there, which takes functions of the main
    program and lambdas as they are; otherwise functions go by name, and the process runs the main program's definitions once."""
    if "ray" in sys.modules:
        from ray import cloudpickle
    else:
        try:
            import cloudpickle
        except ImportError:
            main = spawn.get_preparation_data("nascent evaluation")
            main.pop("authkey", None)  # a secret that does not travel
            return pickle.dumps(evaluators), main
    return cloudpickle.dumps(evaluators), None


class Runner:
    """Owns one process, which is started when it is first needed and again after each crash."""

    def __init__(self, evaluators: bytes, main: dict = None, template: Template = None):
        self._evaluators, self._main, self._template = evaluators, main, template
        self._process = self._pipe = None
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._closed = False

    def run(self, work: dict, reported=lambda step, metrics: None) -> dict:
        """The outcome: {"metrics"}, {"failure"}, or {"crash"}. Never raises for what the evaluator does. `reported` is called with
        partial results."""
        begin = time.monotonic()
        limit = work.get("time_limit_s")
        ready = False
        try:
            with self._lock:
                if self._closed:
                    return {"lost": "the engine is closed"}
                if self._process is None or self._process.poll() is not None:
                    self._start()
            with self._sending:
                self._pipe.send(work)
            # The process says first that it is ready: what it imports does not count.
            answer = self._receive(None)
            ready = answer == "ready"
            since = time.monotonic()
            while ready:
                answer = self._receive(None if limit is None else max(0.0, since + limit - time.monotonic()))
                if not isinstance(answer, tuple):
                    break
                reported(*answer)
        except TimeoutError:
            where = self._where()
            self._end()
            return {"crash": f"ran longer than {limit:g} s", "seconds": time.monotonic() - begin, "worker": where}
        except (EOFError, OSError):
            process, where = self._process, self._where()
            code = self._end()
            if self._closed or process is None:
                return {"lost": "the engine is closed"}
            how = f"signal {-code}" if code < 0 else f"status {code}"
            if not ready:  # the candidate has not been looked at
                return {"lost": how} if code < 0 else {"refused": f"a process for evaluations that does not start ({how})"}
            return {"crash": f"the process was ended by {how}", "seconds": time.monotonic() - begin, "worker": where}
        return answer

    def stop(self, trial: int, part: int) -> None:
        """Asks an evaluation to end with what it has. One that has ended is not affected, nor is the one after it."""
        try:
            with self._sending:
                self._pipe.send(("stop", trial, part))
        except (OSError, AttributeError):
            pass  # it crashed meanwhile

    def close(self) -> None:
        self._closed = True
        with self._lock:
            self._end()

    def _start(self):
        mine, its = Pipe()
        if self._template is None:
            self._process = begin_python("from nascent._distributed.runner import serve; serve", its.fileno())
        else:
            self._process = self._template.start(its.fileno())
        its.close()
        self._pipe = mine
        self._pipe.send((self._main, self._evaluators))

    def _where(self) -> str:
        return "" if self._process is None else f"{socket.gethostname()} {self._process.pid}"

    def _receive(self, limit):
        if not self._pipe.poll(limit):
            raise TimeoutError
        return self._pipe.recv()

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return -signal.SIGKILL
        code = None
        try:
            code = process.wait(timeout=0.2 if not self._closed else 0)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        code = process.wait() if code is None else code
        self._pipe.close()
        return code


def serve(number: int) -> None:
    """The process. It ends with its owner, and whatever it started ends with it."""
    pipe = connection.Connection(number)
    tasks = queue.SimpleQueue()
    writing = threading.Lock()
    to_stop = set()

    def say(message):
        with writing:  # an evaluator may report from threads of its own
            try:
                pipe.send(message)
            except OSError:
                pass  # the owner is gone: so is this process, in a moment

    def listen():
        try:
            while True:
                message = pipe.recv()
                if isinstance(message, tuple):
                    to_stop.add(message[1:])
                else:
                    tasks.put(message)
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)

    main, evaluators = pipe.recv()
    threading.Thread(target=listen, daemon=True).start()
    broken = None
    try:
        if main is not None:
            spawn.prepare(main)
        evaluators = pickle.loads(evaluators)
    except BaseException as error:  # noqa: BLE001: said with the first task
        broken = f"{type(error).__name__}: {error}"
    while True:
        work = tasks.get()
        if broken is not None:
            say({"refused": f"the evaluator cannot be loaded at the worker ({broken})"})
            continue
        key = (work["task"]["trial"], work["part"])
        to_stop.clear()
        say("ready")
        say(evaluate(work, evaluators[work["part"]], lambda step, metrics: say((step, metrics)), lambda: key in to_stop))
