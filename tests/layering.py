#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks how the headers are laid out.

    layering.py INCLUDE                          checks every header under INCLUDE/nascent
    layering.py INCLUDE --usable-with=A,B FILE.. prints the files that need no other component than A and B

A header includes headers of its own room and of the rooms that cmake/house.txt allows it, the standard library, and of
other libraries only those of its room. A header *.h is for C: it includes the standard library of C. One header includes at most one other library. nascent.hpp needs the standard
library only. Every header includes another, so that base/language.hpp comes before all else. What is compiled once for
each instruction set is a file *.inc; the same holds for it. No arrow runs
back: house.txt names a room's rooms from those before it.
"""

import re
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent / "cmake" / "house.txt"


def read_house(path):
    """The rooms with their components and the rooms they may use, the components with their headers' names, and the
    headers that alone may include a component's."""
    rooms, components, only = {}, {}, {}
    for line in path.read_text().splitlines():
        kind, *fields = line.split("#")[0].split() or [""]
        if kind == "component":
            components[fields[0]] = fields[-1]
        elif kind == "room":
            listed = [] if fields[1] == "-" else fields[1].split(",")
            rooms[fields[0]] = (listed, [room for room in fields[2:] if room != "-"])
        elif kind == "only":
            only[fields[0].split("/")[0], fields[1]] = fields[0]
    return rooms, components, only


ROOMS, COMPONENTS, ONLY_IN = read_house(HOUSE)

# The standard library has no dot or slash in its names; of the system, only what measuring needs.
STANDARD = r"[a-z_0-9]+"
SYSTEM = r"sys/[a-z_]+\.h|(time|unistd|sched|pthread|dlfcn|fcntl|errno|cpuid|immintrin|xmmintrin|omp)\.h"
SYSTEM_ROOMS = ("base", "executor", "timing", "latency", "erased")
C_STANDARD = r"std(def|int)\.h"

MAX_LINES = 400
LANGUAGE = "nascent/base/language.hpp"


def includes(path):
    """The (line number, name) of each include of a file."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), path.read_text(), flags=re.S)
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line):
            yield number, match[1]


def component_of(name):
    return next((c for c, pattern in COMPONENTS.items() if re.match(pattern, name)), None)


def needs(path, root, seen):
    """The components that a file needs, its own headers followed to the end."""
    if path in seen:
        return set()
    seen.add(path)
    found = set()
    for _, name in includes(path):
        if (root / name).is_file():
            found |= needs(root / name, root, seen)
        elif component := component_of(name):
            found.add(component)
    return found


def room_of(name):
    """The room of a header named as it is included; None for one directly in nascent/."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 else None


def check_include(header, name, root):
    """What is wrong with a header's including this name, or None."""
    room = room_of(header)
    if name.startswith("nascent/"):
        if not (root / name).is_file():
            return f"{name} does not exist"
        other = room_of(name)
        if room is None:
            return None
        if other not in ROOMS:
            return f"{name} is in no room"
        if other != room and other not in ROOMS[room][1]:
            return f"{name}: room {room} may not use room {other}"
        return None
    component = component_of(name)
    if component:
        allowed = ROOMS[room][0] if room else []
        if component not in allowed:
            return f"{name}: {component} is not for {'room ' + room if room else 'a header outside the rooms'}"
        only = ONLY_IN.get((room, component))
        if only and not header.startswith("nascent/" + only):
            return f"{name}: in room {room} {component} is for {only}*.hpp only"
        return None
    if re.fullmatch(STANDARD, name) or (room in SYSTEM_ROOMS and re.fullmatch(SYSTEM, name)):
        return None
    return f"{name} is neither of nascent, nor of the standard library, nor of a component"


def find_cycle(header, root, done, trail):
    """The headers of a cycle of includes that starts at this one, or None."""
    if header in trail:
        return trail[trail.index(header) :] + [header]
    if header in done:
        return None
    done.add(header)
    for _, name in includes(root / header):
        if (root / name).is_file():
            if cycle := find_cycle(name, root, done, trail + [header]):
                return cycle
    return None


def check_house():
    """Every fault of the list itself."""
    known = []
    for room, (components, uses) in ROOMS.items():
        for other in uses:
            if other not in known:
                yield f"house.txt: room {room} uses {other}, which is not a room before it"
        for component in components:
            if component not in COMPONENTS:
                yield f"house.txt: room {room} has {component}, which is no component"
        known.append(room)


def check(root):
    """Every fault of the headers under root, one sentence each."""
    done = set()
    guarded = (root / LANGUAGE).is_file()
    yield from check_house()
    for path in sorted((root / "nascent").rglob("*")):
        if path.is_dir():
            continue
        header = path.relative_to(root).as_posix()
        room = room_of(header)
        if path.suffix not in (".hpp", ".inc", ".h"):
            yield f"{header}: only .hpp, .inc and .h files belong here"
            continue
        if room is not None and room not in ROOMS:
            yield f"{header}: there is no room {room}"
            continue
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) >= MAX_LINES:
            yield f"{header}: {len(lines)} lines; less than {MAX_LINES} are allowed"
        if path.suffix == ".hpp" and "#pragma once" not in lines:
            yield f"{header}: no #pragma once"
        if path.suffix == ".inc" and "#pragma once" in lines:
            yield f"{header}: #pragma once in what is included more than once"
        for number, line in enumerate(lines, 1):
            if "\t" in line:
                yield f"{header}:{number}: a tab"
            if line != line.rstrip():
                yield f"{header}:{number}: white space at the end of the line"
        if path.suffix == ".h":
            for number, name in includes(path):
                if not re.fullmatch(C_STANDARD, name):
                    yield f"{header}:{number}: {name} is not of C's stddef.h and stdint.h"
            continue
        for number, name in includes(path):
            if fault := check_include(header, name, root):
                yield f"{header}:{number}: {fault}"
        if guarded and path.suffix == ".hpp" and header != LANGUAGE:
            if not any(name.startswith("nascent/") for _, name in includes(path)):
                yield f"{header}: does not include {LANGUAGE}, nor a header that does"
        direct = {c for _, name in includes(path) if (c := component_of(name))}
        if len(direct) > 1:
            yield f"{header}: includes {' and '.join(sorted(direct))}; one header, one library"
        if header == "nascent/nascent.hpp" and (found := needs(path, root, set())):
            yield f"{header}: needs {', '.join(sorted(found))}; the standard library only is allowed"
        if cycle := find_cycle(header, root, done, []):
            yield f"{header}: includes go in a circle: {' -> '.join(cycle)}"


def main(arguments):
    root = Path(arguments[0]).resolve()
    if len(arguments) > 1:
        found = set(arguments[1].removeprefix("--usable-with=").split(","))
        for file in arguments[2:]:
            if needs(Path(file), root, set()) <= found:
                print(file)
        return 0
    faults = list(check(root))
    print("\n".join(faults) or "layering: no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
