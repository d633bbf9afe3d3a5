# SPDX-License-Identifier: Apache-2.0
"""A network as a PyTorch module: an interpreter of its layers. Input NCHW (channels_last in memory), output images x classes."""

import torch
import torch.nn.functional as F

from network import UnsupportedLayer

_activations = {"relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "swish": F.silu, "hswish": F.hardswish, "hsigmoid": F.hardsigmoid}


class _Convolution(torch.nn.Module):
    def __init__(self, layer, kernel, bias):
        super().__init__()
        top, left, bottom, right = layer["padding"]
        even = (top, left) == (bottom, right)
        # PyTorch's convolutions pad both sides alike; TensorFlow's SAME does not at strides above 1.
        self.before = None if even else (left, right, top, bottom)
        self.conv = torch.nn.Conv2d(layer["input"]["channels"], layer["output"]["channels"], tuple(layer["kernel"]),
                                    stride=layer["stride"], padding=(top, left) if even else 0,
                                    dilation=layer.get("dilation", 1), groups=layer.get("groups", 1))
        self.conv.weight.data = torch.from_numpy(kernel)
        self.conv.bias.data = torch.from_numpy(bias)

    def forward(self, x):
        return self.conv(x if self.before is None else F.pad(x, self.before))


class _Dense(torch.nn.Module):
    def __init__(self, kernel, bias):
        super().__init__()
        self.linear = torch.nn.Linear(kernel.shape[1], kernel.shape[0])
        self.linear.weight.data = torch.from_numpy(kernel)
        self.linear.bias.data = torch.from_numpy(bias)

    def forward(self, x):
        return self.linear(torch.flatten(x, 1))


class _Pool(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        top, left, bottom, right = layer["padding"]
        self.maximum = layer["kind"] == "max_pool"
        even = (top, left) == (bottom, right)
        if not even and not self.maximum:
            raise UnsupportedLayer("to_torch: an average pool with uneven padding")
        self.before = None if even else (left, right, top, bottom)
        self.window = {"kernel_size": layer["kernel"], "stride": layer["stride"], "padding": (top, left) if even else 0}

    def forward(self, x):
        if not self.maximum:
            return F.avg_pool2d(x, **self.window, count_include_pad=False)
        return F.max_pool2d(x if self.before is None else F.pad(x, self.before, value=float("-inf")), **self.window)


class Module(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.parts = torch.nn.ModuleList()
        self.steps = []  # (kind, operands, activation)
        for index, (layer, (kernel, bias)) in enumerate(zip(network.layers, network.weights())):
            kind = layer["kind"]
            if kind == "convolution":
                part = _Convolution(layer, kernel, bias)
            elif kind == "dense":
                part = _Dense(kernel, bias)
            elif kind in ("max_pool", "average_pool"):
                part = _Pool(layer)
            elif kind in ("global_average_pool", "add", "multiply", "concatenate", "activate"):
                part = torch.nn.Identity()
            else:
                raise UnsupportedLayer(f"{network.name}: to_torch: layer {index}: found '{kind}'")
            self.parts.append(part)
            self.steps.append((kind, layer["operands"], _activations[layer["act"]] if "act" in layer else None))
        self.last_use = {t: i for i, (_, operands, _) in enumerate(self.steps) for t in operands}

    def forward(self, image):
        maps = {0: image}
        for index, (part, (kind, operands, act)) in enumerate(zip(self.parts, self.steps)):
            x = [maps[t] for t in operands]
            if kind == "global_average_pool":
                y = F.adaptive_avg_pool2d(x[0], 1)
            elif kind == "add":
                y = x[0] + x[1]
            elif kind == "multiply":
                y = x[0] * x[1]
            elif kind == "concatenate":
                y = torch.cat(x, 1)
            else:
                y = part(x[0])
            maps[index + 1] = y if act is None else act(y)
            for t in operands:
                if self.last_use[t] == index:
                    maps.pop(t, None)
        return torch.flatten(maps[len(self.steps)], 1)
