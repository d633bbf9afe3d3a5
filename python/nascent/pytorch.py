# SPDX-License-Identifier: Apache-2.0
"""Networks as PyTorch modules. PyTorch itself is needed for `module()` alone."""

import os
import tempfile
from dataclasses import dataclass, field
from typing import Optional, Union

from ._core import Candidate, Network


@dataclass(frozen=True)
class TorchSource:
    """Source text of a module, and the module."""

    source: str
    class_name: str
    network: Network = field(repr=False)

    def __str__(self) -> str:
        return self.source

    def save(self, path: str) -> None:
        """Writes the source: a file that needs PyTorch alone."""
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.source)

    def module(self, weights: Optional[str] = None, *, seed: Optional[int] = None):
        """A torch.nn.Module: with PyTorch's own initial weights, those of a safetensors file, or this library's random
        ones of a seed, with which its executors can be compared."""
        space = {"__name__": "nascent.design"}
        exec(compile(self.source, f"<{self.class_name}, written by nascent>", "exec"), space)
        model = space[self.class_name]()
        if weights is not None:
            model.load_state_dict(read_weights(weights))
        elif seed is not None:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "weights.safetensors")
                self.network.save_weights(path, seed=seed)
                model.load_state_dict(read_weights(path))
        return model


def to_torch(what: Union[Network, Candidate]) -> TorchSource:
    """A network, or a candidate's, as a PyTorch module: `.source` is the text, `.module()` the module. Blocks are classes
    under their names, batch normalisations are kept, paddings are those of the network's own input size."""
    network = what.space.network(what) if isinstance(what, Candidate) else what
    source, name = network._torch()
    return TorchSource(source, name, network)


def read_weights(path: str) -> dict:
    """The tensors of a safetensors file, without the package of that name."""
    import json

    import torch

    types = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = bytearray(f.read())
    tensors = {}
    for name, about in header.items():
        if name == "__metadata__":
            continue
        begin, end = about["data_offsets"]
        dtype = types[about["dtype"]]
        flat = torch.frombuffer(data, dtype=torch.uint8)[begin:end].clone().view(dtype)
        tensors[name] = flat.reshape(about["shape"])
    return tensors


def save_weights(module, path: str) -> None:
    """Writes a module's state dict as a safetensors file, which `Network.save_onnx(weights=path)` reads."""
    import json

    import torch

    types = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
    header, parts, at = {}, [], 0
    for name, tensor in module.state_dict().items():
        flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(flat)]}
        parts.append(flat)
        at += len(flat)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + b"".join(parts))
