# SPDX-License-Identifier: Apache-2.0
"""Prints the values that tests/training/proxies.cpp expects: the proxies' formulas in PyTorch, for the network, the
parameters and the images of that file, which are made of sines here as there.

    python3 tests/training/proxies.py
"""
import numpy as np
import torch
import torch.nn.functional as F

SIZE, CHANNELS, CLASSES, IMAGES = 6, 2, 3, 24


def sines(layer, shape, scale):
    """Numbers of a layer as float32, in the order [output][height][width][input]."""
    i = np.arange(int(np.prod(shape)), dtype=np.float64)
    return torch.from_numpy((scale * np.sin(1 + 0.7 * i * (i + 3) + 2.3 * layer)).astype(np.float32).reshape(shape))


def images():
    i = np.arange(IMAGES * SIZE * SIZE * CHANNELS, dtype=np.float64)
    return np.floor(127.5 + 127.4 * np.sin(0.9 * i * (i % 13) + 0.01 * i)).astype(np.uint8).reshape(IMAGES, SIZE, SIZE, CHANNELS)


def kernels():
    """Of the layers 0 (3x3, 8 filters), 1 (depthwise 3x3), 3 (1x1, 6 filters), 5 (dense), as torch has them."""
    k = [sines(0, (8, 3, 3, 2), 0.5), sines(1, (8, 3, 3, 1), 0.6), sines(3, (6, 1, 1, 8), 0.7), sines(5, (3, 1, 1, 6), 0.8)]
    return [w.permute(0, 3, 1, 2).contiguous() for w in k]


def forward(k, x, norm, see=lambda y: y):
    """SAME padding; every convolution has a batch normalisation but the third, which has a bias of 0.1."""
    bn = (lambda y: F.batch_norm(y, None, None, None, None, True, 0.1, 1e-5)) if norm else (lambda y: y)
    a = see(F.relu(bn(F.conv2d(F.pad(x, (0, 1, 0, 1)), k[0], stride=2))))
    b = see(F.hardswish(bn(F.conv2d(a, k[1], padding=1, groups=8))))
    c = see(F.relu6(F.conv2d(a + b, k[2], torch.full((6,), 0.1, dtype=x.dtype))))
    return F.linear(c.mean((2, 3)), k[3].flatten(1), torch.full((3,), 0.1, dtype=x.dtype))


def main():
    raw = images()
    flat = raw.reshape(-1, CHANNELS).astype(np.float64)
    x = torch.from_numpy(((raw / 255 - flat.mean(0) / 255) / (flat.std(0) / 255)).astype(np.float32)).permute(0, 3, 1, 2)
    y = torch.arange(IMAGES) % CLASSES

    def gradients(part):
        k = [w.clone().requires_grad_() for w in kernels()]
        F.cross_entropy(forward(k, x[part], True), y[part]).backward()
        return [w.grad.flatten().numpy().astype(np.float64) for w in k]

    half = [gradients(slice(0, 12)), gradients(slice(12, 24))]
    print("gradient_norm", repr(sum(np.linalg.norm(g) for g in half[0])))
    total = 0.0
    for first, second in zip(*half):
        both = np.stack([first, second])
        deviation = both.std(axis=0)
        total += np.log((np.abs(both).mean(axis=0)[deviation > 0] / deviation[deviation > 0]).sum())
    print("zico", repr(total))

    codes = []
    with torch.no_grad():
        forward(kernels(), x[:12], True, lambda m: (codes.append((m > 0).flatten(1)), m)[1])
    code = torch.cat(codes, 1).double().numpy()
    units = code.shape[1]
    agree = units - np.abs(code[:, None, :] - code[None, :, :]).sum(2)
    print("naswot", repr(np.linalg.slogdet(agree)[1]), "of", units, "units")

    k = [w.double().abs().requires_grad_() for w in kernels()]
    forward(k, torch.ones(1, CHANNELS, SIZE, SIZE, dtype=torch.float64), False).sum().backward()
    print("synflow", repr(float(np.log(sum((w * w.grad).abs().sum().item() for w in k)))))


if __name__ == "__main__":
    main()
