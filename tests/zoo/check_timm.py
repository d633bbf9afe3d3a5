#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether models of the zoo are those of timm and torchvision: parameters, multiply-adds, and what they answer with the
same weights, computed in f64.

    check_timm.py RUN_MODELS [NAME...]

Compares every row of zoo/public_modules.hpp and torchvision's SSDLite, or those of the models named. Takes torch, timm and torchvision where a Python
has them, NASCENT_TIMM_PYTHON or this one, or from the Python index, which takes 3 GB, into the folder that
NASCENT_TIMM_ENVIRONMENT names; exits with 77, which CTest takes for skipped, where they are not to be had. RUN_MODELS is
the program that runs our side.
"""

import copy
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from python_index import run_with  # noqa: E402

TOLERANCE = 1e-4  # of the largest number of an answer
EPSILON = 1e-5  # that our side adds to variances


class Writer:
    """Parameters in the order in which our layers have them."""

    def __init__(self):
        self.parts = []

    def raw(self, tensor):
        self.parts.append(tensor.detach().float().flatten().numpy())

    def conv(self, module):
        self.raw(module.weight.permute(0, 2, 3, 1))
        if module.bias is not None:
            self.raw(module.bias)

    def linear(self, module):
        self.raw(module.weight)
        self.raw(module.bias)

    def layer_norm(self, module):
        self.raw(module.weight)
        self.raw(module.bias)

    def batch_norm(self, module):
        variance = module.running_var + (module.eps - EPSILON)
        for tensor in (module.weight, module.bias, module.running_mean, variance):
            self.raw(tensor)

    def attention(self, module):
        for part in range(3):  # queries, keys, values
            self.raw(module.qkv.weight.chunk(3)[part])
            self.raw(module.qkv.bias.chunk(3)[part])
        self.linear(module.proj)

    def transformer_block(self, block):
        self.layer_norm(block.norm1)
        self.attention(block.attn)
        self.layer_norm(block.norm2)
        self.linear(block.mlp.fc1)
        self.linear(block.mlp.fc2)

    def modules(self, root):
        """Convolutions, normalisations and classifiers in the order of their names; transformer layers as a whole."""
        import torch

        kind = type(root).__name__
        if kind in ("Block", "TransformerBlock") and hasattr(root, "attn"):
            return self.transformer_block(root)
        if isinstance(root, torch.nn.Conv2d):
            return self.conv(root)
        if isinstance(root, torch.nn.BatchNorm2d):
            return self.batch_norm(root)
        if isinstance(root, torch.nn.LayerNorm):
            return self.layer_norm(root)
        if isinstance(root, torch.nn.Linear):
            return self.linear(root)
        for child in root.children():
            self.modules(child)
        if kind == "ConvNeXtBlock":
            self.raw(root.gamma)


def write_in_order(model, image, writer):
    """The order of our layers: that in which modules run, but for what is not a module of its own."""
    import torch

    kind = type(model).__name__
    if kind == "VisionTransformer":
        writer.conv(model.patch_embed.proj)
        writer.raw(model.cls_token)
        writer.raw(model.pos_embed)
        for part in (*model.blocks, model.norm, model.head):
            writer.modules(part)
    elif kind in ("ConvNeXt", "ByobNet"):
        writer.modules(model)
    else:
        write = {torch.nn.Conv2d: writer.conv, torch.nn.BatchNorm2d: writer.batch_norm, torch.nn.Linear: writer.linear}

        def hook(module, *_):
            next(function for base, function in write.items() if isinstance(module, base))(module)

        hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, tuple(write))]
        model(image)
        for h in hooks:
            h.remove()


def heads_of(detector):
    """A detector of torchvision's without what is around its network: anchors, and the choice of boxes."""
    import torch

    class Heads(torch.nn.Module):
        """Of each map of the backbone the classes, then the boxes, channels last."""

        def __init__(self):
            super().__init__()
            self.backbone = detector.backbone
            self.classes = detector.head.classification_head.module_list
            self.boxes = detector.head.regression_head.module_list

        def forward(self, image):
            found = []
            for classes, boxes, x in zip(self.classes, self.boxes, self.backbone(image).values()):
                found += [part(x).permute(0, 2, 3, 1).flatten() for part in (classes, boxes)]
            return torch.cat(found)

    return Heads().eval()


def make(library, name, arguments):
    import timm
    import torchvision

    given = dict(re.findall(r"(\w+)='(\w+)'", arguments))
    if library == "timm":
        return timm.create_model(name, pretrained=False, **given).eval()
    if name.startswith("ssdlite"):
        return heads_of(torchvision.models.get_model(name, weights=None, weights_backbone=None))
    return torchvision.models.get_model(name, weights=None, **given).eval()


def draw(model, image, largest_gain):
    """Gives a model random parameters, none of them trivial: no ones, no zeros, no 1e-6. Its answer in f64."""
    import torch

    for part in model.modules():
        if isinstance(part, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            part.weight.uniform_(0.5, largest_gain)
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 1.5)
            part.running_mean.uniform_(-0.1, 0.1)
        if getattr(part, "bias", None) is not None:
            part.bias.uniform_(-0.1, 0.1)
        if getattr(part, "gamma", None) is not None:
            part.gamma.uniform_(0.5, 1.5)
    return copy.deepcopy(model).double()(image.double())


def compare_one(program, number, row, folder):
    """Whether a row holds, and a line that says so."""
    import numpy
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    ours, library, name, arguments, size = row
    model = make(library, name, arguments)
    image = torch.rand(1, 3, int(size), int(size)) * 2 - 1
    exact = draw(model, image, 1.5)
    answer = model(image)
    if (answer - exact).abs().max() > 0.1 * TOLERANCE * exact.abs().max():  # such parameters double errors in every layer
        exact = draw(model, image, 1.0)
    writer = Writer()
    write_in_order(model, image, writer)
    numpy.concatenate(writer.parts).astype(numpy.float32).tofile(folder / "parameters")
    image.permute(0, 2, 3, 1).contiguous().numpy().tofile(folder / "input")
    counter = FlopCounterMode(display=False)
    with counter:
        model(image)
    answer = exact.flatten().numpy()
    expected = f"{sum(p.numel() for p in model.parameters())} {counter.get_total_flops() // 2}"
    title = f"{ours} at {size} px, {library} {name}({arguments}): "
    for left in ("reference", "onednn"):
        (folder / left).unlink(missing_ok=True)
    done = subprocess.run([program, folder, str(number)], capture_output=True, text=True)
    if done.returncode != 0:
        return False, f"{title}{done.stderr.strip()} WRONG"
    counts = (folder / "counts").read_text()
    same = counts == expected
    text = f"{title}{counts}" + ("" if same else f", there {expected}") + "; off by"
    for executor in ("reference", "onednn"):
        if not (folder / executor).exists():
            continue
        found = numpy.fromfile(folder / executor, numpy.float32)
        distance = numpy.abs(found - answer).max() / numpy.abs(answer).max()
        same = bool(same and distance <= TOLERANCE)
        text += f" {distance:.1e} ({executor})"
    return same, text + " of the largest number" + ("" if same else " WRONG")


def compare(program, names):
    """Runs where torch, timm and torchvision are. The number of rows that differ."""
    import timm
    import torch
    import torchvision
    from timm.layers import set_fused_attn

    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    set_fused_attn(False)  # the counter does not see fused products
    rows = [line.split("\t") for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, row in enumerate(rows):
            if names and row[0] not in names:
                continue
            same, text = compare_one(program, number, row, Path(folder))
            wrong += not same
            print(text, flush=True)
    print(f"timm {timm.__version__}, torchvision {torchvision.__version__}, torch {torch.__version__}")
    return wrong


def main(arguments):
    if arguments[0] == "--compare":
        return 1 if compare(arguments[1], arguments[2:]) else 0
    return run_with(["torch", "torchvision", "timm"], [__file__, "--compare", *arguments], timeout=1500)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
