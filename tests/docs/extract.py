#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes source files of the C++ blocks of a Markdown document, and prints the names of those to compile.

    extract.py DOCUMENT FOLDER

Blocks fenced as ```cpp are taken, all others are not. A block that starts with "// file: NAME" begins the file NAME or
goes on with it; a block that does not goes on with the file before it (the first: main.cpp). Headers (.hpp) are written
but not compiled on their own. Fencing the first block of a file as ```cpp no-run says that its program is not run.
A block fenced as ```text printed is what the program of the file before it prints: NAME.printed beside NAME.cpp.
Compilers report errors at the document's own lines.
"""

import re
import sys
from pathlib import Path

FENCE = re.compile(r"( *)(`{3,})(.*)$")
FILE = re.compile(r"// file: ([\w-]+\.[ch]pp)$")


def blocks(text):
    """The (info string, number of its first line, lines) of each fenced block."""
    opened = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None:
            if fence:
                indent, ticks, info = fence.groups()
                opened, content = (indent, ticks, info.strip(), number + 1), []
        elif fence and not fence[3].strip() and len(fence[2]) >= len(opened[1]):
            yield opened[2], opened[3], content
            opened = None
        else:
            content.append(line.removeprefix(opened[0]))
    if opened is not None:
        raise SystemExit(f"line {opened[3] - 1}: this block has no end")


def extract(text, document):
    """The files of a document: name to content."""
    files = {}
    current = "main.cpp"
    for info, first, lines in blocks(text):
        if info == "text printed":
            files[current.removesuffix(".cpp") + ".printed"] = "\n".join(lines) + "\n"
        if info not in ("cpp", "cpp no-run"):
            continue
        if match := FILE.match(lines[0]) if lines else None:
            current = match[1]
        if current not in files:
            files[current] = "// compiled only\n" if info == "cpp no-run" else ""
        files[current] += f'#line {first} "{document}"\n' + "\n".join(lines) + "\n"
    return files


def main(document, folder):
    document, folder = Path(document), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = extract(document.read_text(), document.as_posix())
    for old in [*folder.glob("*.cpp"), *folder.glob("*.hpp"), *folder.glob("*.printed")]:
        if old.name not in files:
            old.unlink()
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_text() != content:  # what has not changed is not compiled again
            path.write_text(content)
        if path.suffix == ".cpp":
            print(path.as_posix())


if __name__ == "__main__":
    main(*sys.argv[1:])
