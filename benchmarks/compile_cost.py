#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What declaring a space costs the compiler: CPU seconds of -fsyntax-only, against a file that only includes <ranges>; and what the zoo costs,
against the header of GPUNet's space.

    compile_cost.py [--compiler g++] [--rounds 7] [--slots 100,200,400,600,1000] [--include DIR] [--json FILE]
    compile_cost.py --against COMMIT [--instructions] [--compiler g++] [--rounds 7]

All files are compiled in turn, round after round; the minimum counts, ratios are of minima. With --against, what programs include is compiled
with the headers of a commit and with those here, in turns. --instructions counts the compiler's instructions instead (valgrind, g++ alone):
some 20 times slower, and the same on a machine that is busy with other work.
"""

import argparse
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

INCLUDE = Path(__file__).resolve().parent.parent / "include"

HEADERS = "#include <nascent/block/block.hpp>\n#include <nascent/space/space.hpp>\nusing namespace nascent;\n"


def gpunet():
    """GPUNet's Table 1, declared in the file itself."""
    def stage(name, block, filters, stride, layers):
        step = f".stride({stride})" if stride > 1 else ""
        return (
            f'      .stage("{name}", {block}{{.filters = range({filters}), .kernel = one_of(3, 5), .expand = range(2, 6),'
            f" .se = one_of(0, .25), .act = one_of(relu, swish)}}){step}.layers(range({layers}))\n"
        )

    return (
        HEADERS + 'inline constexpr auto s = define([] {\n  return search_space("GPUNet").input(3, range(224, 512, 32))\n'
        '      .stage("stem", conv{.filters = one_of(24, 32), .kernel = one_of(3, 5), .act = one_of(relu, swish)}).stride(2)\n'
        '      .stage("1", conv{.filters = tied_to("stem.filters"), .kernel = one_of(3, 5), .act = one_of(relu, swish)}).layers(range(1, 4))\n'
        + stage("2", "fused_mbconv", "32, 80, 16", 2, "1, 8") + stage("3", "fused_mbconv", "48, 112, 16", 2, "1, 8")
        + stage("4", "mbconv", "96, 192, 16", 2, "1, 10") + stage("5", "mbconv", "112, 224, 16", 1, "0, 15")
        + stage("6", "mbconv", "128, 416, 32", 2, "1, 15") + stage("7", "mbconv", "256, 832, 64", 1, "0, 15")
        + "      .head(conv{.filters = 1792, .kernel = 1}, global_pool{}, dense{1000});\n});\nstatic_assert(s.size() > 1.26e24);\n"
    )


def shared(slots):
    """`slots` decisions in stages of five. Choices of one value: 1,000 real ones would be more networks than 128 bits count."""
    body = "".join(
        f'      .stage("{i}", mbconv{{.filters = one_of(16), .kernel = one_of(3), .expand = one_of(6), .act = one_of(relu)}})'
        ".layers(range(1, 1))\n"
        for i in range(slots // 5)
    )
    return space_of(body, slots // 5 * 5)


def independent(slots):
    """`slots` decisions in stages of 25 independent layers with a kernel and an expansion each."""
    body = "".join(
        f'      .stage("{i}", mbconv{{.filters = 32, .kernel = one_of(3), .expand = one_of(6)}}).layers(independent(25))\n'
        for i in range(slots // 50)
    )
    return space_of(body, slots // 50 * 50)


def space_of(stages, slots):
    return (
        HEADERS + 'inline constexpr auto s = define([] {\n  return search_space("s").input(3, 224)\n' + stages
        + f"      .head(global_pool{{}}, dense{{10}});\n}});\nstatic_assert(s.slot_count == {slots} && s.size() > 0);\n"
    )


SIZES = """
using namespace nascent;
static_assert(zoo::efficientnet_b0.size() == 1 && zoo::efficientnet_x_b0.size() == 1);
static_assert(zoo::efficientnet_x.size() == uint128{5 * 2 * 2} * (2 + 2) * (3 * 5 * 2 * 2) * (360 * 3) * (360 * 3) * (360 * 4) * (360 * 4) * (360 * 5) * (360 * 2) * 2);
static_assert(zoo::gpunet_encoded.size() == uint128{10 * 2 * 16} * (160 * 8) * (200 * 8) * (280 * 10) * (320 * 15 + 1) * (400 * 15) * (400 * 15 + 1));
static_assert(zoo::gpunet.size() == 4 * zoo::gpunet_encoded.size());
static_assert(zoo::proxylessnas.size() == 664506689423701824U);
static_assert(zoo::proxylessnas_enlarged.size() == uint128{664506689423701824U} * (4 * 4 * 4 * 6) * 16807);
static_assert(zoo::mobilenet_v3_like.size() == 8 * checked_power({36 * 37 * 37 * 37}, 5).value * (4 * 4 * 6) * 16807);
static_assert(zoo::mnasnet.size() == checked_power({432}, 5).value);
static_assert(zoo::once_for_all.size() == checked_power({7371}, 5).value);
static_assert(zoo::nas_bench_macro.size() == 6561 && zoo::nas_bench_macro_distinct.size() == 3969);
static_assert(zoo::nas_bench_201.size() == 15625);
"""


def zoo_files(include):
    """The zoo's headers: those that programs include, and all of them, without and with the exact size of every space."""
    everything = "".join(f"#include <nascent/zoo/{path.name}>\n" for path in sorted((include / "nascent/zoo").glob("*.hpp")))
    files = {f"zoo/{name}": f"#include <nascent/zoo/{name}>\n" for name in ("gpunet.hpp", "catalog.hpp")}
    return files | {"all of zoo/": everything, "all of zoo/, all sizes asserted": everything + SIZES}


def compile_once(compiler, source, include):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*compiler, "-std=c++20", "-fsyntax-only", f"-I{include}", source], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{source} does not compile:\n{done.stderr[:4000]}")
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def instructions(source, include):
    """Instructions of g++'s own compiler, in millions, without the driver."""
    driver = subprocess.run(["g++", "-###", "-std=c++20", "-fsyntax-only", f"-I{include}", source], capture_output=True, text=True).stderr
    command = shlex.split(next(line for line in driver.splitlines() if "cc1plus" in line))
    counter = ["setarch", "-R", "valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run([*counter, *command], capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{source} was not counted:\n{done.stderr[-4000:]}")
    return int(found[1].replace(",", "")) / 1e6


def compare(commit, compiler, rounds, counted):
    """What programs include, with the headers of a commit and with those here."""
    gpunet_declared = gpunet()
    drawn = "double costs_of(random_engine& rng) { return static_cast<double>(cost(s.sample(rng)).macs); }\n"
    first = re.search(r"```cpp\n(// file: first.cpp\n.*?)```", (INCLUDE.parent / "README.md").read_text(), re.DOTALL)[1]
    files = {
        "space headers alone": HEADERS,
        "GPUNet and its size": gpunet_declared,
        "GPUNet, its size and its costs": "#include <nascent/cost/cost.hpp>\n" + gpunet_declared + drawn,
        "zoo/gpunet.hpp": "#include <nascent/zoo/gpunet.hpp>\n",
        "nascent.hpp": "#include <nascent/nascent.hpp>\n",
        "README's first program": re.sub(r"<< (\w+\.size\(\)|m\w+_macs\(mobile\)|mobile\.rank\(net\))", r"<< double(\1)", first),  # not all commits print 128 bits
    }
    print(f"{'million instructions' if counted else 'CPU seconds'}, -fsyntax-only, {1 if counted else rounds} rounds")
    print(f"{'file':32} {commit[:12]:>12} {'here':>12} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", INCLUDE.parent, "archive", commit, "include"], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        for name, text in files.items():
            source = os.path.join(folder, "file.cpp")
            Path(source).write_text(text)
            least = [float("inf"), float("inf")]
            for _ in range(1 if counted else rounds):
                for i, include in enumerate((os.path.join(folder, "include"), INCLUDE)):
                    least[i] = min(least[i], instructions(source, include) if counted else compile_once(compiler, source, include))
            print(f"{name:32} {least[0]:12.3f} {least[1]:12.3f} {least[1] / least[0]:7.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slots", default="100,200,400,600,800,1000")
    parser.add_argument("--include", type=Path, default=INCLUDE, help="the headers to measure")
    parser.add_argument("--json")
    parser.add_argument("--against", metavar="COMMIT", help="compare with the headers of this commit")
    parser.add_argument("--instructions", action="store_true", help="with --against: count instructions instead of time")
    arguments = parser.parse_args()
    compiler = arguments.compiler.split()
    if arguments.against:
        return compare(arguments.against, compiler, arguments.rounds, arguments.instructions)
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0]

    files = {"<ranges> alone": "#include <ranges>\n", "GPUNet and its size": gpunet()}
    files["space headers alone"] = HEADERS
    for n in map(int, arguments.slots.split(",")):
        files[f"{n} slots in stages of 5"] = shared(n)
        files[f"{n} slots in stages of 50"] = independent(n)
    zoo = zoo_files(arguments.include)
    files |= zoo
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for i, (name, text) in enumerate(files.items()):
            paths[name] = os.path.join(folder, f"f{i}.cpp")
            Path(paths[name]).write_text(text)
        seconds = {name: [] for name in files}
        for _ in range(arguments.rounds):
            for name, path in paths.items():
                seconds[name].append(compile_once(compiler, path, arguments.include))
    base = min(seconds["<ranges> alone"])
    print(f"{version}, -fsyntax-only, CPU seconds, {arguments.rounds} rounds")
    gpunet_header = min(seconds["zoo/gpunet.hpp"])
    print(f"{'file':32} {'min':>7} {'median':>7} {'max':>7} {'/ <ranges>':>10} {'/ gpunet.hpp':>12}")
    for name, s in seconds.items():
        s.sort()
        against = f"{s[0] / gpunet_header:12.2f}" if name in zoo else ""
        print(f"{name:32} {s[0]:7.3f} {s[len(s) // 2]:7.3f} {s[-1]:7.3f} {s[0] / base:10.2f} {against}".rstrip())
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"compiler": version, "rounds": arguments.rounds, "cpu_seconds": seconds}, indent=1) + "\n")


main()
