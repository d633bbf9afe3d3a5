# SPDX-License-Identifier: Apache-2.0
"""Latency-aware compound scaling (LACS; Li et al., 2021): a base network grows into a family."""

from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

from ._core import Candidate, Network, _scale

Coefficients = Tuple[float, float, float]


class Level(NamedTuple):
    """One network of a family: the largest within its target."""

    target_ms: float
    latency_ms: float
    accuracy: Optional[float]
    phi: float
    depth: float
    width: float
    resolution: int
    network: Network


@dataclass(frozen=True)
class Family:
    """`coefficients` of depth, width and resolution; `levels`, of which the first is the base; `trials`, every triplet
    that was tried with its reward, None where it cannot be used."""

    coefficients: Coefficients
    levels: list
    trials: list


def scale(
    base: Candidate,
    accuracy: Callable[[Network], Optional[float]],
    latency: Callable[[Network], float],
    *,
    levels: int = 7,
    factor: float = 1.68,
    targets_ms: Sequence[float] = (),
    coefficients: Optional[Coefficients] = None,
    also: Sequence[Coefficients] = (),
    divisions: int = 6,
    refinements: int = 2,
    search_level: int = 0,
    weight: float = -0.09,
) -> Family:
    """Scales a candidate. `accuracy` (per cent or a fraction, None where it cannot be judged) and `latency` (ms) are callables
    of yours that take a network; each is asked once for every distinct one. Targets are `targets_ms`, rising, or the base's
    latency times `factor` for each of `levels`. The triplet of depth, width and resolution is searched at the target of
    `search_level` (0: the middle one), on a grid of `divisions` and `refinements` finer ones, and among `also`; with
    `coefficients` it is that one, and nothing is searched."""
    tried = [*also] if coefficients is None else [coefficients]
    grid = divisions if coefficients is None else 0
    found, family, trials = _scale(
        base, accuracy, latency, levels, factor, list(targets_ms), tried, grid, refinements, search_level, weight
    )
    return Family(tuple(found), [Level(**level) for level in family], [(tuple(triplet), reward) for triplet, reward in trials])
