# SPDX-License-Identifier: Apache-2.0
"""What a worker does with a network: the evaluator is called, its answer becomes metrics or a failure, and both are written
beside the checkpoints before anybody is told."""

import fcntl
import json
import math
import os
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional


@dataclass
class Evaluation:
    """A network to evaluate, as plain data: a worker needs no space. What evaluators are called with."""

    trial: int
    """Its number in the study."""
    values: Dict[str, Any]
    """What was decided, by path: {"1.kernel": 5}."""
    decisions: List[int]
    rank: int
    network: Optional[Dict[str, Any]]
    """Its layers, as `Network.to_json` writes them; None where the space builds no networks."""
    folder: Path
    """This trial's own, for checkpoints: a training that is begun again finds here what the last one left."""
    metrics: Dict[str, float] = field(default_factory=dict)
    """What earlier parts of the evaluation said."""
    starts: int = 1
    """How often a driver gave it out."""
    task: Dict[str, Any] = field(default_factory=dict, repr=False)
    _reports: List[list] = field(default_factory=list, repr=False)
    _send: Callable[[int, Dict[str, float]], None] = field(default=lambda step, metrics: None, repr=False)
    _should_stop: Callable[[], bool] = field(default=lambda: False, repr=False)
    _told_to_stop: int = field(default=0, repr=False)

    def report(self, step: int, **metrics: float) -> bool:
        """Metrics after so many steps, such as epochs: `if not evaluation.report(3, accuracy=71.2): return 71.2`. False where the study's
        early stopping found meanwhile that this network is not worth its end: return what there is. Nobody waits for that answer, so
        that it may come one report later."""
        self._reports.append([int(step), _numbers(metrics)])
        self._send(*self._reports[-1])
        self._told_to_stop += self._should_stop()
        return self._told_to_stop == 0


class Command:
    """Evaluates by a command for each network: JSON in, JSON out.

    Command("python3 train.py {file}") gives the command the path of a JSON file with the trial's number, the candidate and its network;
    without {file} the JSON comes on standard input. {trial} is the number, {folder} the folder for checkpoints. Lines of its standard
    output that are JSON objects count: {"step": 3, "accuracy": 71.2} is a partial result, {"accuracy": 76.3} the result, {"error": ".."}
    says why there is none. Where early stopping ends it, it is killed, and the last partial result is its result. The same commands serve
    `search run --evaluate`.
    """

    def __init__(self, command: str):
        if not command.strip():
            raise ValueError("Command: found no command; allowed: a command of the shell")
        self.command = command

    def __repr__(self):
        return f"Command({self.command!r})"

    def __call__(self, evaluation: Evaluation) -> Dict[str, float]:
        text = json.dumps(evaluation.task) + "\n"
        file = evaluation.folder / "task.json"
        file.write_text(text)
        command = self.command
        for word, by in (("file", file), ("folder", evaluation.folder), ("trial", evaluation.trial)):
            command = command.replace("{" + word + "}", shlex.quote(str(by)))
        asks = "{file}" not in self.command
        # Errors go to a file: a pipe that nobody reads would stop the command.
        with open(evaluation.folder / "stderr.txt", "wb+") as errors:
            child = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE if asks else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            if asks:
                try:
                    child.stdin.write(text.encode())
                    child.stdin.close()
                except BrokenPipeError:
                    pass  # it answers without having read
            said, last, wrong = None, "", ""
            for line in child.stdout:
                line = line.decode(errors="replace").strip()
                last = line or last
                if not line.startswith("{"):
                    continue
                try:
                    answer = json.loads(line)
                    if "error" in answer:
                        said, wrong = None, str(answer["error"]) or "an error without a text"
                    elif "step" in answer:
                        step = answer.pop("step")
                        if not evaluation.report(step, **answer):
                            end_tree(child.pid)
                            child.stdout.read()
                            child.wait()
                            return evaluation._reports[-1][1]
                    else:
                        said, wrong = _numbers(answer), ""
                except ValueError as error:
                    wrong = str(error)
            code = child.wait()
            errors.seek(max(0, errors.seek(0, 2) - 300))
            complaint = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        end = f": {complaint}" if complaint else ""
        if code != 0:
            raise RuntimeError((f"the command was ended by signal {-code}" if code < 0 else f"the command ended with status {code}") + end)
        if wrong:
            raise RuntimeError(wrong)
        if said is None:
            raise RuntimeError("no JSON object on its standard output" + (f", the last line of which is '{last[:200]}'" if last else "") + end)
        return said


def end_tree(pid: int) -> None:
    """Kills a process and all that it started, and what those did: a shell would leave its commands behind."""
    children: Dict[int, List[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(int(entry))
    doomed = [pid]
    for one in doomed:
        doomed += children.get(one, [])
    for one in doomed:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _numbers(metrics) -> Dict[str, float]:
    numbers = {}
    for name, value in metrics.items():
        if isinstance(value, (str, bytes, bool)) or value is None:
            raise ValueError(f"metric '{name}': found {value!r}; allowed: a number")
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"metric '{name}': found {type(value).__name__}; allowed: a number") from None
        if not math.isfinite(numbers[str(name)]):
            raise ValueError(f"metric '{name}': found {value!r}; allowed: a finite number")
    return numbers


def _metrics(answer) -> Dict[str, float]:
    """An evaluator gives named metrics, or one number, the accuracy."""
    if hasattr(answer, "items"):
        return _numbers(answer)
    if isinstance(answer, (str, bytes)) or not hasattr(answer, "__float__"):
        raise ValueError(f"the evaluator's answer: found {type(answer).__name__}; allowed: metrics by name, a number, or None for a network that cannot be used")
    return _numbers({"accuracy": answer})


def this_worker() -> str:
    """Machine and process, as the study's page shows them."""
    return f"{socket.gethostname()} {os.getpid()}"


def write_whole(path: Path, text: str) -> None:
    """A reader finds all of it or nothing, whenever the writer is killed."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    os.replace(beside, path)


def result_file(folder, part: int) -> Path:
    return Path(folder) / f"result.{part}.json"


def read_result(folder, part: int) -> Optional[dict]:
    """What a worker had finished whose driver did not hear of it."""
    try:
        return json.loads(result_file(folder, part).read_text())
    except (OSError, ValueError):
        return None


def evaluate(work: dict, evaluator: Callable[[Evaluation], Any], send=lambda step, metrics: None, should_stop=lambda: False) -> dict:
    """Evaluates one part of a trial and gives {"metrics"} or {"failure"}. Where another process has that trial still, waits for its end
    and takes its result: nothing is trained twice at the same time in one folder. `send` is given partial results while it runs."""
    folder = Path(work["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"lock.{work['part']}", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read_result(folder, work["part"])
        if known is not None:
            return known
        task = dict(work["task"])
        if work.get("network") is not None:
            task["network"] = json.loads(work["network"])
        evaluation = Evaluation(
            trial=task["trial"],
            values=task["candidate"]["decisions"],
            decisions=work["decisions"],
            rank=int(task["candidate"]["rank"]),
            network=task.get("network"),
            folder=folder,
            metrics=dict(work["metrics"]),
            starts=work["starts"],
            task=task,
            _send=send,
            _should_stop=should_stop,
        )
        begin, began = time.monotonic(), time.time()
        try:
            answer = evaluator(evaluation)
            outcome = {"failure": "the evaluator says that it cannot be used", "final": True} if answer is None else {"metrics": _metrics(answer)}
        except Exception as error:  # noqa: BLE001: whatever it throws is this trial's failure
            said = str(error).strip()
            kind = type(error).__name__
            outcome = {"failure": said if isinstance(error, (RuntimeError, ValueError)) and said else f"{kind}: {said}" if said else kind}
        outcome["seconds"] = time.monotonic() - begin
        outcome |= {"reports": evaluation._reports, "worker": this_worker(), "began": began}
        if "metrics" in outcome:
            outcome["stopped"] = evaluation._told_to_stop == 1  # who reported again went on all the same
            write_whole(result_file(folder, work["part"]), json.dumps(outcome))
        return outcome
