# SPDX-License-Identifier: Apache-2.0
"""A study as a searcher of Ray Tune:

    from nascent.tune import StudySearcher

    with nascent.Study("search.db", space, "evolution", seed=7) as study:
        searcher = StudySearcher(study, metrics=["accuracy"])
        tune.Tuner(train, tune_config=tune.TuneConfig(search_alg=searcher, num_samples=100)).fit()

`train(config)` finds what was decided in config["candidate"], by path, with config["rank"] and config["decisions"]; it reports the metrics. The
searcher is the search space: Tune's own has no part in it. What Tune ended without a result is a failed network of the study."""

import json
from typing import Any, Dict, List, Optional

from ._core import Study
from ._distributed.engines import refuse
from ._foreign import ForeignTrials

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
        self._trials = ForeignTrials(study, metrics, networks)
        super().__init__(metric=self._trials.names[0], mode="max")

    def set_search_properties(self, metric: Optional[str], mode: Optional[str], config: Dict, **spec) -> bool:
        if config:
            refuse("distribute.option", "StudySearcher, param_space", ", ".join(map(str, config)), "none: the study's space is what is searched")
        return True

    def suggest(self, trial_id: str):
        trial = self._trials.ask()
        if trial is None:
            return Searcher.FINISHED
        self._trials.begin(trial_id, trial.id)
        return {"candidate": trial.candidate.values, "decisions": trial.candidate.decisions.tolist(), "rank": str(trial.candidate.rank)}

    def on_trial_result(self, trial_id: str, result: Dict[str, Any]) -> None:
        self._trials.report(trial_id, int(result.get("training_iteration", 1)), result)

    def on_trial_complete(self, trial_id: str, result: Optional[Dict[str, Any]] = None, error: bool = False) -> None:
        if error or not result:
            self._trials.fail(trial_id, "Ray Tune has no result: its log says why")
        else:
            self._trials.complete(trial_id, result, float(result.get("time_total_s", 0)))

    def __deepcopy__(self, _memo):
        return self  # Tune copies what it is given; the study is one

    def __getstate__(self):
        # Tune keeps its own record of an experiment. A study is gone on with by a new StudySearcher on its file, not by Tuner.restore.
        return self.__dict__ | {"_trials": None}

    def save(self, checkpoint_path: str) -> None:
        with open(checkpoint_path, "w") as file:
            json.dump(self._trials.numbers, file)

    def restore(self, checkpoint_path: str) -> None:
        """Names go on; the study itself is in its file."""
        with open(checkpoint_path) as file:
            self._trials.numbers = json.load(file)
