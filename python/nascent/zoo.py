# SPDX-License-Identifier: Apache-2.0
"""The spaces and models of the literature: nascent.zoo.gpunet, nascent.zoo.model("EfficientNet-B0")."""

from ._core import zoo as _zoo

spaces = _zoo.spaces
model = _zoo.model
models = _zoo.models


def __getattr__(name):
    try:
        return spaces[name]
    except KeyError:
        raise AttributeError(f"nascent.zoo has no {name!r}; its spaces: {', '.join(spaces)}") from None


def __dir__():
    return ["model", "models", "spaces", *spaces]
