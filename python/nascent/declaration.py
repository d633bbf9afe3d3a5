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

`build` writes the C++ declaration (`to_cpp` shows it), compiles it once into a module, and loads that: counting and sampling are as
fast as in C++, and what the C++ compiler refuses is refused here with the same words (DeclarationError). Modules are kept
in a cache folder by what they were made of; it takes a C++20 compiler, for some seconds, and only the first time.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Optional, Union

from . import _build, _core
from ._core import Space
from ._errors import DeclarationError, ModuleError

#: Names of the library's blocks, with the fields of each in their order and the types of their values.
BLOCKS = _core.blocks


def _refuse(where: str, found: str, allowed: str, code: str = "python.declaration") -> DeclarationError:
    error = DeclarationError(f"nascent: {where}: found {found}; allowed: {allowed}")
    error.code, error.where, error.found, error.allowed = code, where, found, allowed
    return error


def _literal(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "?" for c in plain) + '"'


def _number(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise _refuse(where, repr(value), "a finite number")
        return repr(value)
    try:  # numpy's numbers, and others that are exact
        if int(value) == value:
            return str(int(value))
        return repr(float(value))
    except (TypeError, ValueError):
        raise _refuse(where, f"{value!r} of type {type(value).__name__}", "a number, a name, or a choice of them") from None


def _value(value: Any, where: str, enumeration: Optional[str] = None) -> str:
    if isinstance(value, _Written):
        return value.written(where, enumeration)
    if isinstance(value, str):
        if enumeration is None:
            return _literal(value)
        if value not in _core.enumerations[enumeration]:
            raise _refuse(where, repr(value), ", ".join(_core.enumerations[enumeration]))
        return f"{enumeration}::{value}"
    if isinstance(value, tuple):
        # Rows and columns apart: an image of (480, 640), a kernel of (3, 5), a stride of (2, 1).
        if len(value) != 2:
            raise _refuse(where, repr(value), "a number, or rows and columns such as (3, 5)")
        kind = next((kind for word, kind in _PAIRS.items() if where.endswith(word)), None)
        if kind is None:
            raise _refuse(where, repr(value), "one value; pairs are for images, kernels and strides")
        return f"{kind}{{{_number(value[0], where)}, {_number(value[1], where)}}}"
    return _number(value, where)


#: The types of pairs, by how the place ends where they may stand.
_PAIRS = {"input": "image_size", "kernel": "kernel_size", "stride": "strides"}


class _Written:
    """Something that has a C++ text."""

    def written(self, where: str, enumeration: Optional[str]) -> str:
        raise NotImplementedError


class _Call(_Written):
    """A call of a function of the library: one_of(3, 5), fixed(32), tied_to("stem.filters")."""

    def __init__(self, function: str, *arguments: Any, texts: bool = False):
        self.function, self.arguments, self.texts = function, arguments, texts

    def written(self, where: str, enumeration: Optional[str] = None) -> str:
        inside = (_value(a, where, None if self.texts else enumeration) for a in self.arguments)
        return f"{self.function}({', '.join(inside)})"

    def __repr__(self) -> str:
        return f"{self.function}({', '.join(map(repr, self.arguments))})"


def one_of(*values: Any) -> _Written:
    """A choice between values: one_of(3, 5), one_of(0, .25), one_of("relu", "swish")."""
    return _Call("one_of", *values)


def range(first: int, last: int, step: int = 1) -> _Written:  # noqa: A001: the word of the C++ builder
    """The whole numbers first, first + step, ..., last. `last` is one of them, unlike in Python's own range."""
    return _Call("range", first, last, step)


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
    return _Call("either", *blocks)


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

    def written(self, where: str, enumeration: Optional[str] = None) -> str:
        # C++ wants designated fields in their order; Python's have none.
        inside = (
            f".{name} = {_value(self.fields[name], f'{where}, field {name}', of)}"
            for name, of in BLOCKS[self.block].items()
            if name in self.fields
        )
        return f"{self.block}{{{', '.join(inside)}}}"

    def __repr__(self) -> str:
        return f"{self.block}({', '.join(f'{k}={v!r}' for k, v in self.fields.items())})"


def block(name: str, **fields: Any) -> Block:
    """A block of the library by its name: block("mbconv", filters=24)."""
    return Block(name, **fields)


class _Quantity:
    """What is compared with a number to make a constraint."""

    def __init__(self, text: str):
        self.text = text

    def _against(self, relation: str, bound: Any) -> "Constraint":
        other = bound.text if isinstance(bound, _Quantity) else _value(bound, "constraint")
        return Constraint(f"{self.text} {relation} {other}")

    def __le__(self, bound: Any) -> "Constraint":
        return self._against("<=", bound)

    def __lt__(self, bound: Any) -> "Constraint":
        return self._against("<", bound)

    def __ge__(self, bound: Any) -> "Constraint":
        return self._against(">=", bound)

    def __gt__(self, bound: Any) -> "Constraint":
        return self._against(">", bound)

    def __eq__(self, bound: Any) -> "Constraint":  # type: ignore[override]
        return self._against("==", bound)

    def __ne__(self, bound: Any) -> "Constraint":  # type: ignore[override]
        return self._against("!=", bound)

    __hash__ = None  # type: ignore[assignment]


class Constraint:
    """What `.require` takes."""

    def __init__(self, text: str):
        self.text = text


def _paths(function: str, paths: tuple) -> str:
    return f"{function}({', '.join(map(_literal, paths))})"


def sum_of(*paths: str) -> _Quantity:
    """The sum of choices, by their paths or patterns: sum_of("*.layers") <= 14."""
    return _Quantity(_paths("sum", paths))


def product_of(*paths: str) -> _Quantity:
    return _Quantity(_paths("product", paths))


def value_of(path: str) -> _Quantity:
    """The value of one choice: value_of("1.filters") <= value_of("2.filters")."""
    return _Quantity(f"value_of({_literal(path)})")


def all_equal(*paths: str) -> Constraint:
    return Constraint(_paths("all_equal", paths))


def monotone(*paths: str) -> Constraint:
    """Each not below the one before it."""
    return Constraint(_paths("monotone", paths))


class Declaration:
    """What a chain of calls has collected; each call gives a new one. `build` makes the space."""

    def __init__(self, name: str, calls: tuple = ()):
        self._name, self._calls = name, calls

    def _with(self, call: str) -> "Declaration":
        return Declaration(self._name, (*self._calls, call))

    def input(self, channels: int, resolution: Any) -> "Declaration":
        """The network's input: channels and resolution, a value or a choice. Comes first."""
        return self._with(f".input({_number(channels, 'input')}, {_value(resolution, 'input')})")

    def stage(self, name: str, block: Union[Block, _Written]) -> "Declaration":
        """Adds a stage of one layer; layers, stride and skip say more about it."""
        if not isinstance(block, _Written):
            raise _refuse(f"stage {name}", repr(block), "a block, such as conv(filters=32), or either(...) of blocks")
        return self._with(f".stage({_literal(name)}, {block.written(f'stage {name}', None)})")

    def layers(self, count: Any) -> "Declaration":
        """How many layers the stage has: a number, a choice, or independent(...)."""
        return self._with(f".layers({_value(count, 'layers')})")

    def stride(self, value: Any) -> "Declaration":
        """The stride of the stage's first layer."""
        return self._with(f".stride({_value(value, 'stride')})")

    def skip(self, source: Any) -> "Declaration":
        """Adds the output of an earlier stage, by its name, to that of this one."""
        return self._with(f".skip({_value(source, 'skip')})")

    def choose(self, name: str, values: _Written) -> "Declaration":
        """A choice of its own that tied_to(name) can refer to."""
        return self._with(f".choose({_literal(name)}, {_value(values, f'choice {name}')})")

    def head(self, *blocks: Block) -> "Declaration":
        """What follows the last stage."""
        return self._with(f".head({', '.join(b.written('head', None) for b in blocks)})")

    def require(self, constraint: Constraint) -> "Declaration":
        """Keeps only candidates that keep a constraint; counting and sampling know it."""
        if not isinstance(constraint, Constraint):
            raise _refuse("require", repr(constraint), 'a constraint, such as sum_of("*.layers") <= 14')
        return self._with(f".require({constraint.text})")

    def to_cpp(self) -> str:
        """The declaration in C++: the source of a module."""
        calls = "\n      ".join((f"return search_space({_literal(self._name)})", *self._calls))
        return f"""#include "nascent/block/library.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/either.hpp"
#include "nascent/erased/space_module.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

constexpr auto declared = define([] {{
  {calls};
}});

extern "C" const nascent_module* nascent_module_entry() {{
  static const space_module mine{{declared}};
  return mine.table();
}}
"""

    def build(self, cache: Union[str, os.PathLike, None] = None, compiler: Optional[str] = None) -> Space:
        """The space. Compiled where it is not in the cache yet ($XDG_CACHE_HOME/nascent, ~/.cache/nascent).

        Raises DeclarationError where the declaration makes no sense, ModuleError where there is no compiler."""
        source = self.to_cpp()
        compiler = compiler or os.environ.get("CXX") or _build.COMPILER
        key = hashlib.sha256("\n".join((source, compiler, _core.built_with, _headers_key())).encode()).hexdigest()[:32]
        folder = Path(cache) if cache is not None else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nascent"
        module = folder / f"{key}.so"
        if not module.exists():
            _compile(self._name, source, compiler, module)
        return _core.load(str(module))[0]


def search_space(name: str) -> Declaration:
    """Begins the declaration of a space."""
    return Declaration(name)


def _include_folder() -> Path:
    installed = Path(__file__).parent / "include"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "include"


def _headers_key() -> str:
    """Changes where headers do, as they may in a working copy."""
    newest = max((f.stat().st_mtime_ns for f in (_include_folder() / "nascent").rglob("*.hpp")), default=0)
    return str(newest)


def _compile(name: str, source: str, compiler: str, module: Path) -> None:
    if shutil.which(compiler) is None:
        error = ModuleError(
            f"nascent: space '{name}', build: found no compiler '{compiler}'; allowed: a C++20 compiler; install g++, or "
            "say which: build(compiler=...), or CXX in the environment"
        )
        error.code, error.where, error.found = "python.compiler", f"space '{name}', build", f"no compiler '{compiler}'"
        raise error
    module.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=module.parent) as work:
        text = Path(work) / "space.cpp"
        text.write_text(source, encoding="utf-8")
        made = Path(work) / "space.so"
        command = [compiler, "-std=c++20", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{_include_folder()}", str(text), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise _refused(name, done.stderr)
        os.replace(made, module)


def _refused(name: str, text: str) -> DeclarationError:
    """What the compiler printed as one error: the sentence of the first assertion, with the texts that say where."""
    sentence = re.search(r"nascent: ([^\n]*)", text)
    if sentence is None:
        first = next((line for line in text.splitlines() if "error" in line), "nothing that the compiler said")
        error = _refuse(f"space '{name}'", first.split("error: ")[-1], "a declaration that compiles; `text` has all that it printed")
    else:
        words = sentence[1].strip().rstrip("\"'")
        texts = re.findall(r'literal<\d+>\s*\{\s*"((?:[^"\\]|\\.)*)"', text)
        said = [t.removeprefix("found ") for t in texts if t.startswith("found ")]
        may = [t.removeprefix("allowed: ") for t in texts if t.startswith("allowed: ")]
        where = f"space '{name}'" + "".join(f", {t}" for t in texts[:1])
        spoken = re.fullmatch(r"(.*?) found (.*?); allowed: (.*)", words)
        if said and may:
            error = _refuse(where, said[0], f"{may[0]}; {words}")
        elif spoken:
            error = _refuse(f"{where}, {spoken[1]}", spoken[2], spoken[3])
        else:
            error = _refuse(where, "a declaration that is refused", words)
    error.text = text
    return error


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
