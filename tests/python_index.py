# SPDX-License-Identifier: Apache-2.0
"""Environments with packages of the Python index, for tests that run other programs' own code."""

import subprocess
import venv


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
