#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Would the tests notice? Puts small bugs into headers, one at a time, and runs the tests of the room.

    mutate.py --seed 7 latency=20 reward=8        draws 28 mutants, tries them, prints what was noticed
    mutate.py --list FILE                         tries the mutants of a file: "nascent/room/name.hpp:12: old => new"
    mutate.py --seed 7 latency=20 --draw          prints the mutants and tries nothing
    mutate.py --seed 7 latency=20 --again ID      tries one mutant again, for instance after a test was written
    mutate.py --seed 7 latency=20 --equivalent ID WHY   marks a mutant that changes nothing anybody could observe
    mutate.py --seed 7 latency=20 --report        prints the results so far

It works on copies of headers and tests in build/mutate; the tree is never changed. Results are appended to
build/mutate/<name>.jsonl after each mutant, so that a run that was killed goes on where it was; mutants come in random
order, so that those tried by then are a fair sample. The test files of the room that include the header, at whatever
distance, are built with -O0 and run without what is tagged [measures], [gpu] or [long]: first the one that mirrors the
header, tests/<room>/<name>.cpp, then those that name most of what only this header names, then those that include
least. The first that fails ends it; so does one that does not end.

By hand only: each test file is built once for all mutants of a run, in some 15 seconds; what cannot be built so, and
what nobody notices in a constexpr function, is built by itself.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import layering  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutate"
FLAGS = os.environ.get("CXXFLAGS", "-w -D_GLIBCXX_ASSERTIONS").split()
LIBRARIES = {"sqlite": ["-lsqlite3"], "onednn": ["-ldnnl"], "onnx": ["-lonnx", "-lonnx_proto", "-lprotobuf"]}
DEFINITIONS = {"onnx": ["-DONNX_NAMESPACE=onnx", "-DONNX_ML=1"]}
TESTED_IN = {"io": ["io", "onnx"], "executor": ["executor", "cudnn", "cudnn_device"]}  # other rooms: their own folder
SPEC = "~[measures]~[gpu]~[long]"
SECONDS = 200  # of a processor, at first
RESULTS = ("noticed", "not noticed", "does not compile", "equivalent")


# Reading a header


def blank(text):
    """The text, as long as it was, with spaces for comments, directives and what is between quotes."""

    def spaces(match):
        keep = 1 if match[0][0] in "\"'" else 0
        inner = match[0][keep : len(match[0]) - keep]
        return match[0][:keep] + re.sub(r"[^\n]", "\x01" if keep else " ", inner) + match[0][len(match[0]) - keep :]

    comment = r"//[^\n]*|/\*.*?\*/"
    directive = r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*"
    quoted = r"\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
    return re.sub(f"{comment}|{directive}|{quoted}", spaces, text, flags=re.S | re.M)


class function:
    """A function's body between its braces, and what stands before it."""

    def __init__(self, begin, declaration):
        self.begin, self.end, self.declaration = begin, begin, declaration

    def gives_nothing(self, body, types):
        """Whether it is void, a constructor or a destructor: these may return without a value."""
        name = re.search(r"(~?\w+)\s*\(", self.declaration)
        is_of_type = name is not None and name[1].lstrip("~") in types
        return is_of_type or re.search(r"\bvoid\s+\w+\s*\(", self.declaration) or not re.search(r"\breturn\b[^;]", body)


def functions_of(text):
    """The functions of a blanked text, not those inside others."""
    found = []
    kinds, start, round_depth = [], 0, 0
    for i, c in enumerate(text):
        in_function = "function" in kinds
        if c in "([":
            round_depth += 1
        elif c in ")]":
            round_depth -= 1
        elif c == "{":
            before = text[start:i]
            if re.search(r"\bconcept\b|\brequires\s*\([^()]*\)\s*$", before) or re.search(r"(?<!:)[:,]\s+\w+$", before):
                kinds.append("value")  # the last are members that a constructor initialises
            elif in_function:
                kinds.append("inner")
            elif round_depth > 0:
                kinds.append("function" if re.search(r"\]\s*(\([^{}]*\)[^{}]*)?$", before) else "value")
            elif re.search(r"\bnamespace\b", before):
                kinds.append("namespace")
            elif re.search(r"\b(struct|class|union|enum)\b(?![^{]*\))", before):
                kinds.append("type")
            elif re.search(r"\)[^=]*$", before) or re.search(r"->[^=;]*$", before):
                kinds.append("function")
            else:
                kinds.append("value")
            if kinds[-1] == "function":
                found.append(function(i + 1, before))
            start = i + 1
        elif c == "}":
            if kinds and kinds.pop() == "function":
                found[-1].end = i
            start = i + 1
        elif c == ";" and round_depth == 0:
            start = i + 1
    return found


def function_bodies(text):
    """Per character of a blanked text: whether it is in the body of a function."""
    inside = bytearray(len(text))
    for f in functions_of(text):
        inside[f.begin : f.end] = b"\1" * (f.end - f.begin)
    for match in re.finditer(r"\b(static_assert|requires|template|using|typename|sizeof)\b[^;{]*", text):
        inside[match.start() : match.end()] = bytes(match.end() - match.start())
    return inside


def closing(text, at):
    """Where the bracket that opens at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth == 0:
            return i
    return len(text)


def end_of_term(text, at, ends):
    """Where the term that begins at `at` ends: before one of `ends` outside all brackets, or a bracket that closes."""
    depth, i = 0, at
    while i < len(text):
        if depth == 0 and (text[i] in ")]};," or any(text.startswith(e, i) for e in ends)):
            return i
        depth += (text[i] in "([{") - (text[i] in ")]}")
        i += 1
    return i


def fields_of_one_type(root):
    """For each field of a struct of the library: the fields of the same struct that have the same type."""
    alike = {}
    for path in sorted(root.rglob("*.hpp")):
        for body in re.findall(r"\bstruct \w+[^;{()]*\{(.*?)^\s*\};", blank(path.read_text()), flags=re.S | re.M):
            by_type = {}
            field = r"^\s+((?:std::)?[\w:<>, ]+?) (\w+)(?: = [^;]*|\{[^;]*\})?;"
            for kind, name in re.findall(field, body, flags=re.M):
                if kind not in ("return", "using", "auto", "const auto", "namespace"):
                    by_type.setdefault(kind, []).append(name)
            for names in by_type.values():
                for name in names:
                    alike.setdefault(name, set()).update(set(names) - {name})
    return alike


SWAPS = {
    "relational flip": {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == "},
    "arithmetic": {" + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " += ": " -= ", " -= ": " += "},
    "and, or": {" && ": " || ", " || ": " && "},
    "off by one": {" + 1": "", " - 1": "", ".size()": ".size() - 1", ".begin()": ".begin() + 1"},
    "min, max": {"std::min(": "std::max(", "std::max(": "std::min(", "min_element": "max_element",
                 "max_element": "min_element", "lower_bound": "upper_bound", "upper_bound": "lower_bound",
                 ".front()": ".back()", ".back()": ".front()"},
    "early end": {"continue;": "break;", "break;": "continue;"},
    "true, false": {"true": "false", "false": "true"},
}


def mutants_of(header, fields):
    """Every mutant of a header: (operator, offset, old text, new text)."""
    original = (ROOT / "include" / header).read_text()
    text = blank(original)
    inside = function_bodies(text)
    words = set(re.findall(r"\w+", text))
    found = []

    def add(operator, at, end, new):
        if all(inside[at:end]) and at < end and original[at:end] != new and not re.search(r"\x01", text[at:end]):
            found.append((operator, at, original[at:end], new))

    for operator, swaps in SWAPS.items():
        for old, new in swaps.items():
            word = r"\b" if re.match(r"\w", old) else ""
            after = r"\b" if re.match(r"\w", old[-1]) else ""
            for match in re.finditer(word + re.escape(old) + after, text):
                beside_text = '"' in (text[match.start() - 1], text[match.end() : match.end() + 1])
                if not (operator == "arithmetic" and beside_text):
                    add(operator, match.start(), match.end(), new)
    either = (" || ", " ? ", " : ")
    both = (" && ", *either)
    total = (" + ", " - ", " < ", " > ", " <= ", " >= ", " == ", " != ", *both)
    ends = {"||": either, "&&": both, "+": total, "-": total, "*": (" * ", " / ", *total)}
    for match in re.finditer(r" (&&|\|\||\+|-|\*) ", text):
        end = end_of_term(text, match.end(), ends[match[1]])
        if '"' not in text[match.end() : end]:
            add("dropped term", match.start(), end, "")
    for match in re.finditer(r"(?<=[\w\])])(?:\.|->)(\w+)\b(?!\(|<|\{)", text):
        if match[1] in fields and not re.match(r"\d", match[1]):
            for other in sorted(fields[match[1]] & words):
                add("wrong field", match.start(1), match.end(1), other)
    for match in re.finditer(r"(\w+)\((?=[^()])", text):
        if match[1] in ("if", "for", "while", "switch", "min", "max", "operator", "hypot", "catch", "return"):
            continue
        first = match.end()
        middle = end_of_term(text, first, ())
        if text[middle : middle + 1] != ",":
            continue
        last = end_of_term(text, middle + 1, ())
        if text[last : last + 1] == ")":
            a, b = original[first:middle], original[middle + 1 : last].strip()
            if '"' not in a + b and a != b and "[" != a[:1] and "[" != b[:1]:
                add("swapped arguments", first, last, f"{b}, {a}")
    for match in re.finditer(r"(?<![\w.'])(\d+(?:\.\d*)?(?:e-?\d+)?|\.\d+)(?![\w.'])", text):
        number = match[1]
        if re.fullmatch(r"\d+", number):
            add("constant", match.start(), match.end(), str(int(number) + 1))
            if int(number) > 0:
                add("constant", match.start(), match.end(), str(int(number) - 1))
        elif float(number) != 0:
            add("constant", match.start(), match.end(), repr(float(number) * 1.5))
    for match in re.finditer(r"\bif (?:constexpr )?\(", text):
        end = closing(text, match.end() - 1)
        condition = original[match.end() : end]
        if ";" not in condition and "constexpr" not in match[0]:
            add("negated condition", match.end(), end, f"!({condition})")
    for match in re.finditer(r"(?<![\w)\]])!(?=[\w(:])", text):
        add("dropped !", match.start(), match.end(), "")
    other = r"(?!(?:return|throw|using|case|break|continue|if|for|while|else|static_assert|do)\b)"
    call_or_assignment = other + r"[\w:>.\[\]()*-]+(?:\([^;{}]*\)| (?:[-+*/|]?=) [^;{}]*|\+\+)"
    for match in re.finditer(rf"^[ ]+({call_or_assignment}|\+\+[\w.\[\]]+);$", text, flags=re.M):
        if not re.match(r"[\w:]+ \w+ = ", match[1]):
            add("dropped statement", match.start(1), match.end() - 1, "")
    for match in re.finditer(r"\bfor \([^;{}]*(?:;[^;{}]*;[^{}]*|:[^{}]*)\) \{", text):
        end = closing(text, match.end() - 1)
        add("loop ends after its first pass", end, end + 1, "break; }")
    return found


def identity(header, operator, at, old, new):
    return hashlib.sha256(f"{header}|{operator}|{at}|{old}|{new}".encode()).hexdigest()[:8]


def describe(header, operator, at, old, new):
    text = (ROOT / "include" / header).read_text()
    line = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    last = text.find("\n", at + len(old))
    after = (text[start:at] + new + text[at + len(old) : last]).strip()
    return {"id": identity(header, operator, at, old, new), "header": header, "line": line, "operator": operator,
            "offset": at, "old": old, "new": new, "was": text[start:last].strip(), "is": after}


def headers_of(room):
    include = ROOT / "include"
    return sorted(p.relative_to(include).as_posix() for p in (include / "nascent" / room).rglob("*.hpp"))


def draw(seed, rooms):
    """For each room so many mutants: first an operator, each as likely as any other, then one of its places."""
    fields = fields_of_one_type(ROOT / "include" / "nascent")
    for room, count in rooms.items():
        generator = random.Random(f"{seed} {room}")
        by_operator = {}
        for header in headers_of(room):
            for mutant in mutants_of(header, fields):
                by_operator.setdefault(mutant[0], []).append((header, *mutant))
        drawn = set()
        while len(drawn) < count and by_operator:
            operator = generator.choice(sorted(by_operator))
            places = sorted({m[:1] + m[2:3] for m in by_operator[operator]})
            place = generator.choice(places)
            mutant = generator.choice([m for m in by_operator[operator] if m[:1] + m[2:3] == place])
            if mutant not in drawn:
                drawn.add(mutant)
                yield describe(*mutant)


def read_list(path):
    """The mutants of a file: JSON as results are written, or "nascent/room/name.hpp:12: old => new"."""
    for line in Path(path).read_text().splitlines():
        if line.startswith("{"):
            yield {k: v for k, v in json.loads(line).items() if k not in ("result", "by", "why")}
        elif match := re.fullmatch(r"(\S+\.hpp):(\d+): (.*) => (.*)", line):
            text = (ROOT / "include" / match[1]).read_text()
            start = sum(len(l) for l in text.splitlines(True)[: int(match[2]) - 1])
            at = text.find(match[3], start)
            if not start <= at <= text.find("\n", start):
                raise SystemExit(f"{line}: the line does not hold the old text")
            yield describe(match[1], "by hand", at, match[3], match[4])


# Building and running


def command(arguments, folder, seconds, cpu_seconds=None, mutant=None):
    """Its exit status, none where it did not end in time, and what it said."""

    def limit():
        os.nice(10)
        os.setpgrp()
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        if cpu_seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))

    environment = {**os.environ, "NASCENT_MUTANT": str(-1 if mutant is None else mutant)}
    process = subprocess.Popen(arguments, cwd=folder, preexec_fn=limit, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output.decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None, f"did not end within {seconds} s"


def includes_of(file, seen):
    """The names of all headers of ours that a test file includes, at whatever distance."""
    for _, name in layering.includes(file):
        for path in (ROOT / "include" / name, file.parent / name, ROOT / "tests" / name):
            if path.is_file() and path not in seen:
                seen[path] = name
                includes_of(path, seen)
                break
    return seen


class Tests:
    """The test files, and for a header those that could notice, the likeliest first."""

    def __init__(self):
        self.includes = {}
        words = {}
        for path in (ROOT / "include" / "nascent").rglob("*.hpp"):
            for word in set(re.findall(r"\b[a-z_]{5,}\b", blank(path.read_text()))):
                words.setdefault(word, []).append(path)
        self.own_words = {}
        for word, paths in words.items():
            if len(paths) <= 3:
                for path in paths:
                    self.own_words.setdefault(path, set()).add(word)

    def of(self, header):
        path = ROOT / "include" / header
        parts = header.split("/")
        room, name = parts[1], parts[-1].removesuffix(".hpp")
        files = []
        for file in sorted(f for r in TESTED_IN.get(room, [room]) for f in (ROOT / "tests" / r).glob("*.cpp")):
            if file not in self.includes:
                self.includes[file] = includes_of(file, {})
            if path in self.includes[file]:
                words = set(re.findall(r"\b[a-z_]{5,}\b", file.read_text()))
                direct = f"nascent/{'/'.join(parts[1:])}" in file.read_text()
                own = len(words & self.own_words.get(path, set()))
                files.append((file.stem != name, not direct, -own, len(self.includes[file]), file))
        return [f[-1] for f in sorted(files)]


SWITCH = """#pragma once
#include <cstdlib>
/// Which mutant is alive: the number in the environment.
inline const int nascent_mutant = [] {
  const char* text = std::getenv("NASCENT_MUTANT");
  return text == nullptr ? -1 : std::atoi(text);
}();
"""


class Workplace:
    """A copy of headers and tests in which mutants are tried.

    The compiler takes far longer than the tests. So every function gets the mutants of its body in front of it, each
    behind a switch that the environment sets, and a test file is built once for all of them. What cannot be built so
    (another type is deduced, or the mutant does not compile) and what constant evaluation alone would notice is built
    by itself."""

    def __init__(self, mutants, without):
        self.folder = COPY / "place"
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("include", "tests", "examples"):  # tests and headers may change while this runs
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(ROOT / name, self.folder / name)
        (self.folder / "switch.hpp").write_text(SWITCH)
        self.spec = SPEC + "".join(f"~{name}" for name in without)
        self.mutants = list(mutants)
        self.originals = {h: (self.folder / "include" / h).read_text() for h in {m["header"] for m in self.mutants}}
        # Programs of an earlier run that are still those of this one.
        everything = [self.mutants, self.spec, FLAGS, *(p.read_text() for p in sorted(self.folder.rglob("*.hpp")))]
        self.about = hashlib.sha256(json.dumps(everything).encode()).hexdigest()
        state = self.folder / "state.json"
        before = json.loads(state.read_text()) if state.exists() else {}
        if before.get("about") != self.about:
            before = {"programs": {}, "alone": [], "cpu": {}}
        self.programs = before["programs"]  # by test file and its content: its program with all mutants, or None
        self.cpu = before["cpu"]  # seconds that it takes
        self.alone = set(before["alone"])  # numbers of mutants that are built by themselves

    def keep_state(self):
        state = {"about": self.about, "programs": self.programs, "alone": sorted(self.alone), "cpu": self.cpu}
        (self.folder / "state.json").write_text(json.dumps(state))

    def fits(self, mutant):
        text = self.originals[mutant["header"]]
        return text[mutant["offset"] : mutant["offset"] + len(mutant["old"])] == mutant["old"]

    def write_originals(self):
        for header, text in self.originals.items():
            (self.folder / "include" / header).write_text(text)

    def write_all(self):
        """All mutants behind their switches. Returns whose they are: (header, first line, last line, numbers)."""
        owners = []
        for header, text in self.originals.items():
            functions = functions_of(blank(text))
            types = set(re.findall(r"\b(?:struct|class)\s+(\w+)", text))
            written, at = "", 0
            for f in functions:
                mine = [n for n, m in enumerate(self.mutants) if n not in self.alone and m["header"] == header
                        and f.begin <= m["offset"] < f.end]
                if not mine:
                    continue
                written += text[at : f.begin]
                first = written.count("\n") + 1
                body = text[f.begin : f.end]
                end = " return;" if f.gives_nothing(blank(body), types) else ""
                for n in mine:
                    m = self.mutants[n]
                    offset = m["offset"] - f.begin
                    changed = body[:offset] + m["new"] + body[offset + len(m["old"]) :]
                    begin = written.count("\n") + 1
                    condition = f"!__builtin_is_constant_evaluated() && ::nascent_mutant == {n}"
                    written += f"\nif ({condition}) {{\n{changed}\n{end} }}\n"
                    owners.append((header, begin, written.count("\n") + 1, [n]))
                written += body
                at = f.end
                owners.append((header, first, written.count("\n") + 1, mine))
            (self.folder / "include" / header).write_text(written + text[at:])
        return owners

    def build(self, file, program):
        """Builds one test file: what the compiler said where it failed."""
        components = layering.needs(file, ROOT / "include", set())
        launcher = ["ccache"] if shutil.which("ccache") else []
        compiler = os.environ.get("CXX", "g++")
        rc, said = command([*launcher, compiler, "-std=c++20", "-O0", *FLAGS, "-include", "switch.hpp", "-Iinclude",
                            "-Itests", "-I.", "-I/usr/include/eigen3",
                            *(d for c in components for d in DEFINITIONS.get(c, [])),
                            "-c", file.relative_to(ROOT).as_posix(), "-o", "test.o"], self.folder, 1800)
        if rc == 0:
            libraries = sorted({l for c in components for l in LIBRARIES.get(c, [])}, reverse=True)
            rc, said = command([compiler, "test.o", "-o", program, "-lCatch2Main", "-lCatch2", *libraries, "-lpthread",
                                "-ldl"], self.folder, 600)
        return "" if rc == 0 else said or "error"

    def run(self, program, mutant=None):
        """What a test said that failed; "" where all passed."""
        arguments = [f"./{program}", self.spec, "--abort", "--allow-running-no-tests"]
        most = int(5 + 1.5 * self.cpu.get(program, SECONDS))  # what takes longer does not end
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        rc, said = command(arguments, self.folder, 1800, most, mutant)
        if mutant is None:
            self.cpu[program] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        if rc == 0:
            return ""
        failed = re.search(r"^.*?(\S+\.[ch]pp:\d+): FAILED:\n(.*?)\n", said, flags=re.M)
        return f"{failed[1]} {failed[2].strip()}" if failed else said.strip()[-160:] or f"status {rc}"

    def program_of(self, file):
        """The program of a test file with all mutants behind switches; None where that cannot be built."""
        content = hashlib.sha256((self.folder / file.relative_to(ROOT)).read_bytes()).hexdigest()
        if (known := f"{file.name} {content}") in self.programs:
            return self.programs[known]
        program = "test_" + "_".join(file.relative_to(ROOT / "tests").with_suffix("").parts)
        while True:
            owners = self.write_all()
            said = self.build(file, program)
            self.write_originals()
            if not said:
                break
            blamed = set()
            for header, line in re.findall(r"include/(nascent/\S+?):(\d+):\d+: (?:fatal )?error", said):
                around = [o for o in owners if o[0] == header and o[1] <= int(line) <= o[2]]
                if around:
                    blamed.update(min(around, key=lambda o: o[2] - o[1])[3])
            if not blamed:
                print(f"{program} cannot be built with all mutants: {said[:300]}", flush=True)
                self.programs[known] = None
                return None
            self.alone |= blamed
        if said := self.run(program):  # a test that fails without a mutant proves nothing
            raise SystemExit(f"{program} fails without a mutant: {said}")
        self.programs[known] = program
        self.keep_state()
        return program

    def try_alone(self, mutant, files):
        """Builds one mutant by itself."""
        path = self.folder / "include" / mutant["header"]
        text = self.originals[mutant["header"]]
        for file in files:
            path.write_text(text[: mutant["offset"]] + mutant["new"] + text[mutant["offset"] + len(mutant["old"]) :])
            said = self.build(file, "test_alone")
            path.write_text(text)
            by = file.relative_to(ROOT / "tests").as_posix()
            if said:
                error = next((line for line in said.splitlines() if "error" in line), said[-200:])
                asserted = "static assertion failed" in said or re.search(r"tests/\S+ error:.*const", said)
                return {"result": "noticed" if asserted else "does not compile", "by": by, "why": error}
            if said := self.run("test_alone"):
                return {"result": "noticed", "by": by, "why": said}
        return {"result": "not noticed"}

    def try_mutant(self, mutant, tests, most):
        """What the tests say of a mutant: its result, and by which file."""
        number = next(n for n, m in enumerate(self.mutants) if m["id"] == mutant["id"])
        if not self.fits(mutant):
            return {**mutant, "result": "does not compile", "why": "the header has changed since it was drawn"}
        files = tests.of(mutant["header"])[:most]
        programs = 0
        for file in files:
            program = self.program_of(file)
            if number in self.alone or program is None:
                continue
            programs += 1
            if said := self.run(program, number):
                return {**mutant, "result": "noticed", "by": program, "why": said}
        functions = functions_of(blank(self.originals[mutant["header"]]))
        body = next((f for f in functions if f.begin <= mutant["offset"] < f.end), None)
        if programs < len(files):
            return {**mutant, **self.try_alone(mutant, files)}
        if body is None or "constexpr" in body.declaration:
            return {**mutant, **self.try_alone(mutant, files[:2])}
        return {**mutant, "result": "not noticed", "by": ", ".join(f.stem for f in files)}


# Results


def read_results(path):
    """The last result of each mutant."""
    results = {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # cut by a kill
                continue
            results[row["id"]] = row
    return results


def keep(path, row):
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def report(mutants, results):
    rows = [results[m["id"]] for m in mutants if m["id"] in results]
    for row in rows:
        if row["result"] == "not noticed":
            print(f"{row['id']}  {row['header']}:{row['line']}  {row['operator']}\n  - {row['was']}\n  + {row['is']}")
    print(f"\n{'room':<12}" + "".join(f"{r:>18}" for r in RESULTS) + f"{'share noticed':>18}")
    rooms = sorted({row["header"].split("/")[1] for row in rows})
    for room in [*rooms, "all"]:
        of_room = [row for row in rows if room in ("all", row["header"].split("/")[1])]
        counts = [sum(row["result"] == result for row in of_room) for result in RESULTS]
        judged = counts[0] + counts[1]
        share = f"{100 * counts[0] / judged:>16.0f} %" if judged else ""
        print(f"{room:<12}" + "".join(f"{c:>18}" for c in counts) + share)
    if len(rows) < len(mutants):
        print(f"{len(mutants) - len(rows)} of {len(mutants)} were not tried yet")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM=COUNT", help="how many mutants of which room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", help="a file of mutants instead of a seed")
    parser.add_argument("--most", type=int, default=100, help="so many test files for each mutant, at most")
    parser.add_argument("--without", nargs="+", default=[], metavar="TEST", help="test cases to leave out: slow ones")
    parser.add_argument("--build-in", nargs="+", default=[], type=int, metavar="SEED",
                        help="builds mutants of these seeds too: a run over them will find its programs there")
    parser.add_argument("--draw", action="store_true", help="prints the mutants only")
    parser.add_argument("--report", action="store_true", help="prints the results only")
    parser.add_argument("--again", nargs="+", default=[], metavar="ID", help="tries these again")
    parser.add_argument("--equivalent", nargs=2, metavar=("ID", "WHY"))
    options = parser.parse_args()
    rooms = {}
    for room in options.rooms:
        name, _, count = room.partition("=")
        if not count.isdigit() or not (ROOT / "include" / "nascent" / name).is_dir():
            parser.error(f"{room}: found no room of include/nascent and a count; allowed: for instance latency=20")
        rooms[name] = int(count)
    if not rooms and not options.list:
        parser.error("found neither rooms nor --list")
    COPY.mkdir(parents=True, exist_ok=True)
    name = Path(options.list).stem if options.list else f"seed_{options.seed}"
    file = COPY / f"{name}.jsonl"
    drawing = COPY / f"{name}.drawn.{hashlib.sha256(repr(sorted(rooms.items())).encode()).hexdigest()[:8]}.json"
    # A drawing is kept: whoever mends a header on the way does not change what was drawn.
    if options.list:
        mutants = list(read_list(options.list))
    elif drawing.exists():
        mutants = json.loads(drawing.read_text())
    else:
        mutants = list(draw(options.seed, rooms))
        drawing.write_text(json.dumps(mutants))
    results = read_results(file)
    if options.draw:
        for m in mutants:
            print(f"{m['id']}  {m['header']}:{m['line']}  {m['operator']}\n  - {m['was']}\n  + {m['is']}")
        return 0
    if options.equivalent:
        mutant = next((m for m in mutants if m["id"] == options.equivalent[0]), None)
        if mutant is None:
            parser.error(f"{options.equivalent[0]}: no such mutant")
        keep(file, {**mutant, "result": "equivalent", "why": options.equivalent[1]})
        return 0
    if not options.report:
        waiting = [m for m in mutants if m["id"] in options.again or (m["id"] not in results and not options.again)]
        waiting.sort(key=lambda m: m["id"])  # at random: whatever was tried by some time is a sample of all
        tests = Tests()
        built = [m for seed in sorted({options.seed, *options.build_in})
                 for m in (mutants if seed == options.seed else draw(seed, rooms))]
        place = Workplace(built, options.without)
        for mutant in waiting:
            row = place.try_mutant(mutant, tests, options.most)
            keep(file, row)
            results[row["id"]] = row
            print(f"{row['id']} {row['result']:<16} {row['header']}:{row['line']} {row.get('why', '')}", flush=True)
    report(mutants, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
