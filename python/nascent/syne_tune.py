# SPDX-License-Identifier: Apache-2.0
"""A study as a scheduler of Syne Tune:

    from nascent.syne_tune import StudyScheduler

    with nascent.Study("search.db", space, "evolution", seed=7) as study:
        scheduler = StudyScheduler(study, metrics=["accuracy"], networks=200)
        Tuner(trial_backend=LocalBackend("train.py"), scheduler=scheduler, stop_criterion=StoppingCriterion(max_wallclock_time=3600), n_workers=4).run()

The script finds the network in --rank, for `space.unrank(int(rank))`, and what was decided in --candidate, a JSON object by path. The scheduler is
the search space. What Syne Tune ended without a result is a failed network of the study."""

import json
from typing import Any, Dict, List, Optional

from ._core import Study
from ._distributed.engines import refuse
from ._foreign import ForeignTrials

try:
    from syne_tune.constants import ST_WORKER_TIME
    from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler, TrialSuggestion
except ImportError as error:
    refuse("python.component", "nascent.syne_tune", f"no Syne Tune in this Python ({error})", "Syne Tune; install it by: pip install syne-tune")


class StudyScheduler(TrialScheduler):
    """Asks a study for what Syne Tune is to try, and tells it what came of it.

    metrics   what the study is told of each result; its objective names them
    networks  of the study, those from before counted; then Syne Tune is told that there are no more
    step      the name under which a script reports how far it is, such as "epoch": then the study keeps partial results
    """

    def __init__(self, study: Study, metrics: Optional[List[str]] = None, networks: Optional[int] = None, step: Optional[str] = None):
        super().__init__(random_seed=0)  # the study has its own
        self._step = step
        self._trials = ForeignTrials(study, metrics, networks)
        self._asked: Dict[str, int] = {}  # ranks, the study's numbers: a suggestion has no name yet

    def suggest(self) -> Optional[TrialSuggestion]:
        trial = self._trials.ask()
        if trial is None:
            return None
        rank = str(trial.candidate.rank)  # as text: ranks have up to 128 bits
        self._asked[rank] = trial.id
        # Without blanks: a script's arguments are put together and taken apart at them.
        return TrialSuggestion.start_suggestion({"rank": rank, "candidate": json.dumps(trial.candidate.values, separators=(",", ":"))})

    def _name(self, trial) -> str:
        name = str(trial.trial_id)
        number = self._asked.pop(trial.config["rank"], None)
        if number is not None:
            self._trials.begin(name, number)
        return name

    def on_trial_add(self, trial) -> None:
        self._name(trial)

    def on_trial_result(self, trial, result: Dict[str, Any]) -> str:
        name = self._name(trial)
        if self._step in result:
            self._trials.report(name, int(result[self._step]), result)
        return SchedulerDecision.CONTINUE

    def on_trial_complete(self, trial, result: Dict[str, Any]) -> None:
        self._trials.complete(self._name(trial), result, float(result.get(ST_WORKER_TIME, 0)))

    def on_trial_error(self, trial) -> None:
        self._trials.fail(self._name(trial), "Syne Tune has no result: its log says why")

    def on_trial_remove(self, trial) -> None:
        self.on_trial_error(trial)

    def metric_names(self) -> List[str]:
        return self._trials.names

    def metric_mode(self) -> str:
        return "max"

    def metadata(self) -> Dict[str, Any]:
        return {"scheduler_name": type(self).__name__, "metric_names": self.metric_names(), "metric_mode": self.metric_mode()}

    def __getstate__(self):
        # Syne Tune keeps its own record. A study is gone on with by a new StudyScheduler on its file.
        return self.__dict__ | {"_trials": None}
