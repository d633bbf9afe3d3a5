# SPDX-License-Identifier: Apache-2.0
"""A process that others are forked from: what all of them import is imported once, so that a worker begins in milliseconds. It has
nothing of the driver's, nor of the evaluator's, which may have started threads or a GPU."""

import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from typing import Dict, Optional


def begin_python(statement: str, number: int) -> subprocess.Popen:
    """A fresh Python with this one's paths and open file `number`, in a session of its own: Ctrl-C is the driver's, and the whole group
    can be ended at once."""
    return subprocess.Popen(
        [sys.executable, "-c", f"{statement}({number})"],
        pass_fds=[number],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path)},
    )


class Forked:
    """A process of a template, with what is used of subprocess.Popen."""

    def __init__(self, pid: int):
        self.pid, self._code, self._ended = pid, None, threading.Event()

    def poll(self) -> Optional[int]:
        return self._code

    def wait(self, timeout: Optional[float] = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("an evaluation", timeout)
        return self._code

    def _end(self, code: int) -> None:
        self._code = code
        self._ended.set()


class Template:
    """Owns the process; begins it when it is first needed, and again should it have been killed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process = None

    def start(self, number: int) -> Forked:
        """A process that serves the connection with that number (`runner.serve`). Raises OSError."""
        with self._lock:
            for _ in range(2):
                if self._process is None:
                    self._begin()
                try:
                    socket.send_fds(self._socket, [b"fork"], [number])
                    forked = self._begun.get()
                except OSError:
                    forked = None
                if forked is not None:
                    return forked
                self._process = None  # it was killed
            raise OSError("a process for evaluations does not start")

    def close(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None

    def _begin(self):
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = begin_python("from nascent._distributed.template import serve; serve", its.fileno())
        its.close()
        self._socket, self._begun = mine, queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(mine, self._begun, self._process), daemon=True).start()

    @staticmethod
    def _listen(mine, begun, process):
        alive: Dict[int, Forked] = {}
        try:
            while message := mine.recv(100):
                pid, code = json.loads(message)
                if code is None:
                    alive[pid] = Forked(pid)
                    begun.put(alive[pid])
                elif pid in alive:
                    alive.pop(pid)._end(code)
                else:
                    begun.put(None)  # it ended before it was there
        except OSError:
            pass
        process.wait()
        for forked in alive.values():  # nobody can say any more how they end
            forked._end(-signal.SIGKILL)
        begun.put(None)
        mine.close()


def serve(number: int) -> None:
    """The process. Its children notice by their own connections when the driver ends."""
    from . import runner  # what all of them need

    wire = socket.socket(fileno=number)
    children: Dict[int, int] = {}  # by the file that tells the end of each
    events = select.poll()
    events.register(wire, select.POLLIN)
    while True:
        for file, _ in events.poll():
            if file == wire.fileno():
                try:
                    message, files, _, _ = socket.recv_fds(wire, 16, 1)
                except ConnectionError:
                    message = b""
                if not message:  # the driver has ended
                    os._exit(0)
                pid = os.fork()
                if pid == 0:
                    _become(runner, wire, list(children), files[0])
                os.close(files[0])
                watched = os.pidfd_open(pid)
                children[watched] = pid
                events.register(watched, select.POLLIN)
            else:
                pid = children.pop(file)
                events.unregister(file)
                os.close(file)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                try:
                    wire.send(json.dumps([pid, code]).encode())
                except OSError:
                    os._exit(0)


def _become(runner, wire, others, number) -> None:
    code = 1
    try:
        os.setsid()
        for file in others:
            os.close(file)
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()  # otherwise all of them would draw the same
        wire.send(json.dumps([os.getpid(), None]).encode())
        wire.close()
        runner.serve(number)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001: as at the end of any program
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
