# SPDX-License-Identifier: Apache-2.0
"""Makes one page of what benchmarks/gpu.sh measured: `python gpu_report.py FOLDER` reads the steps' JSON files there and writes gpu.md and
gpu.json. A step that left no file was not run, and the page says so: no figure is on it that was not measured.
"""

import json
import os
import sys

steps = {
    "tests": "tests on the device", "device": "the device's description", "heuristics": "heuristics with and without the device", "models": "times of networks",
    "ratio": "EfficientNet-X-B0 against EfficientNet-B0", "activations": "tuned engines and compiled ones", "predict": "predictions from a latency table",
    "peers": "other runtimes",
}


def read(folder, name):
    try:
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def table(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |" for row in [head, *rows]]
    return [lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:], ""]


def number(value, digits=3):
    return "-" if value is None else f"{value:.{digits}f}"


def interval(ratio):
    if ratio is None:
        return "-"
    return number(ratio["median"]) + (f" ({number(ratio['low'])} to {number(ratio['high'])})" if isinstance(ratio.get("low"), float) and isinstance(ratio.get("high"), float) else "")


def clocks(about):
    def one(reading):
        if not reading:
            return "unknown"
        return f"{reading['sm_mhz']} of {reading['highest_sm_mhz']} MHz, {reading['celsius']} degrees, {reading['watts']:.0f} W" + \
            (", slowed for protection" if reading["slowed_for_protection"] else "")

    why = about.get("clocks_unknown_because")
    return f"clocks before: {one(about.get('clocks_before'))}; after: {one(about.get('clocks_after'))}" + (f" ({why})" if why else "")


def of_tests(report):
    lines = [f"{report['passed']} test cases passed, {report['failed']} failed, {report['skipped']} skipped (`[gpu]`), {report['seconds']:.0f} s.", ""]
    return lines + [f"* failed: {name}" for name in report["failures"]] + [""] * bool(report["failures"])


def of_device(report):
    if "not_understood" in report:
        return [f"cuDNN's own description is not understood: {report['not_understood']}", ""]
    if "by_hand" not in report:
        return ["No description by hand is of this architecture.", ""]
    by_hand = report["by_hand"]
    title = f"The device's own description beside the one by hand of the {by_hand['name']}" + ("" if by_hand["is_this_device"] else ", which is another device of its architecture")
    if not report["differences"]:
        return [title + ": no property differs.", ""]
    return [title + "; properties that differ:", "", *table(["property", "real", "by hand"], [[d["key"], d["real"], d["by_hand"]] for d in report["differences"]])]


def of_heuristics(report):
    lines = ["Distinct kernels for which cuDNN proposes the same engines on the device and for a description of it.", ""]
    lines += table(["type", "batch", "kernels", "same list", "same first", "by hand: same list", "by hand: same first"],
                   [[r["dtype"], r["batch"], r["kernels"], r["same_list"], r["same_first"], r["same_list_by_hand"], r["same_first_by_hand"]] for r in report["rows"]])
    return lines if report["has_description_by_hand"] else lines + ["There is no description by hand of this device: those columns repeat its own.", ""]


def of_models(report):
    rows = []
    for r in report["rows"]:
        if "error" in r:
            rows.append([r["model"], r["batch"], r["error"], *["-"] * 8])
            continue
        rows.append([r["model"], r["batch"], f"{number(r['device']['median_ms'], 4)} ({number(r['device']['low_ms'], 4)} to {number(r['device']['high_ms'], 4)})",
                     number(r["queued_ms"], 4), number(r["wall_ms"], 4), number(r["launch_overhead_ms"], 4), number(r["empty_graph_wall_ms"], 4),
                     f"{r['kernels']} ({r['compiled_kernels']})", f"{100 * r['compiled_share_of_time']:.0f} %", interval(r["sum_over_whole"]),
                     f"{r['device']['on_slow_clocks']} of {r['device']['samples']}"])
    return ["Device: inside one launch, by the device's clock, median and 95 % interval. Queued: per launch of many. Wall: from the launch until the host knows. "
            "Overhead: wall less device. Empty: wall of a graph with nothing in it. ms.", "",
            *table(["network", "batch", "device", "queued", "wall", "overhead", "empty", "kernels (compiled)", "time in compiled", "sum of kernels / whole", "on slow clocks"], rows)]


def of_ratio(report):
    return [*table(["first / second", "batch", "ratio (95 %)", "first, ms", "second, ms", "rounds", "on slow clocks"],
                   [[f"{r['first']} / {r['second']}", r["batch"], interval(r["ratio"]), number(r["first_time"]["median_ms"]), number(r["second_time"]["median_ms"]),
                     r["ratio"]["rounds"], f"{r['first_time']['on_slow_clocks']} and {r['second_time']['on_slow_clocks']}"] for r in report["rows"]]),
            "The EfficientNet-X paper gives 22.5 and 38.1 ms, 0.59, at batch 128 on a V100.", ""]


def of_activations(report):
    return ["Times of one layer, us, hot (its own data in the second-level cache) and cold; each with what an event costs, the same for all.", "",
            *table(["layer", "batch", "activation", "hot", "cold", "runs as"],
                   [[r["layer"], r["batch"], r["activation"], *((number(1e3 * r["hot_ms"], 1), number(1e3 * r["cold_ms"], 1), r["engine"]) if "error" not in r else ("-", "-", r["error"]))]
                    for r in report["rows"]])]


def of_predictions(reports):
    rows = []
    for report in reports:
        s = report["study"]
        rows.append([s["space"], s["dtype"], s["batch"], s["networks"], s["networks_not_in_table"], s["kernels"], f"{s['seconds_filling']:.0f}", f"{100 * s['mean_absolute_error']:.2f} %",
                     f"{100 * s['bias']:+.2f} %", f"{100 * s['within_5_percent']:.0f} %", f"{100 * s['within_10_percent']:.0f} %", f"{100 * s['worst']:.1f} %",
                     number(s["rank_correlation"], 4), f"{number(s['fastest_ms'])} to {number(s['slowest_ms'])}"])
    return table(["space", "type", "batch", "networks", "left out", "kernels", "s to fill", "mean error", "bias", "within 5 %", "within 10 %", "worst", "rank correlation", "ms"], rows)


def of_peers(report):
    names = {"nascent": "nascent", "torch": "PyTorch", "tensorrt": "TensorRT"}
    rows, notes = [], []
    for cell in report["cells"]:
        for r in cell["rows"]:
            rows.append([cell["model"], cell["batch"], names[r["runtime"]], r["setting"], number(r["median_ms"], 4), number(r["queue_ms"], 4), number(r["wall_ms"], 4),
                         interval(r.get("device_ratio")), interval(r.get("wall_ratio")), r["passes_on_slow_clocks"]])
        for name, why in cell["left_out"].items():
            note = f"* {cell['model']}, batch {cell['batch']}: {name} left out: {why}"
            notes.append(note)
    versions = sorted({r["version"] for cell in report["cells"] for r in cell["rows"]})
    return [f"f16, one CUDA graph each, in turns. Ratios: this library's time over the other's. {'; '.join(versions)}.", "",
            *table(["network", "batch", "runtime", "setting", "device ms", "queued ms", "wall ms", "device ratio (95 %)", "wall ratio (95 %)", "on slow clocks"], rows), *notes, ""]


def page(folder):
    found = {name: read(folder, name) for name in steps if name != "predict"}
    found["predict"] = [r for r in (read(folder, f"predict {space}") for space in ("proxylessnas", "efficientnet_x", "gpunet_encoded")) if r] or None
    writers = {"tests": of_tests, "device": of_device, "heuristics": of_heuristics, "models": of_models, "ratio": of_ratio, "activations": of_activations,
               "predict": of_predictions, "peers": of_peers}
    abouts = [r["about"] for r in found.values() if isinstance(r, dict) and "about" in r]
    if not abouts:
        return None, found
    a = abouts[0]
    out = ["# On a GPU", "", f"{a['device']}, {a['isa']}, {a['library']}, CUDA {a['cuda_runtime'] // 1000}.{a['cuda_runtime'] % 1000 // 10} (driver for "
           f"{a['cuda_of_driver'] // 1000}.{a['cuda_of_driver'] % 1000 // 10}), {a['at']}.", ""]
    for name, title in steps.items():
        out += [f"## {title[0].upper()}{title[1:]}", ""]
        if found[name] is None:
            out += ["Not run.", ""]
            continue
        out += writers[name](found[name])
        if isinstance(found[name], dict) and "about" in found[name]:
            out += [f"{found[name]['about']['dtype']}; {clocks(found[name]['about'])}.", ""]
    return "\n".join(out).rstrip() + "\n", found


def main(folder):
    text, found = page(folder)
    if text is None:
        print("gpu_report: no step left a report, so nothing was measured")
        return 0
    for name, content in (("gpu.md", text), ("gpu.json", json.dumps(found, indent=1) + "\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)
    print(text)
    print(f"written: {folder}/gpu.md, gpu.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
