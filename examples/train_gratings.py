#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small network in PyTorch that tells the directions of noisy gratings apart, and writes what examples/quantize reads:

    train_gratings.py FOLDER [--epochs 6] [--seed 1] [--activation ReLU6]

FOLDER/gratings.onnx, FOLDER/train.f32 (images for the ranges), FOLDER/test.f32 and FOLDER/test.labels, and noisy.f32 and noisy.labels under twice
the noise that it was trained with. Images are NHWC, 32 x 32 x 3, f32. Needs
torch, onnx and, with newer versions of torch, onnxscript. A minute on one core.
"""
import argparse
import pathlib

import torch
from torch import nn

classes = 12


def gratings(count, generator, noise=.7):
    """A wave of some length, phase and colour under noise; the class is its direction, one of 12, give or take 4 degrees."""
    label = torch.randint(classes, (count,), generator=generator)
    uniform = lambda *size: torch.rand(*size, generator=generator)
    angle = (label + .27 * (2 * uniform(count) - 1)) * torch.pi / classes
    wave = (2 * torch.pi / (4 + 8 * uniform(count))).view(-1, 1, 1)
    y, x = torch.meshgrid(torch.arange(32.), torch.arange(32.), indexing="ij")
    along = x * angle.cos().view(-1, 1, 1) + y * angle.sin().view(-1, 1, 1)
    pattern = torch.sin(along * wave + 6.28 * uniform(count, 1, 1)).unsqueeze(1) * (uniform(count, 3, 1, 1) + .2)
    return pattern + noise * torch.randn(count, 3, 32, 32, generator=generator), label


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, act):
        super().__init__()
        wide = 4 * inputs
        self.adds = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), act(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), act(),
            nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def network(act):
    widths = [(16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 64, 2), (64, 64, 1)]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), act(), *(InvertedResidual(*w, act) for w in widths),
        nn.Conv2d(64, 128, 1, bias=False), nn.BatchNorm2d(128), act(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--activation", choices=["ReLU6", "SiLU"], default="ReLU6")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    images, labels = gratings(8192, generator)
    unseen, expected = gratings(4096, generator)
    net = network(getattr(nn, options.activation))
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    batches = len(images) // 128
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=options.epochs * batches)
    for epoch in range(options.epochs):
        net.train()
        for batch in torch.randperm(len(images), generator=generator).view(batches, -1):
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            right = (net(unseen).argmax(1) == expected).float().mean().item()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {100 * right:.2f} % of unseen images", flush=True)
    torch.onnx.export(net, images[:1], options.folder / "gratings.onnx", dynamo=False, input_names=["input"], output_names=["output"])
    nhwc = lambda x: x.permute(0, 2, 3, 1).contiguous().numpy()
    nhwc(images[:64]).tofile(options.folder / "train.f32")
    noisy = gratings(2048, torch.Generator().manual_seed(99), noise=1.3)
    for name, (pixels, classes_of) in {"test": (unseen, expected), "noisy": noisy}.items():
        nhwc(pixels).tofile(options.folder / f"{name}.f32")
        (options.folder / f"{name}.labels").write_text("\n".join(map(str, classes_of.tolist())) + "\n")


if __name__ == "__main__":
    main()
