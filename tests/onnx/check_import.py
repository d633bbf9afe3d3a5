#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether models of torchvision and timm, exported by PyTorch, are read as the networks that they are.

    check_import.py RUN_ONNX [LIBRARY:NAME:SIZE...]

Each model is exported twice, by the exporter that traces (operators of version 17) and by the one of torch.export, and
read: multiply-adds are those that PyTorch counts, params the numbers in the file, answers ONNX Runtime's. Takes torch,
timm, torchvision, onnx and onnxruntime where a Python has them, NASCENT_TIMM_PYTHON or this one, or from the Python
index into the folder that NASCENT_TIMM_ENVIRONMENT names; exits with 77, which CTest takes for skipped, where they are
not to be had. RUN_ONNX is the program that runs our side.
"""

import logging
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from python_index import run_with  # noqa: E402

TOLERANCE = 1e-5  # of the largest number of an answer
MODELS = [
    "torchvision:resnet18:64",
    "torchvision:resnet50:64",
    "torchvision:mobilenet_v2:64",
    "torchvision:mobilenet_v3_small:64",
    "torchvision:mobilenet_v3_large:64",
    "torchvision:efficientnet_b0:64",
    "torchvision:regnet_y_400mf:64",
    "torchvision:shufflenet_v2_x1_0:64",
    "torchvision:densenet121:64",
    "torchvision:squeezenet1_1:64",
    "torchvision:mnasnet1_0:64",
    "torchvision:convnext_tiny:64",
    "torchvision:inception_v3:96",
    "timm:convnext_atto:64",
    "timm:efficientnet_lite0:64",
    "timm:tf_efficientnetv2_b0:64",
    "timm:tf_efficientnet_b0:65",
    "timm:regnetx_002:64",
    "timm:resnet26d:64",
    "timm:resnest14d:64",
    "timm:ghostnet_100:64",
    "timm:mobilenetv4_conv_small:64",
    "timm:repvgg_a0:64",
    "timm:hardcorenas_a:64",
    "timm:dla34:64",
    "timm:semnasnet_075:64",
    "timm:fbnetv3_b:64",
    "timm:lcnet_050:64",
    "timm:mixer_s32_224:224",
    "timm:vit_tiny_patch16_224:224",
    "timm:deit_tiny_patch16_224:224",
    "timm:mobilevit_xs:128",
]


def draw(model):
    """Gives random numbers to whatever has none: factors around 1, summands and what would be 0 around 0."""
    import torch

    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 1.5)
            part.running_mean.uniform_(-0.1, 0.1)
    for numbers in model.parameters():
        if numbers.numel() > 1 and (numbers == numbers.flatten()[0]).all():
            zero = bool((numbers == 0).all())
            numbers.uniform_(-0.1 if zero else 0.5, 0.1 if zero else 1.2)


def numbers_in(path):
    """Real numbers in the weights of a file, but for single ones and the moving statistics of batch normalisations."""
    import math

    import onnx

    graph = onnx.load(path).graph
    statistics = {name for n in graph.node if n.op_type == "BatchNormalization" for name in n.input[3:5]}
    return sum(math.prod(t.dims) for t in graph.initializer
               if t.data_type == onnx.TensorProto.FLOAT and math.prod(t.dims) > 1 and t.name not in statistics)


def compare_one(program, model, image, path, macs):
    """Whether a file is read as what it says, and a text that says so."""
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    pixels = image.numpy()
    expected = numpy.concatenate([a.flatten() for a in session.run(None, {session.get_inputs()[0].name: pixels})])
    pixels.tofile(path.with_suffix(".input"))
    done = subprocess.run([program, path, path.with_suffix(".input"), path.with_suffix(".output")], capture_output=True, text=True)
    if done.returncode != 0:
        return False, (done.stdout + done.stderr).strip()
    found = numpy.fromfile(path.with_suffix(".output"), numpy.float32)
    distance = numpy.abs(found - expected).max() / numpy.abs(expected).max() if found.shape == expected.shape else numpy.inf
    params, our_macs, layers = done.stdout.split()
    numbers = numbers_in(path)
    same = bool(distance <= TOLERANCE and int(our_macs) == macs and int(params) == numbers)
    text = f"{layers} layers, {params} params, {our_macs} MACs, off by {distance:.1e}"
    if int(params) != numbers:
        text += f", {numbers} numbers in the file"
    if int(our_macs) != macs:
        text += f", PyTorch counts {macs} MACs"
    return same, text


def compare(program, names):
    """Runs where the packages are. The number of files that differ."""
    import onnxruntime
    import timm
    import torch
    import torchvision
    from timm.layers import set_fused_attn
    from torch.utils.flop_counter import FlopCounterMode

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    set_fused_attn(False)  # the counter does not see fused products
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for entry in names or MODELS:
            library, name, size = entry.split(":")
            model = timm.create_model(name, pretrained=False) if library == "timm" else torchvision.models.get_model(name, weights=None)
            model.eval()
            draw(model)
            image = torch.rand(1, 3, int(size), int(size)) * 2 - 1
            counter = FlopCounterMode(display=False)
            with counter:
                model(image)
            for how in ("traced", "exported"):
                path = Path(folder) / f"{name}-{how}.onnx"
                try:
                    if how == "traced":
                        torch.onnx.export(model, (image,), path, dynamo=False, opset_version=17)
                    else:
                        torch.onnx.export(model, (image,), path, dynamo=True, external_data=False, verbose=False)
                except Exception as e:  # theirs, of many kinds
                    print(f"{entry}, {how}: PyTorch does not export it ({type(e).__name__})", flush=True)
                    continue
                same, text = compare_one(program, model, image, path, counter.get_total_flops() // 2)
                wrong += not same
                print(f"{entry}, {how}: {text}{'' if same else ' WRONG'}", flush=True)
                path.unlink()
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, "
          f"ONNX Runtime {onnxruntime.__version__}: {wrong} differ")
    return wrong


def main(arguments):
    if arguments[0] == "--compare":
        return 1 if compare(arguments[1], arguments[2:]) else 0
    return run_with(["torch", "timm", "torchvision", "onnx", "onnxruntime", "onnxscript"], [__file__, "--compare", *arguments], timeout=3000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
