#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs the Python package as a user does, `pip install .` into an environment of its own, and runs its tests.

    check_package.py SOURCE VENV COMPILER

Exits with 77, which CTest takes for skipped, where what the package is built with is not to be had from the Python index.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from python_index import prepared  # noqa: E402

TOOLS = ["optuna>=4", "ConfigSpace>=1.2", "pyglove>=0.4.5"]
BUILD = ["scikit-build-core>=0.10", "pybind11>=2.10", "numpy"]


def main(source, folder, compiler):
    python = prepared(folder, BUILD, timeout=300)
    if python is None:
        return 77
    headers = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"], capture_output=True, text=True)
    if not (Path(headers.stdout.strip()) / "Python.h").exists():
        print("skipped: Python.h is not there (Debian: python3-dev)")
        return 77
    # Without isolation, so that what was fetched serves; the folder stays, so that a second run builds what changed.
    # Less optimised than a user's: nothing is timed.
    pip = [python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--force-reinstall", "-C", f"build-dir={folder / 'build'}",
           "-C", "cmake.define.CMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", source]
    if subprocess.run(pip, env={**os.environ, "CXX": compiler}).returncode != 0:
        return 1
    # Tools whose tests are skipped where they are not there.
    prepared(folder, TOOLS, present="optuna, ConfigSpace, pyglove", timeout=300)
    if os.environ.get("NASCENT_TEST_RAY"):  # more than a gigabyte, and a cluster of its own: by hand
        prepared(folder, ["ray[tune]", "syne-tune>=0.16"], present="ray.tune, syne_tune", timeout=600)
    else:
        print("skipped: the tests with Ray and Syne Tune (NASCENT_TEST_RAY=1 fetches them and runs them)")
    tests = [python, "-B", "-m", "unittest", "discover", "-s", Path(__file__).parent / "package"]
    return subprocess.run(tests, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
