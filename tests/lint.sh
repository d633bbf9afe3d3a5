#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-format over all sources, doxygen over all headers and documents, clang-tidy over all headers together (but for those
# with PyTorch: 1.13 of Debian 12 is not for clang in C++20) or over the files given. The version of clang-format is
# part of the format: another one breaks lines elsewhere.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/tests/packages.sh"
install_packages "${lint_packages[@]}"
cuda=/usr/local/cuda/include
cd "$root"

mapfile -t sources < <(find include src python tests examples benchmarks \( -name '*.cpp' -o -name '*.hpp' -o -name '*.inc' \) | sort)
clang-format-14 --dry-run -Werror "${sources[@]}"
echo "clang-format: ${#sources[@]} files are as .clang-format says"

mkdir -p build/lint
doxygen
echo "doxygen: build/reference/html/index.html, without a warning"

files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
  components=$(awk '$1 == "component" && $2 != "cudnn" && $2 != "torch" { print $2 }' cmake/house.txt | paste -sd ,)
  [[ ! -e $cuda/cudnn.h ]] || components+=,cudnn
  find include/nascent -name '*.hpp' | sort | xargs python3 tests/layering.py include --usable-with="$components" |
    sed 's|^include/\(.*\)|#include <\1>|' >build/lint/all_headers.cpp
  files=(build/lint/all_headers.cpp)
fi
python3 - "$root" "$cuda" "${files[@]}" >build/lint/compile_commands.json <<'PYTHON'
import json, sys
root, cuda, *files = sys.argv[1:]
command = f"clang++-19 -std=c++20 -I{root}/include -isystem /usr/include/eigen3 -isystem {cuda} -c"
print(json.dumps([{"directory": root, "file": f, "command": f"{command} {f}"} for f in files]))
PYTHON
printf '%s\n' "${files[@]}" |
  xargs -P "$(nproc)" -n 1 clang-tidy-19 --quiet --warnings-as-errors='*' -p build/lint 2> >(grep -v ' warnings\? generated' >&2)
echo "clang-tidy: nothing to say of ${files[*]}"
