# SPDX-License-Identifier: Apache-2.0
"""What searchers of other tools that stand on a study share."""

import math
from typing import Any, Dict, List, Mapping, Optional

from ._core import Study, StudyTrial


class ForeignTrials:
    """A study's trials by another tool's names of them: what it reports of a name reaches the trial.

    metrics   what the study is told of each result; its objective names them
    networks  of the study, those from before counted; then there are no more
    """

    def __init__(self, study: Study, metrics: Optional[List[str]], networks: Optional[int]):
        self.names = list(metrics or ["accuracy"])
        self._study, self._networks = study, networks
        self.numbers: Dict[str, int] = {}  # the tool's names, the study's numbers

    def ask(self) -> Optional[StudyTrial]:
        return self._study.ask(self._networks)

    def begin(self, name: str, trial: int) -> None:
        self.numbers[name] = trial

    def report(self, name: str, step: int, result: Mapping[str, Any]) -> None:
        """A partial result; one that lacks a metric, or has none that is a number, is not the study's."""
        found = self._metrics(result)
        if name in self.numbers and len(found) == len(self.names) and all(math.isfinite(v) for v in found.values()):
            self._study.report(self.numbers[name], step, found)

    def complete(self, name: str, result: Mapping[str, Any], seconds: float) -> None:
        number = self.numbers.pop(name, None)
        if number is not None:
            self._study.tell(number, self._metrics(result), seconds=seconds)

    def fail(self, name: str, why: str) -> None:
        number = self.numbers.pop(name, None)
        if number is not None:
            self._study.fail(number, why)

    def _metrics(self, result: Mapping[str, Any]) -> Dict[str, float]:
        return {
            name: float(result[name])
            for name in self.names
            if isinstance(result.get(name), (int, float)) or hasattr(result.get(name), "__float__")
        }
