#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Times networks here against ONNX Runtime, OpenVINO, PyTorch, ncnn and MNN: installs them into build/peers/venv, then runs in turns. The table goes to
# standard output and build/peers/peers.md, everything to build/peers/peers.json.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash benchmarks/peers.sh [option]...

  --short     one network, one cell, a few rounds, without PyTorch: for a quick look that all works
  --help      this; `--prepare-only`, `--models A,B`, `--dtype f32,bf16`, `--batch 1,32`, `--threads 1,2`, `--runtimes onnxruntime,openvino,torch,ncnn,mnn`,
              `--rounds N`, `--cell-s S` and the others are handed to benchmarks/peers/peers.py

PyTorch takes about 6 GB of disk with what it depends on, and compiles 24 networks ahead of time on first use.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
short=no given=()
for argument in "$@"; do
  case $argument in
    --short) short=yes ;;
    --help) usage && exit ;;
    *) given+=("$argument") ;;
  esac
done

cd "$root"
# shellcheck source=tests/packages.sh
. tests/packages.sh
install_packages "${example_packages[@]}" python3 python3-venv python3-dev

cmake -S . -B build/benchmarks -G Ninja -DCMAKE_BUILD_TYPE=Release -DNASCENT_BUILD_TESTS=OFF -DNASCENT_BUILD_EXAMPLES=OFF >/dev/null
cmake --build build/benchmarks --target benchmark_runtime benchmark_onnx

runtimes=(onnxruntime openvino torch ncnn MNN)
if [[ $short == yes ]]; then
  runtimes=(onnxruntime openvino)
  given=(--models EfficientNet-B0 --dtype f32 --batch 1 --threads 1 --runtimes 'onnxruntime,openvino' --cell-s 2 "${given[@]}")
fi

python=build/peers/venv/bin/python
[[ -x $python ]] || python3 -m venv build/peers/venv
# What cannot be installed is left out, with one line; peers.py says so again where it is missed.
install() {
  echo "installing $1"
  "$python" -m pip install --quiet "$@" 2>build/peers/pip.log ||
    echo "$1 cannot be installed here: $(grep -m 1 ERROR build/peers/pip.log || tail -n 1 build/peers/pip.log)"
}
for runtime in numpy onnx "${runtimes[@]}"; do
  "$python" -c "import $runtime" 2>/dev/null || install "$runtime"
done
# The converter of ncnn is a program; the module around it, which is not used, would fetch PyTorch.
if [[ " ${runtimes[*]} " == *" ncnn "* ]]; then
  "$python" -m pip show --quiet pnnx 2>/dev/null || install pnnx --no-deps
fi

exec "$python" -B benchmarks/peers/peers.py --runtime build/benchmarks/benchmarks/benchmark_runtime --out build/peers "${given[@]}"
