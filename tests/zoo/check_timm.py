#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether models of the zoo are those of timm: parameters, multiply-adds, and what they answer with the same weights.

    check_timm.py RUN_MODELS

Takes torch and timm where a Python has them, NASCENT_TIMM_PYTHON or this one; exits with 77, which CTest takes for skipped,
where none has. RUN_MODELS is the program that runs our side.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOLERANCE = 1e-4  # of the largest number of an answer


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
        for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
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


def write_in_order(model, writer):
    """The order of our layers, where it is not that of the names."""
    kind = type(model).__name__
    if kind == "VisionTransformer":
        writer.conv(model.patch_embed.proj)
        writer.raw(model.cls_token)
        writer.raw(model.pos_embed)
        for part in (*model.blocks, model.norm, model.head):
            writer.modules(part)
    elif kind == "ResNet":
        for part in (model.conv1, model.bn1):
            writer.modules(part)
        for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
            for block in layer:  # the shortcut's convolution comes last
                for part in (block.conv1, block.bn1, block.conv2, block.bn2):
                    writer.modules(part)
                if block.downsample is not None:
                    writer.modules(block.downsample)
        writer.modules(model.fc)
    elif kind == "DenseNet":
        features = model.features
        writer.modules(features.conv0)
        writer.modules(features.norm0)
        for name, part in features.named_children():
            if name.startswith("denseblock"):
                for layer in part.values() if hasattr(part, "values") else part.children():
                    for inner in (layer.norm1, layer.conv1, layer.norm2, layer.conv2):
                        writer.modules(inner)
            elif name.startswith("transition"):
                writer.modules(part.norm)
                writer.modules(part.conv)
        writer.modules(features.norm5)
        writer.modules(model.classifier)
    else:
        writer.modules(model)


# Ours, timm's, the input's size here, and the multiply-adds at it.
MODELS = [
    ("ResNet-18", "resnet18", 64),
    ("DenseNet-121", "densenet121", 64),
    ("ConvNeXt-T", "convnext_tiny", 64),
    ("MobileNetV4-Conv-S", "mobilenetv4_conv_small", 96),
    ("MobileViT-S", "mobilevit_s", 64),
    ("DeiT-Ti", "deit_tiny_patch16_224", 224),
    ("ViT-S/16", "vit_small_patch16_224", 224),
]


def compare(program):
    """Runs where torch and timm are. The number of models that differ."""
    import numpy
    import timm
    import torch
    from timm.layers import set_fused_attn
    from torch.utils.flop_counter import FlopCounterMode

    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    set_fused_attn(False)  # the counter does not see fused products
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        expected = []
        for number, (ours, theirs, size) in enumerate(MODELS):
            model = timm.create_model(theirs, pretrained=False).eval()
            for name, tensor in model.state_dict().items():  # nothing trivial: no ones, no zeros, no 1e-6
                if "running_var" in name:
                    tensor.uniform_(0.5, 1.5)
                elif "running_mean" in name or name.endswith("bias"):
                    tensor.uniform_(-0.1, 0.1)
                elif name.endswith("gamma") or ("norm" in name or "bn" in name) and name.endswith("weight"):
                    tensor.uniform_(0.5, 1.5)
            writer = Writer()
            write_in_order(model, writer)
            numpy.concatenate(writer.parts).astype(numpy.float32).tofile(folder / f"{number}.parameters")
            image = torch.rand(1, 3, size, size) * 2 - 1
            image.permute(0, 2, 3, 1).contiguous().numpy().tofile(folder / f"{number}.input")
            counter = FlopCounterMode(display=False)
            with counter:
                answer = model(image)
            params = sum(p.numel() for p in model.parameters())
            expected.append((answer.flatten().numpy(), params, counter.get_total_flops() // 2))
        (folder / "list").write_text("".join(f"{ours} {size}\n" for ours, _, size in MODELS))
        subprocess.run([program, folder], check=True)
        for number, (ours, theirs, size) in enumerate(MODELS):
            answer, params, macs = expected[number]
            counts = (folder / f"{number}.counts").read_text()
            distances = []
            for executor in ("reference", "onednn"):
                found = numpy.fromfile(folder / f"{number}.{executor}", numpy.float32)
                distances.append(numpy.abs(found - answer).max() / numpy.abs(answer).max())
            same = counts == f"{params} {macs}" and max(distances) <= TOLERANCE
            wrong += not same
            print(f"{ours} at {size} px: {counts}; {theirs}: {params} {macs}; off by {distances[0]:.1e} (reference) and "
                  f"{distances[1]:.1e} (oneDNN) of the largest number{'' if same else ' WRONG'}")
    print(f"timm {timm.__version__}, torch {torch.__version__}")
    return wrong


def main(arguments):
    if arguments[0] == "--compare":
        return 1 if compare(arguments[1]) else 0
    for python in filter(None, (os.environ.get("NASCENT_TIMM_PYTHON"), sys.executable)):
        if subprocess.run([python, "-c", "import timm, torch"], capture_output=True).returncode == 0:
            return subprocess.run([python, "-B", __file__, "--compare", arguments[0]]).returncode
    print("skipped: no Python here has torch and timm; NASCENT_TIMM_PYTHON names one that has")
    return 77


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
