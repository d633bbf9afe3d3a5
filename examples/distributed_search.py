#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A search whose networks are trained by several workers, on this machine or on a Ray cluster.

    python3 examples/distributed_search.py --study spirals.db                 two processes of this machine
    python3 examples/distributed_search.py --study spirals.db --engine ray    a Ray cluster, or one that is made here

Kill it, or a worker, at any moment and start it again: trainings go on at their last checkpoint. The space is NAS-Bench-Macro's: eight
layers of three options each. Here an option is what a small residual network for points on three spirals does in its layer: nothing,
8 units, or 16; it is trained in numpy, and the accuracy is that of points which it has not seen."""

import argparse
import os

import numpy

import nascent

UNITS = {0: 0, 1: 8, 2: 16}
WIDTH, CLASSES, EPOCHS = 8, 3, 30


def spirals(n, rng):
    label = rng.integers(CLASSES, size=n)
    radius = rng.uniform(0.1, 1, n)
    angle = 9 * radius + label * 2 * numpy.pi / CLASSES + rng.normal(0, 0.3, n)
    return numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle), numpy.ones(n)], 1), label  # the one is for biases


def begin(layers, rng):
    """Weights: into the width, two matrices for each layer that there is, out of it."""
    shapes = [(3, WIDTH)] + [s for units in layers for s in ((WIDTH, units), (units, WIDTH))] + [(WIDTH, CLASSES)]
    weights = [rng.normal(0, (1 / a) ** 0.5, (a, b)) for a, b in shapes]
    for w in weights[2:-1:2]:
        w *= 0.3  # deep ones begin near the identity
    return weights


def gradients(weights, x, label):
    """Of the mean cross entropy, and how many points are classified right."""
    first, last = weights[0], weights[-1]
    h, inside = x @ first, []
    for a, b in zip(weights[1:-1:2], weights[2:-1:2]):
        z = numpy.maximum(h @ a, 0)
        inside.append((h, z))
        h = h + z @ b
    score = h @ last
    p = numpy.exp(score - score.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    right = int((score.argmax(1) == label).sum())
    p[numpy.arange(len(x)), label] -= 1
    p /= len(x)
    found = [h.T @ p]
    up = p @ last.T
    for (h, z), a, b in zip(reversed(inside), weights[-3:0:-2], weights[-2:0:-2]):
        through = (up @ b.T) * (z > 0)
        found += [z.T @ up, h.T @ through]
        up = up + through @ a.T
    found.append(x.T @ up)
    return found[::-1], right


def train(evaluation):
    """The evaluator. Its checkpoint is one file: weights, momenta, and how many epochs they have seen."""
    rng = numpy.random.default_rng(1)
    x, label = spirals(2000, rng)
    unseen, truth = spirals(1000, rng)
    layers = [UNITS[int(v)] for v in evaluation.values.values() if int(v) > 0]
    weights, epoch = begin(layers, numpy.random.default_rng(evaluation.rank % 2**32)), 0
    momenta = [numpy.zeros_like(w) for w in weights]
    checkpoint = evaluation.folder / "weights.npz"
    if checkpoint.exists():
        kept = numpy.load(checkpoint)
        epoch = int(kept["epoch"])
        weights = [kept[f"w{i}"] for i in range(len(weights))]
        momenta = [kept[f"m{i}"] for i in range(len(weights))]
    for epoch in range(epoch, EPOCHS):
        order = numpy.random.default_rng(epoch).permutation(len(x))
        for batch in numpy.split(order, 40):
            found, _ = gradients(weights, x[batch], label[batch])
            for w, m, g in zip(weights, momenta, found):
                m *= 0.9
                m += g
                w -= 0.02 * (1 + numpy.cos(numpy.pi * epoch / EPOCHS)) * m
        beside = evaluation.folder / "new.npz"
        numpy.savez(beside, epoch=epoch + 1, **{f"w{i}": w for i, w in enumerate(weights)}, **{f"m{i}": m for i, m in enumerate(momenta)})
        os.replace(beside, checkpoint)
        if epoch % 10 == 9:
            evaluation.report(epoch + 1, accuracy=100 * gradients(weights, unseen, truth)[1] / len(unseen))
    return {"accuracy": 100 * gradients(weights, unseen, truth)[1] / len(unseen), "weights": sum(w.size for w in weights)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--study", default="spirals.db", help="the file, which a second run goes on with")
    options.add_argument("--networks", type=int, default=40)
    options.add_argument("--engine", default="local", choices=["local", "ray"])
    options.add_argument("--workers", type=int, default=2, help="processes of the local engine")
    options.add_argument("--address", help="of the Ray cluster")
    given = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker is a core
    method = {"method": "evolution", "seed": 7, "options": {"population": 12, "sample": 4}}
    with nascent.Study(given.study, nascent.zoo.nas_bench_macro, **method) as study:
        done = nascent.distribute(
            study, train, networks=given.networks, engine=given.engine, workers=given.workers, address=given.address, time_limit_s=600
        )
        print(study.status(cost="weights"))
        print(f"{done.evaluated} by this run, {done.repeated} repeated, {100 * done.utilisation:.0f} % of the workers' time used")


if __name__ == "__main__":
    main()
