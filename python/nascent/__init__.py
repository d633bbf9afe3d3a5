# SPDX-License-Identifier: Apache-2.0
"""Search spaces of networks: declared, counted exactly, sampled, measured, searched, exported.

    import nascent

    space = nascent.zoo.gpunet
    print(space.size)                      # exact
    rows = space.samples(1000, seed=7)     # int16 array, a row of decisions for each network
    print(space.counts(rows)["macs"].mean())
    best = nascent.search(space, lambda c: -space.count(c).macs, trials=200).best
    space.network(best).save_onnx("best.onnx")

Spaces are declared in Python as in C++ (`search_space`), or come from a module that C++ made (`load`).
"""

from . import declaration as _declaration
from . import zoo
from ._core import (
    Candidate,
    Counts,
    Latency,
    MedianRule,
    Network,
    Random,
    Searcher,
    Space,
    Study,
    StudyTrial,
    SuccessiveHalving,
    __version__,
    estimated_top1,
    load,
    load_onnx,
)
from ._distributed.driver import Distributed, Part, distribute
from ._distributed.evaluation import Command, Evaluation
from ._errors import DeclarationError, Error, ModuleError, NetworkError, ScalingError, SearchError, SpaceError, StudyError
from ._measure import measure
from ._scaling import Family, Level, scale
from ._search import SearchResult, Trial, search
from .declaration import (
    BLOCKS,
    Block,
    Constraint,
    Declaration,
    all_equal,
    block,
    count_of,
    either,
    fixed,
    independent,
    monotone,
    one_of,
    product_of,
    range,  # noqa: A004: the word of the C++ builder
    read_space,
    scaled,
    search_space,
    shared,
    sum_of,
    table,
    tied_to,
    value_of,
)

from .pytorch import TorchSource, to_torch

# What other tools are given: each in a module of its own, which imports the tool where it is used.
Candidate.to_torch = Network.to_torch = to_torch

# The blocks of the library, each a function of its name: conv, mbconv, dense, ...
for _name in BLOCKS:
    globals()[_name] = getattr(_declaration, _name)
del _name
