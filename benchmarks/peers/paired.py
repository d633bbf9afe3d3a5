# SPDX-License-Identifier: Apache-2.0
"""Statistics of contestants that were timed in the same rounds; the rules are those of include/nascent/timing/statistics.hpp."""

import math
from statistics import median


def ranks_around_median(count, confidence=0.95):
    """Ranks, from 1, of two order statistics that enclose the median with at least this probability; None where samples are too few."""
    best, below = None, 0.0
    for k in range(1, count // 2 + 1):
        below += math.comb(count, k - 1) * 0.5**count  # P(B < k), B binomial(count, 1/2)
        if 1 - 2 * below < confidence:
            break
        best = (k, count + 1 - k)
    return best


def median_interval(values, confidence=0.95):
    """The median and an interval around it that supposes nothing of the distribution; (0, infinity) for too few values."""
    ordered = sorted(values)
    ranks = ranks_around_median(len(ordered), confidence)
    low, high = (ordered[ranks[0] - 1], ordered[ranks[1] - 1]) if ranks else (0.0, math.inf)
    return median(ordered), low, high


def quartile_spread(values):
    """Distance of the quartiles over the median."""
    ordered = sorted(values)

    def quantile(p):
        at = p * (len(ordered) - 1)
        left = int(at)
        right = min(left + 1, len(ordered) - 1)
        return ordered[left] + (at - left) * (ordered[right] - ordered[left])

    return (quantile(0.75) - quantile(0.25)) / median(ordered)


class Turn:
    """The passes of one contestant in one round."""

    def __init__(self, reply):
        self.wall, self.cpu, self.switches = reply["wall_ms"], reply["cpu_ms"], reply["switches"]

    def wall_ms(self):
        """Median over passes that kept the processor, over all where none did."""
        kept = [w for w, s in zip(self.wall, self.switches) if s == 0]
        return median(kept or self.wall)

    def cpu_ms(self):
        return median(self.cpu)

    def spoilt(self):
        return all(s > 0 for s in self.switches)


def choose_clock(turns_of_all, threads):
    """"wall", or "cpu" where one thread worked and other programs spoilt more than half of the turns."""
    turns = [t for turns in turns_of_all for t in turns]
    spoilt = sum(t.spoilt() for t in turns)
    return "cpu" if threads == 1 and 2 * spoilt > len(turns) else "wall"


def times(turns, clock):
    return [t.cpu_ms() if clock == "cpu" else t.wall_ms() for t in turns]


def ratio(first, second, confidence=0.95):
    """Median over rounds of first / second with its interval."""
    middle, low, high = median_interval([math.log(a / b) for a, b in zip(first, second)], confidence)
    if math.isinf(high):
        return math.exp(middle), 0.0, math.inf
    return math.exp(middle), math.exp(low), math.exp(high)
