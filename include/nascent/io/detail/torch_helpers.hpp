// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a PyTorch module of a network needs beside PyTorch's own words: Python text, each in a file that uses it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent::detail {

struct torch_helper {
  std::string_view name;
  std::string_view text;
};

/// In the order in which a file has them. Maps are NCHW.
inline constexpr std::array torch_helpers{
    torch_helper{"gelu_tanh", R"(def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")
)"},
    torch_helper{"average_pool", R"(def average_pool(x, kernel, stride, margin):
    """The mean over those pixels of each window that are in the map."""
    there = F.pad(torch.ones_like(x[:1, :1]), margin)
    return F.avg_pool2d(F.pad(x, margin), kernel, stride) / F.avg_pool2d(there, kernel, stride)
)"},
    torch_helper{"part_softmax", R"(def part_softmax(x, parts):
    """Over the equal parts of the channels, element by element: the parts sum to 1."""
    return x.unflatten(1, (parts, -1)).softmax(1).flatten(1, 2)
)"},
    torch_helper{"channel_softmax", R"(def channel_softmax(x, parts):
    """Over the channels of each of equal parts, at each position."""
    return x.unflatten(1, (parts, -1)).softmax(2).flatten(1, 2)
)"},
    torch_helper{"channel_shuffle", R"(def channel_shuffle(x, groups):
    """The channels of the groups take turns."""
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
)"},
    torch_helper{"space_to_depth", R"(def space_to_depth(x, n):
    """n x n pixels become channels; the pixel counts before the channel, other than in F.pixel_unshuffle."""
    b, c, h, w = x.shape
    return x.view(b, c, h // n, n, w // n, n).permute(0, 3, 5, 1, 2, 4).reshape(b, n * n * c, h // n, w // n)
)"},
    torch_helper{"space_to_batch", R"(def space_to_batch(x, n):
    """Every n-th pixel in each direction becomes a map of its own."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // n, n, w // n, n).permute(0, 3, 5, 1, 2, 4).reshape(-1, c, h // n, w // n)
)"},
    torch_helper{"batch_to_space", R"(def batch_to_space(x, n):
    b, c, h, w = x.shape
    return x.reshape(-1, n, n, c, h, w).permute(0, 3, 4, 1, 5, 2).reshape(-1, c, h * n, w * n)
)"},
    torch_helper{"reshape", R"(def reshape(x, channels, height, width):
    """The same numbers in the same order, in which channels come last, as another map."""
    return x.permute(0, 2, 3, 1).reshape(-1, height, width, channels).permute(0, 3, 1, 2)
)"},
    torch_helper{"transpose", R"(def transpose(x):
    """Channels become positions, and positions channels."""
    return x.flatten(2).transpose(1, 2).unsqueeze(3)
)"},
    torch_helper{"scores", R"(def scores(queries, keys, heads):
    """How much each position of queries has to do with each of keys, head by head."""
    q, k = (x.flatten(2).unflatten(1, (heads, -1)) for x in (queries, keys))
    products = k.transpose(2, 3) @ q / q.shape[2] ** 0.5
    return products.flatten(1, 2).unflatten(2, queries.shape[2:])
)"},
    torch_helper{"weighted_sum", R"(def weighted_sum(shares, values, heads):
    """At each position of shares the sum over the positions of values by these shares, head by head."""
    s, v = (x.flatten(2).unflatten(1, (heads, -1)) for x in (shares, values))
    return (v @ s).flatten(1, 2).unflatten(2, shares.shape[2:])
)"},
    torch_helper{"Scale", R"(class Scale(nn.Module):
    """Each channel times a trained factor."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return x * self.weight[:, None, None]
)"},
    torch_helper{"LayerNorm2d", R"(class LayerNorm2d(nn.LayerNorm):
    """Over the channels, at each position."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
)"},
    torch_helper{"GroupNormWithoutBias", R"(class GroupNormWithoutBias(nn.GroupNorm):
    def __init__(self, groups, channels, eps):
        super().__init__(groups, channels, eps)
        self.bias = None
)"},
    torch_helper{"GroupNormOfOne", R"(class GroupNormOfOne(nn.GroupNorm):
    """Each group has one number, which is its own mean; PyTorch refuses such groups."""

    def __init__(self, groups, channels, eps, bias=True):
        super().__init__(groups, channels, eps)
        if not bias:
            self.bias = None

    def forward(self, x):
        x = (x - x) * self.weight[:, None, None]
        return x if self.bias is None else x + self.bias[:, None, None]
)"},
    torch_helper{"RMSNorm2d", R"(class RMSNorm2d(nn.Module):
    """Over the channels, at each position: over the root of their mean square, times a factor for each channel."""

    def __init__(self, channels, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return x / (x.square().mean(1, keepdim=True) + self.eps).sqrt() * self.weight[:, None, None]
)"},
    torch_helper{"ClassToken", R"(class ClassToken(nn.Module):
    """A trained position before all others."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        return torch.cat([self.weight.expand(len(x), -1, -1, -1), x], 2)
)"},
    torch_helper{"PositionEmbedding", R"(class PositionEmbedding(nn.Module):
    """A trained number is added to each of the map."""

    def __init__(self, channels, height, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, height, width).normal_(std=0.02))

    def forward(self, x):
        return x + self.weight
)"},
};

}  // namespace nascent::detail
