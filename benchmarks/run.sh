#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the benchmarks and runs them all: tables on standard output, JSON in build/benchmarks/. docs/benchmarks.md keeps what they gave.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/packages.sh
. tests/packages.sh
install_packages "${test_packages[@]}"

cmake -S . -B build/benchmarks -G Ninja -DCMAKE_BUILD_TYPE=Release -DNASCENT_BUILD_TESTS=OFF -DNASCENT_BUILD_EXAMPLES=OFF >/dev/null
cmake --build build/benchmarks

for name in space zoo network; do
  printf '\n== %s\n' "$name"
  build/benchmarks/benchmarks/benchmark_"$name" --benchmark_out=build/benchmarks/"$name".json --benchmark_out_format=json "$@"
done

printf '\n== kernels of this library against oneDNN alone\n'
build/benchmarks/benchmarks/benchmark_kernels --json build/benchmarks/kernels.json

printf '\n== predicting networks from a latency table\n'
for dtype in f32 bf16; do
  build/benchmarks/benchmarks/benchmark_predict --dtype "$dtype" --out build/benchmarks/predict || printf 'not on this processor\n'
done

printf '\n== compile cost\n'
python3 benchmarks/compile_cost.py --json build/benchmarks/compile_cost.json
