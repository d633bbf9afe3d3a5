# SPDX-License-Identifier: Apache-2.0
"""A study as a searcher of Ray Tune:

    from nascent.tune import StudySearcher

    with nascent.Study("search.db", space, "evolution", seed=7) as study:
        searcher = StudySearcher(study, metrics=["accuracy"])
        tune.Tuner(train, tune_config=tune.TuneConfig(search_alg=searcher, num_samples=100)).fit()

`train(config)` finds what was decided in config["candidate"], by path, with config["rank"] and config["decisions"]; it reports the metrics. The
searcher is the search space: Tune's own has no part in it. What Tune ended without a result is a failed network of the study."""

import json
import math
from typing import Any, Dict, List, Optional

from ._core import Study
from ._distributed.engines import refuse

try:
    from ray.tune.search import Searcher
except ImportError as error:
    refuse("distribute.ray", "nascent.tune", f"no Ray Tune in this Python ({error})", "Ray Tune; install it by: pip install 'ray[tune]'")


class StudySearcher(Searcher):
    """Asks a study for what Tune is to try, and tells it what came of it.

    metrics   what the study is told of each result; its objective names them
    networks  of the study, those from before counted; then Tune is told that there are no more
    """

    def __init__(self, study: Study, metrics: Optional[List[str]] = None, networks: Optional[int] = None):
        self._names = list(metrics or ["accuracy"])
        super().__init__(metric=self._names[0], mode="max")
        self._study, self._networks = study, networks
        self._trials: Dict[str, int] = {}  # Tune's names, the study's numbers

    def set_search_properties(self, metric: Optional[str], mode: Optional[str], config: Dict, **spec) -> bool:
        if config:
            refuse("distribute.option", "StudySearcher, param_space", ", ".join(map(str, config)), "none: the study's space is what is searched")
        return True

    def suggest(self, trial_id: str):
        trial = self._study.ask(self._networks)
        if trial is None:
            return Searcher.FINISHED
        self._trials[trial_id] = trial.id
        return {"candidate": trial.candidate.values, "decisions": trial.candidate.decisions.tolist(), "rank": str(trial.candidate.rank)}

    def on_trial_result(self, trial_id: str, result: Dict[str, Any]) -> None:
        found = self._metrics(result)
        if trial_id in self._trials and all(math.isfinite(v) for v in found.values()) and len(found) == len(self._names):
            self._study.report(self._trials[trial_id], int(result.get("training_iteration", 1)), found)

    def on_trial_complete(self, trial_id: str, result: Optional[Dict[str, Any]] = None, error: bool = False) -> None:
        number = self._trials.pop(trial_id, None)
        if number is None:
            return
        if error or not result:
            self._study.fail(number, "Ray Tune has no result: its log says why")
        else:
            self._study.tell(number, self._metrics(result), seconds=float(result.get("time_total_s", 0)))

    def _metrics(self, result: Dict[str, Any]) -> Dict[str, float]:
        return {name: float(result[name]) for name in self._names if isinstance(result.get(name), (int, float)) or hasattr(result.get(name), "__float__")}

    def __deepcopy__(self, _memo):
        return self  # Tune copies what it is given; the study is one

    def __getstate__(self):
        # Tune keeps its own record of an experiment. A study is gone on with by a new StudySearcher on its file, not by Tuner.restore.
        return self.__dict__ | {"_study": None}

    def save(self, checkpoint_path: str) -> None:
        with open(checkpoint_path, "w") as file:
            json.dump(self._trials, file)

    def restore(self, checkpoint_path: str) -> None:
        """Names go on; the study itself is in its file."""
        with open(checkpoint_path) as file:
            self._trials = json.load(file)
