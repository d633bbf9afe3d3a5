# SPDX-License-Identifier: Apache-2.0
"""Environments with packages of the Python index, for tests that run other programs' own code."""

import os
import subprocess
import sys
import venv
from pathlib import Path


def prepared(folder, packages, present=None, timeout=400):
    """The Python of the environment `folder`, made where it is not there yet and given the packages, unless what `present`
    imports is there; None, with a line that the test is skipped, where they cannot be had."""
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
        if present and subprocess.run([python, "-c", f"import {present}"], capture_output=True).returncode == 0:
            return python
        pip = [python, "-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "20", *packages]
        done = subprocess.run(pip, capture_output=True, text=True, timeout=timeout)
        if done.returncode == 0:
            return python
        why = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    except (OSError, subprocess.SubprocessError) as e:
        why = str(e)
    print(f"skipped: {', '.join(packages)} are not to be had from the Python index ({why})")
    return None


def run_with(packages, arguments, timeout):
    """The status of a program in Python, run where there are such large packages: by NASCENT_TIMM_PYTHON or this Python if it
    has them, or by the environment NASCENT_TIMM_ENVIRONMENT, which is given them; else 77, with a line that says so."""
    names = ", ".join(packages)
    for python in filter(None, (os.environ.get("NASCENT_TIMM_PYTHON"), sys.executable)):
        if subprocess.run([python, "-c", f"import {names}"], capture_output=True).returncode == 0:
            break
    else:
        folder = os.environ.get("NASCENT_TIMM_ENVIRONMENT")
        python = folder and prepared(Path(folder), packages, present=names, timeout=timeout)
        if not folder:
            print(f"skipped: no Python here has {names}; NASCENT_TIMM_PYTHON names one that has")
        if not python:
            return 77
    return subprocess.run([python, "-B", *arguments]).returncode
