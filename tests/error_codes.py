#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the codes of errors in the headers and in docs/errors.md agree? error_codes.py INCLUDE DOCUMENT"""
import pathlib
import re
import sys

CODE = re.compile(r'(?:error|[Mm]odel|refuse|failure)\w*\s*[({]\s*"([a-z0-9_]+\.[a-z0-9_]+)",')


def main(include: str, document: str) -> int:
    used = {}
    for path in sorted(pathlib.Path(include).rglob("*.hpp")):
        for match in CODE.finditer(path.read_text()):
            used.setdefault(match.group(1), path)
    table = "\n".join(line.split("|")[3] for line in pathlib.Path(document).read_text().splitlines()
                      if line.startswith("|") and line.count("|") >= 5)
    documented = set(re.findall(r"`([a-z0-9_]+\.[a-z0-9_]+)`", table))
    faults = [f"{used[code]}: code {code} is not in {document}" for code in sorted(used.keys() - documented)]
    faults += [f"{document}: code {code} is in no header" for code in sorted(documented - used.keys())]
    if not used:
        faults.append(f"{include}: found no codes")
    print("\n".join(faults) or f"error codes: {len(used)}, all documented")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
