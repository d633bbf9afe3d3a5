#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one translation unit of several test files: together.py OUT FILE...

What the files include is included first; then each stands in a namespace of its own, so that their names do not meet.
The compiler then makes code once of what all of them use: in half of the time.
"""

import re
import sys
from pathlib import Path


def included_by(path):
    """The headers that a file includes, as anybody may include them: those beside it by their whole path."""
    for brackets, name in re.findall(r'^#include ([<"])([^>"]+)[>"]', path.read_text(encoding="utf-8"), re.MULTILINE):
        beside = (path.parent / name).resolve()
        yield f'"{beside}"' if brackets == '"' and beside.exists() else f"<{name}>"


def together(paths):
    headers = dict.fromkeys(header for path in paths for header in included_by(path))
    text = "".join(f"#include {header}\n" for header in headers)
    for path in paths:
        name = re.sub(r"\W", "_", path.stem)
        text += f'namespace test_of_{name} {{\n#include "{path}"\n}}\n'
    return text


if __name__ == "__main__":
    out, *files = map(Path, sys.argv[1:])
    out.write_text(together([file.resolve() for file in files]), encoding="utf-8")
