# SPDX-License-Identifier: Apache-2.0
"""Spaces declared in Python, in the words of the C++ builder:

    from nascent import search_space, one_of, range, conv, mbconv, global_pool, dense

    space = (
        search_space("mine")
        .input(3, range(192, 256, 32))
        .stage("1", mbconv(filters=one_of(16, 24, 32), kernel=one_of(3, 5), act="swish")).layers(range(1, 3)).stride(2)
        .head(conv(filters=256), global_pool(), dense(units=10))
        .build()
    )

A declaration is a file of a space (docs/space_files.md): `to_json` and `read_space` write and read it, `to_cpp` shows it in
C++. `build` compiles that once into a module and loads it: counting and sampling are as fast as in C++, and what the C++
compiler refuses is refused here with the same words (DeclarationError). Modules are kept in a cache folder by what they were
made of; it takes a C++20 compiler, for some seconds, and only the first time.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any, Optional, Union

from . import _build, _core
from ._core import Space
from ._errors import DeclarationError

#: Names of the library's blocks, with the fields of each in their order and the types of their values.
BLOCKS = _core.blocks


def _refuse(where: str, found: str, allowed: str, code: str = "python.declaration") -> DeclarationError:
    error = DeclarationError(f"nascent: {where}: found {found}; allowed: {allowed}")
    error.code, error.where, error.found, error.allowed = code, where, found, allowed
    return error


def _number(value: Any, where: str) -> Any:
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise _refuse(where, repr(value), "a finite number")
        return value
    try:  # numpy's numbers, and others that are exact
        return int(value) if int(value) == value else float(value)
    except (TypeError, ValueError):
        raise _refuse(where, f"{value!r} of type {type(value).__name__}", "a number, a name, or a choice of them") from None


def _value(value: Any, where: str, enumeration: Optional[str] = None) -> Any:
    if isinstance(value, _Written):
        return value.data(where, enumeration)
    if isinstance(value, str):
        if enumeration is not None and value not in _core.enumerations[enumeration]:
            raise _refuse(where, repr(value), ", ".join(_core.enumerations[enumeration]))
        return value
    if isinstance(value, tuple):
        # Rows and columns apart: an image of (480, 640), a kernel of (3, 5), a stride of (2, 1).
        if len(value) != 2:
            raise _refuse(where, repr(value), "a number, or rows and columns such as (3, 5)")
        if not where.endswith(("input", "kernel", "stride")):
            raise _refuse(where, repr(value), "one value; pairs are for images, kernels and strides")
        return f"{_number(value[0], where)}x{_number(value[1], where)}"
    return _number(value, where)


class _Written:
    """Something that a file can hold."""

    def data(self, where: str, enumeration: Optional[str]) -> Any:
        raise NotImplementedError


class _Call(_Written):
    """A word of the library around one value or a list of them: fixed(32), one_of(3, 5), tied_to("stem.filters")."""

    def __init__(self, word: str, *arguments: Any, lists: bool = False, texts: bool = False):
        self.word, self.arguments, self.lists, self.texts = word, arguments, lists, texts

    def data(self, where: str, enumeration: Optional[str] = None) -> Any:
        inside = [_value(a, where, None if self.texts else enumeration) for a in self.arguments]
        return {self.word: inside if self.lists else inside[0]}

    def __repr__(self) -> str:
        return f"{self.word}({', '.join(map(repr, self.arguments))})"


def one_of(*values: Any) -> _Written:
    """A choice between values: one_of(3, 5), one_of(0, .25), one_of("relu", "swish")."""
    return _Call("one_of", *values, lists=True)


def range(first: int, last: int, step: int = 1) -> _Written:  # noqa: A001: the word of the C++ builder
    """The whole numbers first, first + step, ..., last. `last` is one of them, unlike in Python's own range."""
    return _Call("range", first, last, step, lists=True)


def fixed(value: Any) -> _Written:
    """Scaling leaves this alone."""
    return _Call("fixed", value)


def scaled(value: Any) -> _Written:
    """Width scaling multiplies this, although it is no field that it multiplies by itself."""
    return _Call("scaled", value)


def tied_to(path: str) -> _Written:
    """The value of another choice of the space: tied_to("stem.filters"). Adds nothing to the count."""
    return _Call("tied_to", path, texts=True)


def shared(choice: _Written) -> _Written:
    """Among layers that choose independently: chosen once for all of them."""
    return _Call("shared", choice)


def independent(layers: Any) -> _Written:
    """Each layer of the stage chooses on its own."""
    return _Call("independent", layers)


def either(*blocks: "Block") -> _Written:
    """A choice between whole blocks."""
    return _Call("either", *blocks, lists=True)


class Block(_Written):
    """A block of the library with values or choices in its fields; what is not said has the default."""

    def __init__(self, block: str, /, **fields: Any):
        known = BLOCKS.get(block)
        if known is None:
            raise _refuse("block", repr(block), ", ".join(BLOCKS))
        for name in fields:
            if name not in known:
                raise _refuse(f"block {block}", f"field {name!r}", ", ".join(known) or "none")
        self.block, self.fields = block, fields

    def data(self, where: str, enumeration: Optional[str] = None) -> Any:
        inside = {name: _value(value, f"{where}, field {name}", BLOCKS[self.block][name]) for name, value in self.fields.items()}
        return {self.block: inside}

    def __repr__(self) -> str:
        return f"{self.block}({', '.join(f'{k}={v!r}' for k, v in self.fields.items())})"


def block(name: str, **fields: Any) -> Block:
    """A block of the library by its name: block("mbconv", filters=24)."""
    return Block(name, **fields)


class Constraint:
    """What `.require` takes."""

    def __init__(self, **data: Any):
        self.data = data


class _Quantity:
    """What is compared to make a constraint."""

    def __init__(self, **data: Any):
        self.data = data

    def _against(self, relation: str, bound: Any) -> Constraint:
        said = {**self.data, "compares": relation}
        if self.data["kind"] != "compare":
            if isinstance(bound, (_Quantity, _Written, str)):
                raise _refuse("constraint", repr(bound), "a number")
            return Constraint(**said, bound=_number(bound, "constraint"))
        if not isinstance(bound, _Quantity):
            return Constraint(**said, values=[_value(bound, "constraint")])
        if bound.data["kind"] != "compare":
            raise _refuse("constraint", bound.data["kind"], "value_of(path), or a value")
        return Constraint(**{**said, "paths": self.data["paths"] + bound.data["paths"]})

    def __le__(self, bound: Any) -> Constraint:
        return self._against("<=", bound)

    def __lt__(self, bound: Any) -> Constraint:
        return self._against("<", bound)

    def __ge__(self, bound: Any) -> Constraint:
        return self._against(">=", bound)

    def __gt__(self, bound: Any) -> Constraint:
        return self._against(">", bound)

    def __eq__(self, bound: Any) -> Constraint:  # type: ignore[override]
        return self._against("==", bound)

    def __ne__(self, bound: Any) -> Constraint:  # type: ignore[override]
        return self._against("!=", bound)

    __hash__ = None  # type: ignore[assignment]


def sum_of(*paths: str) -> _Quantity:
    """The sum of choices, by their paths or patterns: sum_of("*.layers") <= 14."""
    return _Quantity(kind="sum", paths=list(paths))


def product_of(*paths: str) -> _Quantity:
    return _Quantity(kind="product", paths=list(paths))


def value_of(path: str) -> _Quantity:
    """The value of one choice: value_of("1.filters") <= value_of("2.filters")."""
    return _Quantity(kind="compare", paths=[path])


def count_of(paths: Union[str, list], *values: Any) -> _Quantity:
    """How many of the choices take one of the values: count_of("*.kernel", 5) <= 3."""
    return _Quantity(kind="count", paths=[paths] if isinstance(paths, str) else list(paths), values=[_value(v, "constraint") for v in values])


def all_equal(*paths: str) -> Constraint:
    return Constraint(kind="all_equal", paths=list(paths))


def monotone(*paths: str) -> Constraint:
    """Each not below the one before it."""
    return Constraint(kind="monotone", paths=list(paths), compares="<=")


def table(paths: list, rows: list) -> Constraint:
    """The values that choices may take together: table(["1.kernel", "1.expand"], [(3, 6), (5, 3)])."""
    return Constraint(kind="table", paths=list(paths), rows=[[_value(v, "constraint") for v in row] for row in rows])


class Declaration:
    """What a chain of calls has collected; each call gives a new one. `build` makes the space."""

    def __init__(self, data: dict, last: Optional[str] = None):
        self._data, self._last = data, last

    def _with(self, part: str, *added: dict) -> "Declaration":
        data = copy.deepcopy(self._data)
        data.setdefault(part, []).extend(added)
        return Declaration(data, part)

    def _about_last(self, key: str, value: Any) -> "Declaration":
        """Says more about the last stage."""
        if self._last not in ("stages", "head") or "choice" in self._data[self._last][-1]:
            raise _refuse(f".{key}", "it before any stage", "after .stage(name, block)")
        data = copy.deepcopy(self._data)
        data[self._last][-1][key] = value
        return Declaration(data, self._last)

    def _begin(self, what: str) -> None:
        if "head" in self._data:
            raise _refuse(what, "it after the head", "stages before the head")

    def input(self, channels: int, resolution: Any) -> "Declaration":
        """The network's input: channels and resolution, a value or a choice. Comes first."""
        data = copy.deepcopy(self._data)
        data["input"] = {"channels": _number(channels, "input"), "resolution": _value(resolution, "input")}
        return Declaration(data)

    def round_widths(self, divisor: int = 8, limit: float = 0.9) -> "Declaration":
        """How width scaling rounds: to multiples of a divisor, up where less than `limit` of the width would be left."""
        return Declaration({**self._data, "round_widths": {"divisor": divisor, "limit": limit}}, self._last)

    def stage(self, name: str, block: Union[Block, _Written]) -> "Declaration":
        """Adds a stage of one layer; layers, stride and skip say more about it."""
        self._begin(f"stage {name}")
        if not isinstance(block, _Written):
            raise _refuse(f"stage {name}", repr(block), "a block, such as conv(filters=32), or either(...) of blocks")
        return self._with("stages", {"name": name, "block": block.data(f"stage {name}", None)})

    def layers(self, count: Any) -> "Declaration":
        """How many layers the stage has: a number, a choice, or independent(...)."""
        return self._about_last("layers", _value(count, "layers"))

    def stride(self, value: Any) -> "Declaration":
        """The stride of the stage's first layer."""
        return self._about_last("stride", _value(value, "stride"))

    def skip(self, source: Any, kind: str = "project") -> "Declaration":
        """Adds the output of an earlier stage, by its name, to that of this one; `kind` says what to do where shapes differ."""
        said = self._about_last("skip", _value(source, "skip"))
        return said if kind == "project" else said._about_last("skip_kind", kind)

    def choose(self, name: str, values: _Written, of: Optional[str] = None) -> "Declaration":
        """A choice of its own that tied_to(name) can refer to; of names, `of` is their type, such as "activation"."""
        self._begin(f"choice {name}")
        said = {"name": name, "choice": _value(values, f"choice {name}", of)}
        inside = said["choice"].get("one_of", []) if isinstance(said["choice"], dict) else []
        if of is None and any(isinstance(v, str) for v in inside):
            of = next((e for e, names in _core.enumerations.items() if all(v in names for v in inside)), None)
        return self._with("stages", said if of is None else {**said, "of": of})

    def head(self, *blocks: Block) -> "Declaration":
        """What follows the last stage."""
        return self._with("head", *({"block": b.data("head", None)} for b in blocks))

    def require(self, constraint: Constraint) -> "Declaration":
        """Keeps only candidates that keep a constraint; counting and sampling know it."""
        if not isinstance(constraint, Constraint):
            raise _refuse("require", repr(constraint), 'a constraint, such as sum_of("*.layers") <= 14')
        data = copy.deepcopy(self._data)
        data.setdefault("constraints", []).append(constraint.data)
        return Declaration(data, self._last)

    def to_json(self) -> str:
        """The declaration as a file: what `read_space` takes, here and in C++."""
        return json.dumps({"format": "nascent space", "version": 1, **self._data}, indent=2, ensure_ascii=False)

    def to_cpp(self) -> str:
        """The declaration in C++. Raises DeclarationError where it makes no sense."""
        return _core.space_to_cpp(self.to_json())

    def build(self, cache: Union[str, os.PathLike, None] = None, compiler: Optional[str] = None) -> Space:
        """The space. Compiled where it is not in the cache yet ($XDG_CACHE_HOME/nascent, ~/.cache/nascent).

        Raises DeclarationError where the declaration makes no sense, ModuleError where there is no compiler."""
        compiler = compiler or os.environ.get("CXX") or _build.COMPILER
        return _core.build_space(self.to_json(), compiler, str(_include_folder()), "" if cache is None else os.fspath(cache))


def search_space(name: str) -> Declaration:
    """Begins the declaration of a space."""
    return Declaration({"name": name})


def read_space(text: str) -> Declaration:
    """The declaration that a text of JSON holds: read_space(Path("gpunet.json").read_text()).build()."""
    try:
        data = json.loads(text)
    except ValueError as e:
        raise _refuse("file of a space", f"no JSON ({e})", "JSON") from None
    if not isinstance(data, dict):
        raise _refuse("file of a space", type(data).__name__, "a group of keys")
    return Declaration(data, "head" if data.get("head") else "stages" if data.get("stages") else None)


def _include_folder() -> Path:
    installed = Path(__file__).parent / "include"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "include"


def __getattr__(name: str) -> Any:
    """Each block of the library is a function of its own name: conv, mbconv, dense, ..."""
    if name in BLOCKS:

        def make(**fields: Any) -> Block:
            return Block(name, **fields)

        make.__name__ = make.__qualname__ = name
        make.__doc__ = f"{name}({', '.join(BLOCKS[name])}): values or choices; what is not said has the default."
        return make
    raise AttributeError(f"module 'nascent.declaration' has no attribute {name!r}")


def __dir__() -> list:
    return [*globals(), *BLOCKS]
