#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing from Debian's packages, then builds and runs all tests.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash tests/run.sh [option]... [ctest argument]...

  --debian13        run in a Debian 13 chroot (made on first use; see tests/debian13.sh)
  --compiler NAME   g++ (default) or clang++-19
  --sanitize        with AddressSanitizer and UndefinedBehaviorSanitizer; programs only, no compile-only tests
  --short           leave out the tests labelled "long", the benchmarks and each header alone; optimise less
  --strict          warnings are errors

Works on Debian 12 and 13, as root or with sudo. All else is handed to ctest, for instance -R executor.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
given=("$@")
compiler=g++ debian13=no sanitize=no configure=() tests=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --debian13) debian13=yes ;;
    --compiler) compiler=${2:?"--compiler needs a name"} && shift ;;
    --sanitize) sanitize=yes ;;
    --short)
      tests+=(-LE '^long$')
      configure+=(-DNASCENT_BUILD_BENCHMARKS=OFF -DNASCENT_TEST_EACH_HEADER=OFF
        -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1 -DNDEBUG")
      ;;
    --strict) configure+=(-DNASCENT_WARNINGS_AS_ERRORS=ON) ;;
    --help) usage && exit ;;
    *) tests+=("$1") ;;
  esac
  shift
done

if [[ $debian13 == yes ]]; then
  for i in "${!given[@]}"; do
    [[ ${given[i]} != --debian13 ]] || unset 'given[i]'
  done
  exec bash "$root/tests/debian13.sh" bash tests/run.sh "${given[@]}"
fi

. "$root/tests/packages.sh"
packages=("${test_packages[@]}")
if [[ $compiler == clang++-* ]]; then
  packages+=("clang-${compiler#clang++-}")
  [[ $sanitize == no ]] || packages+=("libclang-rt-${compiler#clang++-}-dev")
fi
install_packages "${packages[@]}"
install_catch2

case $sanitize,$compiler in
  no,g++) preset=release build=release ;;
  no,clang++-19) preset=clang19 build=clang19 ;;
  no,*) preset=release build=release-$compiler ;;
  yes,g++) preset=sanitize build=sanitize ;;
  yes,*) preset=sanitize build=sanitize-$compiler ;;
esac
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

cd "$root"
cmake --preset "$preset" -B "build/$build" -DCMAKE_CXX_COMPILER="$compiler" "${component_flags[@]}" "${configure[@]}"
cmake --build "build/$build" --parallel "$jobs"
ctest --test-dir "build/$build" --timeout 600 --output-on-failure --no-tests=error --parallel "$jobs" "${tests[@]}"
