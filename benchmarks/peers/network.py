# SPDX-License-Identifier: Apache-2.0
"""Networks as benchmark_runtime exports them: layers from NAME.json, numbers from NAME.weights, images from NAME.input."""

import array
import hashlib
import json
import math
import os


class UnsupportedLayer(Exception):
    """A layer that an interpreter here does not know."""


def read_numbers(path):
    """f32, little-endian, as an array.array."""
    numbers = array.array("f")
    with open(path, "rb") as file:
        numbers.frombytes(file.read())
    return numbers


def difference(found, expected):
    """The largest difference relative to the largest magnitude expected; infinite where anything on either side is not finite."""
    if len(found) != len(expected):
        return float("inf")
    if not all(map(math.isfinite, found)) or not all(map(math.isfinite, expected)):
        return float("inf")
    gaps = [abs(f - e) for f, e in zip(found, expected)]
    return max(gaps) / (max(abs(e) for e in expected) or 1.0)


def channels_last(outputs, batch):
    """For each image all outputs, in this library's order: NumPy arrays in NCHW order, or matrices of images x numbers."""
    import numpy

    rows = [o.transpose(0, 2, 3, 1) if o.ndim == 4 else o for o in outputs]
    return numpy.concatenate([r.reshape(batch, -1) for r in rows], axis=1)


class Network:
    """One exported network. Tensor 0 is the input; layer i, from 0, makes tensor i + 1."""

    def __init__(self, folder, name):
        self.path = os.path.join(folder, name)
        with open(self.path + ".json", "rb") as file:
            text = file.read()
        exported = json.loads(text)
        self.key = hashlib.sha256(json.dumps(exported["network"]).encode()).hexdigest()[:8]  # tells apart what was compiled from it
        self.name = name
        self.images = exported["images"]
        self.types = exported["types"]
        self.layers = exported["network"]["layers"]
        self.outputs = [output["name"] for output in exported["network"]["outputs"]]
        self.input = exported["network"]["input"]
        self.macs = exported["network"]["macs"]

    def expected(self, dtype, batch):
        """What benchmark_runtime answered on the first `batch` images."""
        answers = read_numbers(f"{self.path}.{dtype}.output")
        return answers[: len(answers) // self.images * batch]

    def pixels(self, batch):
        """The first `batch` images, a NumPy array in NCHW order."""
        import numpy

        shape = (self.images, self.input["height"], self.input["width"], self.input["channels"])
        images = numpy.fromfile(self.path + ".input", dtype=numpy.float32).reshape(shape)[:batch]
        return numpy.ascontiguousarray(images.transpose(0, 3, 1, 2))

    def onnx_file(self, dtype, batch):
        """The network with its weights, as benchmark_onnx wrote it. Raises FileNotFoundError where it did not."""
        path = f"{self.path}.{dtype}.{batch}.onnx"
        if not os.path.exists(path):
            raise FileNotFoundError(f"{self.name} is no ONNX file: benchmark_onnx, which is built where ONNX is found, writes them")
        return path

    def weights(self):
        """(kernel, bias) of each layer, NumPy arrays; (None, None) without weights. Kernels are OIHW, those of dense layers OI.

        Raises UnsupportedLayer for a layer with other weights.
        """
        import numpy

        numbers = numpy.fromfile(self.path + ".weights", dtype=numpy.float32)
        at = 0

        def take(*shape):
            nonlocal at
            count = int(numpy.prod(shape))
            at += count
            return numbers[at - count : at].reshape(shape)

        pairs = []
        for layer in self.layers:
            if layer["kind"] not in ("convolution", "dense"):
                if layer["params"] != 0:
                    raise UnsupportedLayer(f"{self.name}: weights of a layer of kind '{layer['kind']}'")
                pairs.append((None, None))
                continue
            inputs, outputs = layer["input"]["channels"], layer["output"]["channels"]
            if layer["kind"] == "dense":
                kernel = take(outputs, inputs)
            else:
                kernel = take(outputs, *layer["kernel"], inputs // layer.get("groups", 1)).transpose(0, 3, 1, 2)
            pairs.append((numpy.ascontiguousarray(kernel), take(outputs)))
        if at != len(numbers):
            raise ValueError(f"{self.path}.weights: found {len(numbers)} numbers; the layers need {at}")
        return pairs
