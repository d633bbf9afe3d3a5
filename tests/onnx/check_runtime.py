#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether ONNX Runtime answers what this library answers.

    check_runtime.py WRITE_NETWORKS VENV [--all]

Makes the virtual environment VENV with ONNX Runtime from the Python index where it is not there yet; exits with 77, which
CTest takes for skipped, where that is not reachable. WRITE_NETWORKS is the program that writes networks and answers.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from python_index import prepared  # noqa: E402

PACKAGES = ["onnxruntime>=1.17", "onnx>=1.16", "numpy"]
TOLERANCE = 1e-4  # of the largest number of an answer
MOST_REFUSED = 3


def compare(folder):
    """Runs in the environment. The number of networks whose answer is another one."""
    import numpy
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    wrong, refused, largest, models = 0, 0, 0.0, sorted(Path(folder).glob("*.onnx"))
    for path in models:
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        expected = numpy.fromfile(path.with_suffix(".output"), numpy.float32)
        pixels = numpy.fromfile(path.with_suffix(".input"), numpy.float32)
        shape = session.get_inputs()[0].shape
        free = pixels.size // numpy.prod([d for d in shape if isinstance(d, int)], dtype=int)
        pixels = pixels.reshape([d if isinstance(d, int) else free for d in shape])
        try:
            answer = numpy.concatenate([a.flatten() for a in session.run(None, {"input": pixels})])
        except Exception as fault:
            # Its checks of 1.32 want less of it than the stride; ONNX and PyTorch, than the stride or the dilation.
            if "output_padding" not in str(fault) or refused == MOST_REFUSED:
                raise
            print(f"{path.name}: not run: an output_padding that ONNX Runtime {onnxruntime.__version__} refuses")
            refused += 1
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
    print(f"ONNX Runtime {onnxruntime.__version__}: {len(models)} networks, the largest difference is {largest:.1e} of the largest number")
    return wrong + (not models)


def main(arguments):
    if arguments[0] == "--compare":
        return 1 if compare(arguments[1]) else 0
    program, environment, *all_of_them = arguments
    python = prepared(Path(environment), PACKAGES, present="onnx, onnxruntime")
    if python is None:
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder, *all_of_them], check=True)
        return subprocess.run([python, __file__, "--compare", folder]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
