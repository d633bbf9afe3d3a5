# SPDX-License-Identifier: Apache-2.0
"""A search with an objective in Python."""

from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

from ._core import Candidate, Space, _search
from ._errors import SearchError


class Trial(NamedTuple):
    """A network that was tried, and what it is worth: None where it cannot be used."""

    candidate: Candidate
    value: Optional[float]


@dataclass(frozen=True)
class SearchResult:
    """All trials in their order."""

    history: list

    @property
    def best_trial(self) -> Trial:
        """The one of the highest value, the first among equals."""
        usable = [t for t in self.history if t.value is not None]
        if not usable:
            error = SearchError(f"nascent: search, best network: found none that can be used among {len(self.history)} trials")
            error.code = "search.none_usable"
            raise error
        return max(usable, key=lambda t: t.value)

    @property
    def best(self) -> Candidate:
        return self.best_trial.candidate


def search(
    space: Space, objective: Callable[[Candidate], Optional[float]], trials: int = 500, method: str = "evolution", seed: int = 1
) -> SearchResult:
    """Looks for the candidate with the highest objective: a callable that gives a number for a candidate, or None where it
    cannot be used. `method` is random, local or evolution. Ends early where every network was tried."""
    return SearchResult([Trial(*t) for t in _search(space, objective, trials, method, seed)])
