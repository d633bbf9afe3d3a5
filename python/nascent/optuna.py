# SPDX-License-Identifier: Apache-2.0
"""Optuna: trials drawn from a space, and this library's searchers as samplers. Needs the package optuna where it is used."""

import threading

from ._conditions import conditions, in_order
from ._core import Candidate, Searcher, Space
from ._errors import SpaceError


def _plain(value):
    """What Optuna takes as a choice: a size of two becomes a text."""
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else value


def distributions(space: Space) -> list:
    """How Optuna sees each slot: whole numbers in equal steps as a range, everything else as categories."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    found = []
    for slot in space.slots:
        values = slot["values"]
        steps = {b - a for a, b in zip(values, values[1:])} if all(type(v) is int for v in values) else ()
        if len(steps) == 1 and min(steps) > 0:
            found.append(IntDistribution(values[0], values[-1], step=min(steps)))
        else:
            found.append(CategoricalDistribution([_plain(v) for v in values]))
    return found


class Suggest:
    """Draws candidates for trials: `suggest = Suggest(space)`, then `suggest(trial)` in an objective. A decision that takes no
    part is not asked for; what constraints of the space forbid prunes the trial."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.slots = space.slots
        self._when = conditions(space)
        self._order = in_order(space)
        self._distributions = distributions(space)

    def __call__(self, trial) -> Candidate:
        import optuna

        row = [-1] * len(self.slots)
        for k in self._order:
            if self._when[k] is not None and row[self._when[k][0]] not in self._when[k][1]:
                continue
            path, d = self.slots[k]["path"], self._distributions[k]
            if hasattr(d, "choices"):
                value = trial.suggest_categorical(path, d.choices)
            else:
                value = trial.suggest_int(path, d.low, d.high, step=d.step)
            row[k] = [_plain(v) for v in self.slots[k]["values"]].index(value)
        try:
            return self.space.candidate(row)
        except SpaceError as e:
            raise optuna.TrialPruned(str(e)) from e


def sampler(space: Space, method: str = "evolution", seed: int = 1):
    """A searcher of this library as an Optuna sampler, for objectives that draw candidates of this space with `Suggest`. The
    study ends where every network was tried."""
    import optuna

    class NascentSampler(optuna.samplers.BaseSampler):
        def __init__(self):
            self._searcher = Searcher(space, method, seed)
            self._asked = {}
            self._lock = threading.Lock()
            self._other = optuna.samplers.RandomSampler(seed)

        def infer_relative_search_space(self, study, trial):
            return {}

        def sample_relative(self, study, trial, search_space):
            return {}

        def before_trial(self, study, trial):
            with self._lock:
                c = self._searcher.ask()
                if c is None:
                    study.stop()
                    c = space.sample(trial.number)
                self._asked[trial.number] = c

        def sample_independent(self, study, trial, name, distribution):
            value = self._asked[trial.number].values.get(name)
            if value is None:  # a parameter that is none of the space
                return self._other.sample_independent(study, trial, name, distribution)
            return _plain(value)

        def after_trial(self, study, trial, state, values):
            with self._lock:
                c = self._asked.pop(trial.number)
                usable = state == optuna.trial.TrialState.COMPLETE and values is not None and len(values) == 1
                sign = 1 if study.directions[0] == optuna.study.StudyDirection.MAXIMIZE else -1
                self._searcher.tell(c, sign * values[0] if usable else None)

    return NascentSampler()
