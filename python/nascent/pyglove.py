# SPDX-License-Identifier: Apache-2.0
"""PyGlove: a space as a template with a DNA spec, candidates both ways. Needs the package pyglove where it is used."""

from ._conditions import conditions, size_without_constraints
from ._core import Candidate, Space
from ._errors import SpaceError


class Template:
    """`spec` is PyGlove's DNASpec of a space; `decode(dna)` is a candidate, `encode(candidate)` its DNA. A decision that takes
    part only under another is one under that choice. A space with constraints is refused: a DNA spec has no words for them."""

    def __init__(self, space: Space) -> None:
        import pyglove

        if size_without_constraints(space) != space.size:
            found, allowed = "constraints", "a space without: a DNA spec has no words for them"
            error = SpaceError(f"nascent: space '{space.name}', PyGlove: found {found}; allowed: {allowed}")
            error.code, error.where, error.found, error.allowed = "python.pyglove", f"space '{space.name}', PyGlove", found, allowed
            raise error
        self.space = space
        self._slots = space.slots
        self._when = conditions(space)
        self._children = {}
        for k, when in enumerate(self._when):
            self._children.setdefault(None if when is None else when[0], []).append(k)
        self._template = pyglove.template(self._level(pyglove, None, None))
        self.spec = self._template.dna_spec()

    def _under(self, parent, option):
        return [k for k in self._children.get(parent, ()) if parent is None or option in self._when[k][1]]

    def _level(self, pyglove, parent, option):
        """The choices under an option: {"s3": one of {"option": 0, ...}, ...}."""
        level = {} if parent is None else {"option": option}
        for k in self._under(parent, option):
            options = [self._level(pyglove, k, o) for o in range(len(self._slots[k]["values"]))]
            level[f"s{k}"] = options[0] if len(options) == 1 else pyglove.oneof(options, name=self._slots[k]["path"])
        return pyglove.Dict(level)

    def decode(self, dna) -> Candidate:
        row = [-1] * len(self._slots)

        def read(level):
            for key, value in level.items():
                if key != "option":
                    row[int(key[1:])] = value.option
                    read(value)

        read(self._template.decode(dna))
        return self.space.candidate(row)

    def encode(self, candidate: Candidate):
        import pyglove

        row = [int(d) for d in candidate.decisions]

        def written(parent, option):
            level = {} if parent is None else {"option": option}
            for k in self._under(parent, option):
                level[f"s{k}"] = written(k, row[k])
            return pyglove.Dict(level)

        return self._template.encode(written(None, None))
