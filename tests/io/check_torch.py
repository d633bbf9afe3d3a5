#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the PyTorch modules of networks answer what this library answers, and have as many parameters.

    check_torch.py WRITE_MODULES VENV [--all]

Makes the virtual environment VENV with PyTorch from the Python index where it is not there yet; exits with 77, which
CTest takes for skipped, where that is not reachable. WRITE_MODULES is the program that writes modules and answers.
"""

import json
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from python_index import prepared  # noqa: E402

PACKAGES = ["torch>=2.1", "safetensors", "numpy"]
TOLERANCE = 1e-4  # of the largest number of an answer


def answer_of(path, about):
    """What the module gives for the input, one output after another."""
    import numpy
    import torch
    from safetensors.torch import load_file

    module = runpy.run_path(str(path))[about["class"]]().eval()
    params = sum(p.numel() for p in module.parameters())
    if params != about["params"]:
        raise ValueError(f"{params} parameters for {about['params']}")
    module.load_state_dict(load_file(path.with_suffix(".safetensors")))  # all names and shapes, and no other
    pixels = torch.from_numpy(numpy.fromfile(path.with_suffix(".input"), numpy.float32)).reshape(about["shape"])
    with torch.no_grad():
        found = module(pixels)
    return numpy.concatenate([f.flatten().numpy() for f in (found.values() if isinstance(found, dict) else [found])])


def compare(folder):
    """Runs in the environment. The number of networks whose module is another one."""
    import numpy
    import torch

    torch.set_num_threads(1)
    wrong, largest, modules = 0, 0.0, sorted(Path(folder).glob("*.py"))
    for path in modules:
        expected = numpy.fromfile(path.with_suffix(".output"), numpy.float32)
        try:
            answer = answer_of(path, json.loads(path.with_suffix(".json").read_text()))
        except Exception as e:  # one module that fails does not hide the others
            print(f"{path.name}: {type(e).__name__}: {e}")
            wrong += 1
            continue
        if answer.shape != expected.shape or not numpy.isfinite(expected).all():
            print(f"{path.name}: {answer.size} numbers for {expected.size}, or numbers that are not finite")
            wrong += 1
            continue
        scale = numpy.abs(expected).max()
        distance = numpy.abs(answer - expected).max() / scale if scale > 0 else numpy.abs(answer).max()
        largest = max(largest, distance)
        if not distance <= TOLERANCE:
            print(f"{path.name}: off by {distance:.2e} of the largest number")
            wrong += 1
    print(f"PyTorch {torch.__version__}: {len(modules)} networks, {wrong} wrong, the largest difference is {largest:.1e} of the largest number")
    return wrong + (not modules)


def main(arguments):
    if arguments[0] == "--compare":
        return 1 if compare(arguments[1]) else 0
    program, environment, *all_of_them = arguments
    python = prepared(Path(environment), PACKAGES, present="torch, safetensors", timeout=900)
    if python is None:
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder, *all_of_them], check=True)
        wrong = subprocess.run([python, __file__, "--compare", folder]).returncode
        # One of them is trained for an epoch by the example.
        example = Path(__file__).resolve().parents[2] / "examples" / "train_design.py"
        design = next(Path(folder).glob("*NAS_Bench_201.py"))
        out = Path(folder) / "trained.safetensors"
        train = [python, example, design, "--weights", design.with_suffix(".safetensors"), "--count", "100", "--out", out]
        wrong |= subprocess.run(train).returncode
        return 1 if wrong or not out.exists() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
