#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures all that this library says of NVIDIA GPUs, on one: tests, plans, times, tables, other runtimes. The page goes to standard output
# and build/gpu/gpu.md, everything to build/gpu/*.json. Without a GPU it says so, and measures nothing.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash benchmarks/gpu.sh [option]...

  --steps A,B      some of tests, device, heuristics, models, ratio, activations, predict, peers; all where not given. Reports of earlier
                   steps in the folder stay, so that the work can be done in portions
  --out FOLDER     for reports, models, plans and tables (build/gpu)
  --programs DIR   do not build: test_cudnn and benchmark_gpu lie here, built on another machine, and beside them libraries that this one lacks
  --short          few networks and little time: for a look that all works
  --help           this

Plans are kept in FOLDER/plans: the first run compiles engines for minutes, later ones do not.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
all=tests,device,heuristics,models,ratio,activations,predict,peers
steps=$all out=build/gpu programs='' short=no
while [[ $# -gt 0 ]]; do
  case $1 in
    --steps) steps=${2:?"--steps needs names"}; shift ;;
    --out) out=${2:?"--out needs a folder"}; shift ;;
    --programs) programs=$(cd "${2:?"--programs needs a folder"}" && pwd); shift ;;
    --short) short=yes ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
for step in ${steps//,/ }; do
  if [[ ,$all, != *,$step,* ]]; then
    echo "--steps: found '$step'; allowed: ${all//,/, }" >&2
    exit 2
  fi
done
cd "$root"

# Is there a GPU? Asked of the driver itself.
missing=$(python3 - <<'PYTHON'
import ctypes
try:
    driver = ctypes.CDLL("libcuda.so.1")
except OSError:
    print("no NVIDIA driver (libcuda.so.1) on this machine")
else:
    count = ctypes.c_int(0)
    status = driver.cuInit(0)
    if status == 0:
        status = driver.cuDeviceGetCount(ctypes.byref(count))
    if status != 0 or count.value == 0:
        print(f"a driver but no GPU (the driver's status {status})")
PYTHON
)
if [[ -n $missing ]]; then
  echo "gpu: nothing was measured: $missing"
  exit 0
fi

# Where cuDNN came with Python packages only, its libraries are found there.
libraries=$(python3 - <<'PYTHON'
import glob, os, site, sys
folders = {p for base in [*sys.path, *site.getsitepackages(), site.getusersitepackages()] for p in glob.glob(os.path.join(base, "nvidia", "*", "lib"))}
print(":".join(sorted(folders)))
PYTHON
)
if [[ -n $libraries ]] && ! ldconfig -p | grep -q 'libcudnn\.so\.9'; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries; fi

mkdir -p "$out"
if [[ -n $programs ]]; then
  export LD_LIBRARY_PATH=$programs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
  # shellcheck source=tests/packages.sh
  . tests/packages.sh
  install_packages "${build_packages[@]}" libeigen3-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev python3
  with_tests=OFF targets=(benchmark_gpu)
  if [[ ,$steps, == *,tests,* ]]; then
    install_catch2
    with_tests=ON targets+=(test_cudnn)
  fi
  wheel=$(tr : '\n' <<<"$libraries" | grep -m 1 '/nvidia/cudnn/lib$' || true)
  cmake -S . -B build/gpu-programs -G Ninja ${wheel:+"-DcuDNN_ROOT=${wheel%/lib}"} -DCMAKE_BUILD_TYPE=Release -DNASCENT_BUILD_EXAMPLES=OFF \
    -DNASCENT_BUILD_TESTS=$with_tests -DNASCENT_WITH_{CUDNN,SQLITE,JSON,EIGEN}=ON >/dev/null
  cmake --build build/gpu-programs --target "${targets[@]}"
  mkdir -p build/gpu-programs/run
  ln -sf ../tests/test_cudnn ../benchmarks/benchmark_gpu build/gpu-programs/run/
  programs=$root/build/gpu-programs/run
fi
gpu=$programs/benchmark_gpu
plans=(--plan-cache "$out/plans" --compile-threads "$(nproc)")
models=EfficientNet-X-B0,EfficientNet-B0,GPUNet-0,GPUNet-1,GPUNet-2
batches=1,128 peer_batches=(1 128) budget=5 networks=50 pool=40 fill=240 portions=$(nproc)
if [[ $short == yes ]]; then models=GPUNet-0 batches=1 peer_batches=(1) budget=0.5 networks=5 pool=5 fill=30; fi

failed=()
run_step() { # name, command...: a step that fails does not keep the others from running. Nothing in it ends by itself at a failure
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || failed+=("$name")
}

tests_on_device() {
  # Side by side: most of the time goes into compiling engines, on the processor. This is what `ctest -L gpu` runs.
  local i pids=() status=0
  rm -f "$out"/tests.*.xml
  for ((i = 0; i < portions; ++i)); do
    "$programs/test_cudnn" '[gpu]' --allow-running-no-tests --shard-count "$portions" --shard-index "$i" -r console -r junit::out="$out/tests.$i.xml" \
      >"$out/tests.$i.log" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || status=1; done
  grep -h 'largest difference\|an event between' "$out"/tests.*.log || true
  python3 -B - "$out" <<'PYTHON' || status=1
import glob, json, sys, xml.etree.ElementTree as tree
report = {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0, "failures": []}
for path in glob.glob(sys.argv[1] + "/tests.*.xml"):
    portion = 0.0
    for case in tree.parse(path).getroot().iter("testcase"):
        portion += float(case.get("time", 0))
        kind = "failed" if case.find("failure") is not None or case.find("error") is not None else "skipped" if case.find("skipped") is not None else "passed"
        report[kind] += 1
        if kind == "failed":
            report["failures"].append(case.get("name"))
    report["seconds"] = max(report["seconds"], portion)
print("{passed} passed, {failed} failed, {skipped} skipped".format(**report), *report["failures"], sep="\n  ")
if not any(report[k] for k in ("passed", "failed", "skipped")):
    sys.exit("no test ran; see tests.*.log")
with open(sys.argv[1] + "/tests.json", "w") as file:
    json.dump(report, file)
PYTHON
  return $status
}

other_runtimes() {
  local batch
  for batch in "${peer_batches[@]}"; do
    "$gpu" export --models "$models" --images "$batch" --out "$out/models-$batch" --batch "$batch" "${plans[@]}" || return 1
  done
  for batch in "${peer_batches[@]}"; do
    mkdir -p "$out/peers-$batch"
    python3 -B benchmarks/peers/gpu_peers.py --runtime "$gpu" --out "$out/peers-$batch" --models-folder "$out/models-$batch" --models "$models" --batch "$batch" \
      "${plans[@]}" || return 1
  done
  python3 -B - "$out" "${peer_batches[@]}" <<'PYTHON'
import json, sys
parts = [json.load(open(f"{sys.argv[1]}/peers-{batch}/peers.json")) for batch in sys.argv[2:]]
json.dump({"cells": [cell for part in parts for cell in part["cells"]]}, open(f"{sys.argv[1]}/peers.json", "w"))
PYTHON
}

predictions() {
  # GPUNet's table is bound by compiling engines: what its budget does not reach is left out, and counted.
  "$gpu" predict --space proxylessnas --networks "$networks" --pool "$pool" --fill-s "$fill" --batch 1 --candidates 2 --out "$out" "${plans[@]}" || return 1
  "$gpu" predict --space gpunet_encoded --networks "$networks" --pool $((pool / 4)) --fill-s "$fill" --batch 1 --candidates 1 --out "$out" "${plans[@]}"
}

for step in ${steps//,/ }; do
  case $step in
    tests) run_step tests tests_on_device ;;
    device) run_step device "$gpu" device --out "$out" ;;
    heuristics) run_step heuristics "$gpu" heuristics --out "$out" --models "$models" --batch "$batches" ;;
    models) run_step models "$gpu" models --out "$out" --models "$models" --batch "$batches" --budget-s "$budget" "${plans[@]}" ;;
    ratio) run_step ratio "$gpu" ratio --out "$out" --models EfficientNet-X-B0,EfficientNet-B0 --batch "${batches##*,}" --budget-s "$budget" "${plans[@]}" ;;
    activations) run_step activations "$gpu" activations --out "$out" --batch "$batches" --budget-s "$budget" "${plans[@]}" ;;
    predict) run_step predict predictions ;;
    peers) run_step peers other_runtimes ;;
  esac
done

printf '\n'
python3 -B benchmarks/peers/gpu_report.py "$out"
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
