# SPDX-License-Identifier: Apache-2.0
"""Which decisions of a space take part when: what tools with conditional parameters are told."""

import math

from ._core import Random


def conditions(space):
    """For each slot None, or (parent, options): it takes part where the parent does and decides for one of these options.

    Whether it does depends on the parent's decision alone, so that one candidate for each decision answers it; options that
    no candidate has are none of them."""
    slots = space.slots
    parents = sorted({s["parent"] for s in slots if s["parent"] is not None})
    wanted = {(p, o) for p in parents for o in range(len(slots[p]["values"]))}
    seen = {}
    rng = Random(1)
    for _ in range(200):
        if len(seen) == len(wanted):
            break
        c = space.sample(rng)
        for row in (c.decisions, *space.neighbours(c)):
            for p in parents:
                if row[p] >= 0:
                    seen.setdefault((p, int(row[p])), row)
    found = []
    for k, slot in enumerate(slots):
        p = slot["parent"]
        if p is None:
            found.append(None)
        else:
            options = (o for o in range(len(slots[p]["values"])) if (p, o) in seen and seen[p, o][k] >= 0)
            found.append((p, frozenset(options)))
    return found


def in_order(space):
    """The slots' numbers, a parent before what it decides about."""
    found, slots = [], space.slots

    def visit(k):
        if k not in seen:
            seen.add(k)
            if slots[k]["parent"] is not None:
                visit(slots[k]["parent"])
            found.append(k)

    seen = set()
    for k in range(len(slots)):
        visit(k)
    return found


def size_without_constraints(space):
    """How many candidates slots and conditions alone would make."""
    slots, when = space.slots, conditions(space)
    children = {}
    for k, w in enumerate(when):
        children.setdefault(None if w is None else w[0], []).append(k)

    def count(k):
        total = 0
        for o in range(len(slots[k]["values"])):
            total += math.prod(count(c) for c in children.get(k, ()) if o in when[c][1])
        return total

    return math.prod(count(k) for k in children.get(None, ()))
