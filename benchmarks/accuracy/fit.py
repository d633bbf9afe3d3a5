#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the accuracy model and writes its coefficients and its held-out fixture.

    fit.py DATA [--write]

DATA holds accel_nasbench.csv (Accel-NASBench) and timm_results.csv (pytorch-image-models), both Apache-2.0. Prints the
held-out error, the folds and the checks; with --write also include/nascent/accuracy/detail/coefficients.hpp and
tests/accuracy/held_out.hpp. Needs numpy and scipy; a minute on one core. docs/accuracy.md describes the model.
"""

import argparse
import csv
import math
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import spearmanr

ROOT = Path(__file__).resolve().parents[2]
LEVELS = 5                                   # maps at 1/2, 1/4, 1/8, 1/16, 1/32 of the input
REFERENCE = np.array([16, 24, 40, 96, 256])  # widths that unit values are relative to
OFFSET = 20.0                                # of the logarithm; fixed, because it trades against the ceiling
HELD_OUT = 0.1                               # share of Accel-NASBench that no fit sees

# ---------------------------------------------------------------------------------------------------- networks

EFFICIENTNET = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
                (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]  # expansion, kernel, stride, filters, layers
MOBILENET_V2 = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 3, 2, 32, 3), (6, 3, 2, 64, 4), (6, 3, 1, 96, 3),
                (6, 3, 2, 160, 3), (6, 3, 1, 320, 1)]
MNASNET = [(1, 3, 1, 16, 1), (3, 3, 2, 24, 3), (3, 5, 2, 40, 3), (6, 5, 2, 80, 3), (6, 3, 1, 96, 2),
           (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]
FAMILY = [(1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 300), (1.4, 1.8, 380), (1.6, 2.2, 456),
          (1.8, 2.6, 528), (2.0, 3.1, 600)]  # EfficientNet-B0..B7: width, depth, resolution


def rounded(filters, width):
    """Filters times width, to a multiple of 8, never below 90 %."""
    if width == 1.0:
        return filters
    x = filters * width
    n = max(8, int(x + 4) // 8 * 8)
    return n if n >= 0.9 * x else n + 8


class Network:
    """The inverted bottlenecks of a network, and its parameters as a check of the description."""

    def __init__(self, stages, width=1.0, depth=1.0, size=224, se=True, fixed_ends=False, head=None, layers=math.ceil,
                 fixed_stem=False):
        self.size, self.units = size, []  # level, kernel, channels in, expanded, out, squeeze-and-excite
        x = stem = 32 if fixed_stem or fixed_ends else rounded(32, width)
        self.params = 29 * stem
        level = 0
        for i, (expand, kernel, stride, filters, repeats) in enumerate(stages):
            out = rounded(filters, width)
            count = repeats if fixed_ends and i in (0, len(stages) - 1) else max(1, layers(repeats * depth))
            level += stride == 2
            for _ in range(count):
                mid, hidden = x * expand, max(1, x // 4) if se else 0
                self.params += x * mid + 2 * mid if expand > 1 else 0
                self.params += mid * (kernel * kernel + 2) + mid * out + 2 * out
                self.params += 2 * mid * hidden + mid + hidden if se else 0
                self.units.append((level, kernel, x, mid, out, hidden > 0))
                x = out
        head = head or rounded(1280, width)
        self.params += x * head + 2 * head + head * 1000 + 1000


def efficientnet(width, depth, size):
    return Network(EFFICIENTNET, width, depth, size)


def lite(i):
    width, depth, size = FAMILY[i]
    return Network(EFFICIENTNET, width, depth, size, se=False, fixed_ends=True, head=1280)


def tinynet(width, depth, size):
    head = max(1280, rounded(1280, width))
    return Network(EFFICIENTNET, width, depth, size, head=head, layers=round, fixed_stem=True)


def mobilenet(width, depth, fixed_ends):
    head = 1280 if fixed_ends else max(1280, rounded(1280, width))
    return Network(MOBILENET_V2, width, depth, se=False, fixed_ends=fixed_ends, head=head)


# ------------------------------------------------------------------------------------------- Accel-NASBench


class Bench:
    """The 28 digits of every row, and the accuracy after its short training."""

    def __init__(self, path):
        rows = list(csv.DictReader(open(path)))
        self.id = np.array([int(r["id"]) for r in rows])
        digit = lambda name: np.array([[int(r[f"b{i}_{name}"]) for i in range(7)] for r in rows])
        self.expand, self.kernel, self.layers, self.se = digit("e"), digit("k"), digit("l"), digit("se")
        self.top1 = np.array([float(r["val_top1"]) for r in rows])
        self.params = np.array([int(r["params"]) for r in rows])
        self.hash = (self.id * 2654435761) & 0xFFFFFFFF
        self.held_out = self.hash < HELD_OUT * 2**32
        key = np.hstack([self.expand, self.kernel, self.layers, self.se])
        held = {tuple(k) for k in key[self.held_out]}
        self.train = np.array([not h and tuple(k) not in held for h, k in zip(self.held_out, key)])
        for i in range(0, len(rows), 500):  # the description above is the published one
            assert bench_network(self, i).params == self.params[i]


def bench_network(b, i):
    plan = [(int(e), int(k), s, f, int(l)) for e, k, s, f, l in
            zip(b.expand[i], b.kernel[i], [s[2] for s in EFFICIENTNET], [s[3] for s in EFFICIENTNET], b.layers[i])]
    stages = [stage for stage, (*_, layers) in enumerate(plan) for _ in range(layers)]
    net = Network(plan, se=False)
    for stage, (_, _, x, mid, _, _) in zip(stages, net.units):
        hidden = max(1, x // 4) if b.se[i][stage] else 0
        net.params += 2 * mid * hidden + (mid + hidden if hidden else 0)
    return net


STAGE_LEVEL = np.array([0, 1, 2, 3, 3, 4, 4])
STAGE_WIDTH = np.array([16, 24, 40, 80, 112, 192, 320])


class Shape:
    """log(ceiling - proxy top-1) = start - sum over levels of weight * log(1 + capacity / OFFSET)."""

    SIZES = dict(start=1, ceiling=1, weight=5, exponent=5, kernel=5, se=5, ends=5)
    LOW = dict(start=0, ceiling=68, weight=0, exponent=0, kernel=0, se=0, ends=0)
    HIGH = dict(start=9, ceiling=90, weight=9, exponent=4, kernel=3, se=3, ends=9)
    BEGIN = dict(start=4, ceiling=71, weight=0.5, exponent=0.5, kernel=0.2, se=0.2, ends=1)

    def __init__(self, vector):
        at = 0
        for name, n in self.SIZES.items():
            setattr(self, name, vector[at] if n == 1 else vector[at:at + n])
            at += n

    @classmethod
    def spread(cls, values):
        return np.concatenate([np.full(n, float(values[name])) for name, n in cls.SIZES.items()])

    def proxy(self, capacity):
        return self.ceiling - np.exp(self.start - (self.weight * np.log1p(capacity / OFFSET)).sum(-1))

    def unit(self, level, expand, width, kernel, se):
        """What one block adds to the capacity of its level; kernel: 0 for 3x3, 1 for 5x5."""
        value = (expand * width / REFERENCE[level]) ** self.exponent[level]
        return value * (1 + self.kernel[level] * kernel) * (1 + self.se[level] * se)

    def of_bench(self, b, rows):
        s = np.arange(7)
        unit = self.unit(STAGE_LEVEL[s], b.expand[rows], STAGE_WIDTH, (b.kernel[rows] == 5) * 1.0, b.se[rows])
        capacity = np.zeros((len(unit), LEVELS))
        for level in range(LEVELS):
            stages = np.flatnonzero(STAGE_LEVEL == level)
            capacity[:, level] = (b.layers[rows][:, stages] * unit[:, stages]).sum(1)
            capacity[:, level] += self.ends[level] * (unit[:, stages[0]] + unit[:, stages[-1]])
        return self.proxy(capacity)

    def capacity(self, net):
        units = [[] for _ in range(LEVELS)]
        for level, kernel, cin, mid, out, se in net.units:
            units[level].append(self.unit(level, mid / cin, out, (kernel == 5) * 1.0, se * 1.0))
        return np.array([sum(u) + ends * (u[0] + u[-1]) for u, ends in zip(units, self.ends)])


def fit_shape(b, rows):
    low, high, begin = Shape.spread(Shape.LOW), Shape.spread(Shape.HIGH), Shape.spread(Shape.BEGIN)
    found = least_squares(lambda v: Shape(v).of_bench(b, rows) - b.top1[rows], begin, bounds=(low, high))
    return Shape(found.x)


def scores(truth, guess):
    error = guess - truth
    return dict(r2=1 - (error**2).sum() / ((truth - truth.mean())**2).sum(), rho=spearmanr(truth, guess)[0],
                mae=abs(error).mean(), rmse=math.sqrt((error**2).mean()))


def show(name, s):
    print(f"{name:34} R2 {s['r2']:.4f}  Spearman {s['rho']:.4f}  MAE {s['mae']:.3f}  RMSE {s['rmse']:.3f}")


# ------------------------------------------------------------------------------------------------- the law of size

def load_recipes(path):
    """(network, top-1) of each recipe: rows of different recipes are never compared with each other."""
    timm = {(r["model"], int(r["img_size"])): (float(r["top1"]), float(r["param_count"].replace(",", "")))
            for r in csv.DictReader(open(path)) if r["top1"]}

    def row(model, net):
        top1, params = timm[(model, net.size)]
        assert abs(net.params / 1e6 - params) < 0.011, (model, net.params, params)
        return net, top1

    b = [efficientnet(*f) for f in FAMILY]
    tiny = [(1.0, 1.2, 192), (0.75, 1.1, 188), (0.54, 0.85, 184), (0.54, 0.695, 152), (0.51, 0.60, 106)]
    mobile = dict(mobilenetv2_100=(1.0, 1.0, False), mobilenetv2_110d=(1.1, 1.2, True),
                  mobilenetv2_120d=(1.2, 1.4, True), mobilenetv2_140=(1.4, 1.0, False))
    recipes = {
        "aa": [row(f"tf_efficientnet_b{i}.aa_in1k", n) for i, n in enumerate(b)],
        "in1k": [row(f"tf_efficientnet_b{i}.in1k", n) for i, n in enumerate(b[:6])],
        "lite": [row(f"tf_efficientnet_lite{i}.in1k", lite(i)) for i in range(5)],
        "tinynet": [row(f"tinynet_{'abcde'[i]}.in1k", tinynet(*t)) for i, t in enumerate(tiny)],
        "mobilenet": [row(f"{name}.ra_in1k", mobilenet(*m)) for name, m in mobile.items()],
        # EfficientNet-B0 scaled in one dimension: EfficientNet paper (arXiv:1905.11946), Table 7. Its base row reads
        # 76.3 in the first version and 77.3 in the last, the others do not change: the base row is left out.
        "table7": [(efficientnet(1, 4, 224), 79.0), (efficientnet(2, 1, 224), 78.9), (efficientnet(1, 1, 448), 79.1),
                   (efficientnet(1.2, 1.4, 291), 81.1)],
    }
    checks = {
        "ap": [row(f"tf_efficientnet_b{i}.ap_in1k", n) for i, n in enumerate(b)],
        "mnasnet": [row("mnasnet_100.rmsp_in1k", Network(MNASNET, se=False, head=1280))],
    }
    return recipes, checks


class Size:
    """100 - top-1 = recipe + slope (ceiling - proxy) + width_gap exp(-width_rate (w^2 - 1)) + the same of resolution."""

    def __init__(self, shape):
        self.shape = shape
        b0 = efficientnet(*FAMILY[0])
        capacity = shape.capacity(b0)
        share = shape.weight * shape.exponent * capacity / (OFFSET + capacity)
        self.level_share = share / share.sum()
        self.base_width = self.widths(b0)
        self.base_proxy = shape.proxy(capacity)

    def widths(self, net):
        out = [[u[4] for u in net.units if u[0] == level] for level in range(LEVELS)]
        return np.array([math.sqrt(min(o) * max(o)) for o in out])

    def inputs(self, net):
        width = math.exp((self.level_share * np.log(self.widths(net) / self.base_width)).sum())
        return self.shape.proxy(self.shape.capacity(net)), width, net.size / 224

    def gap(self, x, row):
        proxy, width, size = row
        narrow, coarse = np.exp(-x[2] * (width**2 - 1)), np.exp(-x[4] * (size**2 - 1))
        return x[0] * (self.shape.ceiling - proxy) + x[1] * narrow + x[3] * coarse

    def fit(self, recipes):
        names = list(recipes)
        rows = np.array([(*self.inputs(n), t, g) for g, name in enumerate(names) for n, t in recipes[name]])
        group = rows[:, 4].astype(int)
        weight = np.where(group == names.index("aa"), 2.0, 1.0)  # the recipe that sets the absolute level
        residual = lambda x: 100 - x[5:][group] - self.gap(x, rows[:, :3].T) - rows[:, 3]
        n = len(names)
        low, high = np.r_[np.full(5, 0.05), np.full(n, 5.0)], np.r_[3, 20, 12, 20, 12, np.full(n, 30.0)]
        begin = np.r_[0.7, 2, 1, 2, 1, np.full(n, 15.0)]
        found = least_squares(lambda x: residual(x) * weight, begin, bounds=(low, high))
        self.x, self.recipe = found.x[:5], dict(zip(names, found.x[5:]))
        return {name: residual(found.x)[group == g] for g, name in enumerate(names)}

    def within(self, rows):
        """Errors of a recipe that was not fitted, its mean removed."""
        error = np.array([-self.gap(self.x, self.inputs(n)) - t for n, t in rows])
        return error - error.mean()

    def top1(self, net):
        return 100 - self.recipe["aa"] - self.gap(self.x, self.inputs(net))


# ------------------------------------------------------------------------------------------------------- output

def numbers(values):
    return ", ".join(f"{v:.6g}" for v in np.atleast_1d(values))


def write_header(path, shape, size, held, folds, law_rmse, count):
    a = lambda name, v: f"inline constexpr std::array<double, {len(v)}> {name}{{{numbers(v)}}};\n"
    d = lambda name, v: f"inline constexpr double {name} = {v:.6g};\n"
    path.write_text(
        "// SPDX-License-Identifier: Apache-2.0\n"
        "/// \\file\n"
        "/// Coefficients of the accuracy model. Written by benchmarks/accuracy/fit.py: do not edit. docs/accuracy.md says\n"
        "/// what they mean and which data they come from (Accel-NASBench and pytorch-image-models, both Apache-2.0).\n"
        "#pragma once\n\n#include <array>\n\nnamespace nascent::detail::accuracy_fit {\n\n"
        "// Shape: accuracy after the short training of Accel-NASBench. Arrays are by level, maps of 1/2 to 1/32.\n"
        + d("ceiling", shape.ceiling) + d("start", shape.start) + d("offset", OFFSET)
        + a("weight", shape.weight) + a("exponent", shape.exponent) + a("kernel_gain", shape.kernel)
        + a("se_gain", shape.se) + a("ends", shape.ends) + a("reference_width", REFERENCE.astype(float))
        + "\n// Size: full training, recipe \"aa\" of tf_efficientnet.\n"
        + a("base_width", size.base_width) + a("level_share", size.level_share) + d("base_proxy", size.base_proxy)
        + d("base_error", size.recipe["aa"]) + d("proxy_slope", size.x[0])
        + d("width_gap", size.x[1]) + d("width_rate", size.x[2])
        + d("resolution_gap", size.x[3]) + d("resolution_rate", size.x[4])
        + "\n// Figures, in points of top-1: of the rows that no fit saw, of 5 folds of the others, of the law of size.\n"
        + f"inline constexpr int held_out_count = {count};\n"
        + d("held_out_r2", held["r2"]) + d("held_out_spearman", held["rho"]) + d("held_out_mae", held["mae"])
        + d("held_out_rmse", held["rmse"]) + d("folds_r2", folds["r2"]) + d("folds_spearman", folds["rho"])
        + d("folds_rmse", folds["rmse"]) + d("size_rmse", law_rmse)
        + "\n}  // namespace nascent::detail::accuracy_fit\n")


def write_fixture(path, b, shape):
    rows = np.flatnonzero(b.held_out)
    guess = shape.of_bench(b, rows)
    lines = []
    for i, g in zip(rows, guess):
        digits = "".join(f"{b.expand[i][s]}{b.kernel[i][s]}{b.layers[i][s]}{b.se[i][s]}" for s in range(7))
        lines.append(f'    {{{b.id[i]}, "{digits}", {b.top1[i]:.3f}, {g:.4f}}},\n')
    path.write_text(
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// Written by benchmarks/accuracy/fit.py: do not edit. Networks of Accel-NASBench that no fit has seen. Source:\n"
        "// https://github.com/afzalxo/Accel-NASBench, commit 42603572d530310e6bac7191d00cf45625a6b197, Apache-2.0;\n"
        "// ImageNet top-1 of its short training, one seed.\n"
        "#pragma once\n\n#include <array>\n\n"
        "struct held_out_network {\n  int id;\n"
        "  const char* digits;  ///< expansion, kernel, layers, squeeze-and-excite of 7 stages\n"
        "  double top1;         ///< measured, per cent\n  double predicted;    ///< by fit.py\n};\n\n"
        f"inline constexpr std::array<held_out_network, {len(rows)}> held_out_networks{{{{\n" + "".join(lines) + "}};\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="write the coefficients and the fixture")
    args = parser.parse_args()

    b = Bench(args.data / "accel_nasbench.csv")
    rows = np.flatnonzero(b.train)
    guess, fold = np.zeros(len(b.id)), (b.hash >> 7) % 5
    for k in range(5):
        inside, outside = rows[fold[rows] == k], rows[fold[rows] != k]
        guess[inside] = fit_shape(b, outside).of_bench(b, inside)
        show(f"Accel-NASBench, fold {k}", scores(b.top1[inside], guess[inside]))
    folds = scores(b.top1[rows], guess[rows])
    show(f"Accel-NASBench, 5 folds of {len(rows)}", folds)
    shape = fit_shape(b, rows)
    show("Accel-NASBench, fitted rows", scores(b.top1[rows], shape.of_bench(b, rows)))
    kept = np.flatnonzero(b.held_out)
    held = scores(b.top1[kept], shape.of_bench(b, kept))
    show(f"Accel-NASBench, {len(kept)} held out", held)
    for name in Shape.SIZES:
        print(f"  {name:9} {numbers(getattr(shape, name))}")

    recipes, checks = load_recipes(args.data / "timm_results.csv")
    size = Size(shape)
    errors = size.fit(recipes)
    text = lambda e: " ".join(f"{v:+.2f}" for v in e)
    print(f"\nsize: proxy slope {size.x[0]:.3f}, width {numbers(size.x[1:3])}, resolution {numbers(size.x[3:])}, "
          f"level shares {numbers(size.level_share)}, proxy of B0 {size.base_proxy:.2f}")
    for name, e in errors.items():
        print(f"  {name:10} recipe {size.recipe[name]:.2f}  errors {text(e)}")
    left = []
    for name in recipes:
        if name == "aa":
            continue
        other = Size(shape)
        other.fit({k: v for k, v in recipes.items() if k != name})
        e = other.within(recipes[name])
        print(f"  {name:10} left out: differences within the recipe {text(e)}")
        if name != "tinynet":
            left.extend(e)
    everything = np.concatenate(list(errors.values()))
    law_rmse = math.sqrt(np.mean(np.square(left)))
    print(f"  RMSE {math.sqrt(np.mean(everything**2)):.3f}, of recipes left out (without TinyNet) {law_rmse:.3f}")
    for name, e in checks.items():
        print(f"  check {name}: {text(size.within(e) if len(e) > 1 else [size.top1(e[0][0]) - e[0][1]])}")
    published = [77.1, 79.1, 80.1, 81.6, 82.9, 83.6, 84.0, 84.3]
    for i, f in enumerate(FAMILY):
        print(f"  EfficientNet-B{i} {size.top1(efficientnet(*f)):.2f}  paper {published[i]}  aa {recipes['aa'][i][1]:.2f}")

    if args.write:
        write_header(ROOT / "include/nascent/accuracy/detail/coefficients.hpp", shape, size, held, folds, law_rmse, len(kept))
        write_fixture(ROOT / "tests/accuracy/held_out.hpp", b, shape)


if __name__ == "__main__":
    main()
