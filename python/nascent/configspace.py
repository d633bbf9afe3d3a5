# SPDX-License-Identifier: Apache-2.0
"""ConfigSpace: a space as a ConfigurationSpace. Needs the package ConfigSpace where it is used."""

import itertools

from ._conditions import conditions, size_without_constraints
from ._core import Candidate, Space
from ._errors import SpaceError

#: Up to this size constraints are looked for by going through all candidates.
MOST_CANDIDATES = 100_000


def _plain(value):
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else value


def _refuse(space, found, allowed):
    error = SpaceError(f"nascent: space '{space.name}', ConfigSpace: found {found}; allowed: {allowed}")
    error.code, error.where, error.found, error.allowed = "python.configspace", f"space '{space.name}', ConfigSpace", found, allowed
    raise error


def _forbidden(space, unconstrained):
    """Pairs of decisions that no candidate has, where they say all that constraints do."""
    if unconstrained > MOST_CANDIDATES:
        _refuse(
            space,
            f"constraints, which leave {space.size} of {unconstrained} candidates",
            f"none, or at most {MOST_CANDIDATES} candidates, among which forbidden pairs are looked for",
        )
    slots = space.slots
    rows = [space.unrank(r).decisions for r in range(space.size)]
    pairs = []
    for a, b in itertools.combinations(range(len(slots)), 2):
        there = {(int(row[a]), int(row[b])) for row in rows}
        for o, p in itertools.product(range(len(slots[a]["values"])), range(len(slots[b]["values"]))):
            # Where one of the two never takes part beside the other, conditions say it.
            if (o, p) not in there and any(x == o for x, y in there if y >= 0) and any(y == p for x, y in there if x >= 0):
                pairs.append((a, o, b, p))
    return pairs


def to_configspace(space: Space, seed=None):
    """The ConfigurationSpace of the same candidates: numbers are ordinal, everything else categorical; a decision that does
    not always take part has a condition. Constraints become forbidden clauses where pairs of decisions say them in a
    small space; others are refused."""
    import ConfigSpace

    slots = space.slots
    names = [s["path"] for s in slots]
    made = ConfigSpace.ConfigurationSpace(name=space.name, seed=seed)
    parameters = []
    for slot in slots:
        values = [_plain(v) for v in slot["values"]]
        if len(values) == 1:
            parameters.append(ConfigSpace.Constant(slot["path"], values[0]))
        elif all(type(v) in (int, float) for v in values):
            parameters.append(ConfigSpace.OrdinalHyperparameter(slot["path"], values))
        else:
            parameters.append(ConfigSpace.CategoricalHyperparameter(slot["path"], values))
    made.add(parameters)
    for k, when in enumerate(conditions(space)):
        if when is None:
            continue
        parent, options = when
        values = [_plain(slots[parent]["values"][o]) for o in sorted(options)]
        if len(values) == len(slots[parent]["values"]) and slots[parent]["parent"] is None:
            continue  # always
        made.add(ConfigSpace.InCondition(parameters[k], parameters[parent], values))
    unconstrained = size_without_constraints(space)
    if unconstrained != space.size:
        for a, o, b, p in _forbidden(space, unconstrained):
            made.add(
                ConfigSpace.ForbiddenAndConjunction(
                    ConfigSpace.ForbiddenEqualsClause(made[names[a]], _plain(slots[a]["values"][o])),
                    ConfigSpace.ForbiddenEqualsClause(made[names[b]], _plain(slots[b]["values"][p])),
                )
            )
        left = sum(1 for _ in _all_rows(space, made))
        if left != space.size:
            _refuse(
                space,
                f"constraints that forbidden pairs do not say: they leave {left} of {space.size} candidates",
                "constraints over two decisions at a time",
            )
    return made


def _all_rows(space, made):
    """Every configuration that slots, conditions and forbidden clauses leave."""
    slots, when = space.slots, conditions(space)
    from ._conditions import in_order

    order = in_order(space)
    clauses = [
        {c.hyperparameter.name: c.value for c in f.components} for f in made.forbidden_clauses
    ]

    def go(i, row):
        if i == len(order):
            values = {slots[k]["path"]: _plain(slots[k]["values"][o]) for k, o in row.items() if o >= 0}
            if not any(all(values.get(n) == v for n, v in c.items()) for c in clauses):
                yield row
            return
        k = order[i]
        active = when[k] is None or row[when[k][0]] in when[k][1]
        for o in range(len(slots[k]["values"])) if active else (-1,):
            yield from go(i + 1, {**row, k: o})

    yield from go(0, {})


def from_configuration(space: Space, configuration) -> Candidate:
    """The candidate of a configuration of `to_configspace(space)`."""
    given = dict(configuration)
    row = [-1] * len(space.slots)
    for k, slot in enumerate(space.slots):
        if slot["path"] in given:
            row[k] = [_plain(v) for v in slot["values"]].index(given[slot["path"]])
    return space.candidate(row)


def to_configuration(config_space, candidate: Candidate):
    """The configuration of a candidate; ConfigSpace checks it."""
    import ConfigSpace

    values = {path: _plain(v) for path, v in candidate.values.items()}
    return ConfigSpace.Configuration(config_space, values=values)
