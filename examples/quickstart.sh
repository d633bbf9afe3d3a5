#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing from Debian's packages, builds examples/design_family, and runs it with the given arguments.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/quickstart
. "$root/tests/packages.sh"
install_packages "${example_packages[@]}"

cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "${component_flags[@]}" \
  -DNASCENT_BUILD_TESTS=OFF -DNASCENT_BUILD_BENCHMARKS=OFF
cmake --build "$build" --target design_family --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
exec "$build/examples/design_family" "$@"
