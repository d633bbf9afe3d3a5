#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the machine code of own kernels: no function outside of them has got their instruction set.

    target_regions.py OBJDUMP LIBRARY

A program with these kernels runs on every x86-64 processor: only functions of the namespaces own::avx2 and own::avx512
may use AVX. A function of the standard library that a compiler gives their instruction set would be the one that the
linker keeps for the whole program. And each namespace must use what it is there for.
"""

import collections
import re
import subprocess
import sys

SET = re.compile(r"_ZZ?NK?7nascent6detail3own(?:4(avx2)|6(avx512))")
USES = {"avx2": r"vfmadd\d+ps\s.*ymm", "avx512": r"(vfmadd\d+|vdpbf16)ps\s.*zmm"}


def functions(text):
    """The (mangled name, instructions) of each function of a disassembly."""
    name, lines = None, []
    for line in text.splitlines():
        if match := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            if name:
                yield name, lines
            name, lines = match[1], []
        elif match := re.match(r"\s+[0-9a-f]+:\s+(.*)", line):
            lines.append(match[1])
    if name:
        yield name, lines


def check(text):
    """Every fault of a disassembly, one sentence each."""
    used = collections.Counter()
    for name, lines in functions(text):
        match = SET.match(name)
        own = match and (match[1] or match[2])
        if own:
            used[own] += sum(bool(re.match(USES[own], line)) for line in lines)
        wide = next((line for line in lines if re.match(r"v[a-z0-9]+\s", line)), None)
        if wide and not own:
            yield f"{name} uses AVX ({wide.strip()}), but belongs to no instruction set"
        if own == "avx2" and any("zmm" in line for line in lines):
            yield f"{name} uses AVX-512 in the kernels for AVX2"
    for name in USES:
        if not used[name]:
            yield f"no fused product in the kernels for {name}"


def main(objdump, library):
    text = subprocess.run(
        [objdump, "-d", "--no-show-raw-insn", library], capture_output=True, text=True, check=True
    ).stdout
    faults = list(check(text))
    print("\n".join(faults[:20]) or "target regions: no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
