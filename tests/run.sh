#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing from Debian's packages, then builds and runs all tests.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash tests/run.sh [option]... [ctest argument]...

  --debian13        run in a Debian 13 chroot (made on first use; see tests/debian13.sh)
  --compiler NAME   g++ (default) or clang++-19
  --sanitize        with AddressSanitizer and UndefinedBehaviorSanitizer
  --thread          with ThreadSanitizer; only the tests that start threads
  --fuzz SECONDS    libFuzzer searches so long for each importer, each time elsewhere; with clang and --sanitize
  --fuzz fixed      libFuzzer gives each importer the same inputs every time, some seconds long; with clang and --sanitize
  --short           leave out the tests labelled "long", the benchmarks, each header alone, and PyTorch; optimise less
  --strict          warnings are errors

Works on Debian 12 and 13, as root or with sudo. All else is handed to ctest, for instance -R executor.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
given=("$@")
compiler=g++ debian13=no preset='' suffix='' fuzz=OFF strict=OFF program_flags=-O1 torch=ON configure=() tests=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --debian13) debian13=yes ;;
    --compiler) compiler=${2:?"--compiler needs a name"} && shift ;;
    --sanitize) preset=sanitize torch=OFF ;;
    --thread) preset=thread torch=OFF ;;
    --fuzz) fuzz=${2:?"--fuzz needs seconds, or fixed"} && shift ;;
    --short)
      suffix=-short program_flags=-O0 torch=OFF
      tests+=(-LE '^long$')
      configure+=(-DNASCENT_BUILD_BENCHMARKS=OFF -DNASCENT_TEST_EACH_HEADER=OFF -DNASCENT_TEST_LONG=OFF
        -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1 -DNDEBUG")
      ;;
    --strict) strict=ON ;;
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
# PyTorch for g++ of Debian 12 alone: its 1.13 does not compile in C++20 with clang, and once is enough.
[[ $compiler == g++* && $(. /etc/os-release && echo "$VERSION_ID") == 12 ]] || torch=OFF
[[ $torch == OFF ]] || packages+=("${torch_packages[@]}")
if [[ $compiler == clang++-* ]]; then
  packages+=("clang-${compiler#clang++-}")
  [[ -z $preset ]] || packages+=("libclang-rt-${compiler#clang++-}-dev")
fi
install_packages "${packages[@]}"
install_catch2
installed=$SECONDS

case $preset,$compiler in
  ,g++) preset=release build=test ;;  # not build/release: programs are built to be tested here, and timed there
  ,clang++-19) preset=clang19 build=test-clang19 ;;
  ,*) preset=release build=test-$compiler ;;
  *,g++) build=test-$preset ;;
  *) build=test-$preset-$compiler ;;
esac
build=build/$build$suffix
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
configure+=("-DNASCENT_FUZZ=$fuzz" "-DNASCENT_WARNINGS_AS_ERRORS=$strict" "-DNASCENT_PROGRAM_FLAGS=$program_flags"
  "-DNASCENT_WITH_TORCH=$torch")
# Where there is memory: several test files at a time take half of the time; and g++, which collects its garbage ever
# again below 128 MB, a tenth less where it need not.
if [[ $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) -gt $((jobs * 4000000)) ]]; then
  configure+=(-DNASCENT_TEST_TOGETHER=ON)
  [[ $compiler != g++* ]] || configure+=(-DCMAKE_CXX_FLAGS="--param ggc-min-heapsize=2000000")
fi
# report: how long each part took, with what was slowest to build and to test. Targets and tests run side by side: their
# seconds add up to more than the part's.
report() {
  printf '\n%8s  %s\n' seconds part
  printf '%8d  %s\n' "$installed" packages "$((configured - installed))" configure "$((built - configured))" build \
    "$((SECONDS - built))" test
  printf '\n%8s  %s\n' seconds 'slowest to build'
  tail -n "+$((log_lines + 1))" "$build/.ninja_log" |
    awk '/^[0-9]/ && !/_tests.cmake/ { printf "%8.1f  %s\n", ($2 - $1) / 1000, $4 }' | sort -k 1,1nr | uniq | sed -n 1,12p
  printf '\n%8s  %s\n' seconds 'slowest tests'
  sed -nE 's/.*<testcase name="([^"]*)".* time="([0-9.e+-]*)".*/\2 \1/p' "$build/tests.xml" |
    awk '{ time = $1; sub(/^[^ ]+ /, ""); printf "%8.1f  %s\n", time, $0 }' | sort -k 1,1nr | sed -n 1,12p
  printf '\n'
}

cd "$root"
# What launched the compiler in an earlier configuration (ccache) may be gone.
cmake --preset "$preset" -B "$build" -UCMAKE_CXX_COMPILER_LAUNCHER -UNASCENT_CCACHE -DCMAKE_CXX_COMPILER="$compiler" \
  "${component_flags[@]}" "${configure[@]}"
configured=$SECONDS
log_lines=0
[[ ! -e $build/.ninja_log ]] || log_lines=$(wc -l <"$build/.ninja_log")
cmake --build "$build" --parallel "$jobs"
built=$SECONDS
status=0
ctest --test-dir "$build" --timeout 600 --output-on-failure --no-tests=error --parallel "$jobs" \
  --output-junit "$root/$build/tests.xml" "${tests[@]}" || status=$?
report || true
exit "$status"
