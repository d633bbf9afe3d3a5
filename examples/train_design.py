#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a designed network for one epoch: plain PyTorch, which knows nothing of the library that wrote the module.

    train_design.py design.py [--weights design.safetensors] [--images FOLDER] [--out trained.safetensors]

`design.py` is what `to_torch` wrote. Images are Fashion-MNIST where FOLDER has its IDX files (Debian: dataset-fashion-mnist),
else made ones: each class is a pattern of its own under noise. What is trained is written as safetensors, which the library
reads back.
"""

import argparse
import gzip
import importlib.util
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


def load_design(path):
    """The module's network is its last class, the one that says its input."""
    spec = importlib.util.spec_from_file_location("design", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return next(c for c in vars(module).values() if isinstance(c, type) and "input_shape" in vars(c))()


def read_idx(path):
    """The numbers of an IDX file: two zeros, the type, the count of dimensions, the sizes, bytes."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as f:
        content = f.read()
    dimensions = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(content[3])]
    return torch.frombuffer(bytearray(content[4 + 4 * len(dimensions) :]), dtype=torch.uint8).reshape(dimensions)


def fashion_mnist(folder, part):
    files = {kind: sorted(folder.glob(f"{part}-{kind}*")) for kind in ("images", "labels")}
    if not all(files.values()):
        return None
    return read_idx(files["images"][0])[:, None].float() / 255, read_idx(files["labels"][0]).long()


def made_images(count, classes, seed, shape):
    """Patterns are the same for every seed; labels and noise are not."""
    patterns = torch.randn(classes, *shape, generator=torch.Generator().manual_seed(1))
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (count,), generator=rng)
    return patterns[labels] + torch.randn(count, *shape, generator=rng), labels


def fitted(images, shape):
    """As many channels, rows and columns as the network takes; the mean is 0, the deviation 1."""
    images = F.interpolate(images, shape[1:], mode="bilinear").expand(-1, shape[0], -1, -1)
    return (images - images.mean()) / images.std()


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part).argmax(1) for part in images.split(100)])
    return (found == labels).float().mean().item()


def main():
    options = argparse.ArgumentParser(description="Trains a designed network for one epoch.")
    options.add_argument("design", type=Path)
    options.add_argument("--weights", type=Path, help="where training begins (safetensors)")
    options.add_argument("--images", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="folder with IDX files")
    options.add_argument("--count", type=int, default=2000, help="how many of the images")
    options.add_argument("--out", type=Path, default=Path("trained.safetensors"))
    o = options.parse_args()

    torch.manual_seed(1)
    model = load_design(o.design)
    shape = model.input_shape
    if o.weights:
        from safetensors.torch import load_file

        model.load_state_dict(load_file(o.weights))
    with torch.no_grad():
        classes = model.eval()(torch.zeros(1, *shape)).shape[-1]
    data = [fashion_mnist(o.images, part) for part in ("train", "t10k")]
    kind = "Fashion-MNIST"
    if None in data or classes < 10:
        kind, data = "made images", [made_images(n, classes, seed, (1, 8, 8)) for seed, n in ((2, o.count), (3, 500))]
    (images, labels), (test_images, test_labels) = data
    images, labels = images[: o.count], labels[: o.count]
    images, test_images, test_labels = fitted(images, shape), fitted(test_images[:500], shape), test_labels[:500]

    before = accuracy(model, test_images, test_labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    order = torch.randperm(len(images)).split(50)
    model.train()
    for step, batch in enumerate(order):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 5) * (1 - step / len(order))
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # One epoch is short for moving statistics: they are taken anew, as plain means.
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    with torch.no_grad():
        for batch in order[:10]:
            model(images[batch])
    after = accuracy(model, test_images, test_labels)
    print(f"{type(model).__name__}, {kind}: {len(images)} images, accuracy {before:.3f} before, {after:.3f} after one epoch")

    try:
        from safetensors.torch import save_file
    except ImportError:
        print("not written: safetensors is not installed (pip install safetensors)", file=sys.stderr)
        return
    save_file(model.state_dict(), o.out)
    print(f"wrote {o.out}")


if __name__ == "__main__":
    main()
