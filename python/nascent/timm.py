# SPDX-License-Identifier: Apache-2.0
"""timm's architecture strings (`ir_r2_k3_s2_e6_c24_se0.25`), both ways. timm itself is needed for `build` alone."""

import json
import re
from dataclasses import dataclass
from typing import List, Union

from . import declaration as _words
from ._core import Candidate, Network
from ._errors import NetworkError

ACTIVATIONS = {"relu": "re", "relu6": "r6", "hswish": "hs", "swish": "sw", "mish": "mi"}
_TIMM_NAMES = {"relu": "relu", "relu6": "relu6", "hswish": "hard_swish", "swish": "swish", "mish": "mish"}


def _refuse(where, found, allowed):
    error = NetworkError(f"nascent: timm's strings, {where}: found {found}; allowed: {allowed}")
    error.code, error.where, error.found, error.allowed = "python.timm", f"timm's strings, {where}", found, allowed
    raise error


@dataclass(frozen=True)
class Architecture:
    """What timm's EfficientNet is made of: strings by stage, and the layers around them."""

    strings: List[List[str]]
    stem: int  # filters of a 3x3 convolution of stride 2
    features: int  # filters of the last 1x1 convolution
    classes: int
    act: str
    pad: str  # "same" or "symmetric"

    def build(self):
        """timm's network, with its initial weights."""
        from timm.layers import get_act_layer
        from timm.models._efficientnet_builder import decode_arch_def
        from timm.models.efficientnet import EfficientNet

        return EfficientNet(
            decode_arch_def(self.strings),
            num_classes=self.classes,
            num_features=self.features,
            stem_size=self.stem,
            fix_stem=True,
            pad_type="same" if self.pad == "same" else "",
            act_layer=get_act_layer(_TIMM_NAMES[self.act]),
            round_chs_fn=lambda channels, *_, **__: channels,
        )


def _number(x) -> str:
    return str(int(x)) if float(x) == int(x) else repr(float(x))


def _string(block, stride, repeats, default_act):
    """One block, repeated, as timm says it."""
    fields, kind = block["fields"], block["block"]
    place = f"stage {block['stage']}, {kind}"
    if kind not in ("mbconv", "fused_mbconv", "conv") or fields.get("groups", 1) != 1:
        _refuse(place, "a block that timm has no string for", "mbconv, fused_mbconv, conv without groups")
    if type(fields["kernel"]) is not int:
        _refuse(place, f"a kernel of {fields['kernel']}", "as many rows as columns")
    parts = [f"r{repeats}", f"k{fields['kernel']}", f"s{stride}"]
    keeps = fields.get("residual", "none") == "identity"
    if fields.get("residual", "none") not in ("none", "identity"):
        _refuse(place, f"residual {fields['residual']}", "none or identity")
    if kind == "mbconv":
        expands = fields["expand"] != 1 or fields.get("always_expand", False)
        name = "ir" if expands else "ds"
        parts.append(f"e{_number(fields['expand'])}")
    elif kind == "fused_mbconv":
        if fields["expand"] == 1:
            _refuse(place, "an expansion of 1", "above 1")
        name = "er"
        parts.append(f"e{_number(fields['expand'])}")
    else:
        name = "cn"
    parts.append(f"c{fields['filters']}")
    if fields.get("se", 0) > 0:
        if fields["se_from"] != "block_input":
            _refuse(place, f"se_from {fields['se_from']}", "block_input")
        # Strings say nothing of what is inside: timm's EfficientNet takes the block's activation and a sigmoid.
        if fields.get("se_act", "of_block") != "of_block" or fields.get("se_gate", "sigmoid") != "sigmoid":
            _refuse(place, f"se_act {fields['se_act']}, se_gate {fields['se_gate']}", "of_block and sigmoid")
        parts.append(f"se{_number(fields['se'])}")
    if fields["act"] != default_act:
        if fields["act"] not in ACTIVATIONS:
            _refuse(place, f"activation {fields['act']}", ", ".join(ACTIVATIONS))
        parts.append("n" + ACTIVATIONS[fields["act"]])
    if name == "cn" and keeps:
        parts.append("skip")
    elif name != "cn" and not keeps:
        parts.append("noskip")
    return "_".join([name, *parts])


def to_timm(what: Union[Network, Candidate]) -> Architecture:
    """The strings of a network, or of a candidate's: a 3x3 convolution of stride 2, blocks, a 1x1 convolution, a pool and
    a dense layer. What timm has no word for is refused by name."""
    network = what.space.network(what) if isinstance(what, Candidate) else what
    about = json.loads(network.to_json())
    layers = about["layers"]
    blocks = [b for b in about["blocks"] if "part_of" not in b]
    stem, head = layers[0], layers[-3:]
    if stem["kind"] != "convolution" or stem.get("kernel") != [3, 3] and stem.get("kernel") != 3 or stem.get("stride") != 2:
        _refuse("the first layer", stem["kind"], "a 3x3 convolution of stride 2")
    if [h["kind"] for h in head] != ["convolution", "global_average_pool", "dense"]:
        _refuse("the last layers", ", ".join(h["kind"] for h in head), "a 1x1 convolution, a pool, a dense layer")
    if head[0]["act"] != stem["act"] or stem["act"] not in ACTIVATIONS:
        _refuse("activations", f"{stem['act']} first and {head[0]['act']} last", f"one of {', '.join(ACTIVATIONS)} for both")
    middle = [b for b in blocks if b["first_tensor"] > 1 and b["last_tensor"] < len(layers) - 2]
    covered = [t for b in middle for t in range(b["first_tensor"], b["last_tensor"] + 1)]
    if covered != list(range(2, len(layers) - 2)):
        _refuse("layers", "some that are in no block", "blocks between the first and the last convolution")
    pads = {b["fields"].get("pad", "same") for b in middle}
    if len(pads) > 1 or not pads <= {"same", "symmetric"}:
        _refuse("padding", " and ".join(sorted(pads)), "same, or symmetric, in all blocks")

    def stride_of(block):
        strides = [x.get("stride", 1) for x in layers[block["first_tensor"] - 1 : block["last_tensor"]]]
        return max(strides, key=lambda s: s if type(s) is int else 99)

    stages, before = [], None
    for b in middle:
        key, stride = (b["stage"], b["block"], b["fields"]), stride_of(b)
        if type(stride) is not int:
            _refuse(f"stage {b['stage']}", f"a stride of {stride}", "the same for rows and columns")
        if before is None or b["stage"] != before[0]:
            stages.append([])
        if before == key and stride == 1:
            stages[-1][-1][2] += 1
        else:
            stages[-1].append([b, stride, 1])
        before = key
    strings = [[_string(b, stride, n, stem["act"]) for b, stride, n in stage] for stage in stages]
    return Architecture(
        strings, stem["output"]["channels"], head[0]["output"]["channels"], head[2]["output"]["channels"], stem["act"], pads.pop()
    )


def from_timm(name: str, architecture: Architecture, resolution=224):
    """The declaration of a space of one network. Widths are as the strings say; values can be replaced by choices before
    `build`."""
    declared = _words.search_space(name).input(3, resolution)
    declared = declared.stage("stem", _words.conv(filters=architecture.stem, kernel=3, act=architecture.act, pad=architecture.pad)).stride(2)
    acts = {short: act for act, short in ACTIVATIONS.items()}
    number = 0
    for stage in architecture.strings:
        for text in stage:
            number += 1
            kind, *parts = text.split("_")
            given = dict(re.fullmatch(r"([a-z]+?)([\d.]+)", p).groups() for p in parts if re.fullmatch(r"([a-z]+?)([\d.]+)", p) and p not in ("nr6",))
            short = next((p[1:] for p in parts if p.startswith("n") and p != "noskip"), None)
            unknown = set(given) - {"r", "k", "s", "e", "c", "se"}
            if kind not in ("ir", "ds", "er", "cn") or unknown or (short is not None and short not in acts):
                _refuse(f"'{text}'", ", ".join(sorted(unknown)) or kind, "ir, ds, er, cn with r, k, s, e, c, se, n and skip")
            act = acts[short] if short else architecture.act
            common = {"filters": int(given["c"]), "kernel": int(given["k"]), "act": act, "pad": architecture.pad}
            residual = "identity" if ("skip" in parts if kind == "cn" else "noskip" not in parts) else "none"
            if kind == "cn":
                block = _words.conv(**common, residual=residual)
            else:
                word = _words.fused_mbconv if kind == "er" else _words.mbconv
                if kind == "er" and common.pop("pad") != "same":
                    _refuse(f"'{text}'", f"padding {architecture.pad}", "same: fused_mbconv has no other")
                expand = float(given.get("e", 1)) if kind != "ds" else 1.0
                expand = int(expand) if expand == int(expand) else expand
                extra = {"always_expand": True} if kind == "ir" and expand == 1 else {}
                block = word(**common, expand=expand, se=float(given.get("se", 0)), residual=residual, **extra)
            declared = declared.stage(str(number), block).layers(int(given["r"])).stride(int(given["s"]))
    return declared.head(
        _words.conv(filters=architecture.features, act=architecture.act), _words.global_pool(), _words.dense(units=architecture.classes)
    )
