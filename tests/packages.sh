# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2191
# What the scripts of this repository need from Debian's packages. Sourced, not run.

# The components' packages, with what Debian's asks for beside them (Debian 12's oneDNN looks for OpenCL); cuDNN comes from NVIDIA.
# All are demanded, so that none goes missing silently; but for PyTorch, of some hundred MB, which tests/run.sh demands where it has time for it.
library_packages=() component_flags=()
while read -r kind name _ _ package more _; do
  [[ $kind == component && $name != cudnn && $name != torch ]] || continue
  library_packages+=("$package")
  [[ $more == - ]] || library_packages+=("${more//,/ }")
  component_flags+=("-DNASCENT_WITH_${name^^}=ON")
done <"$(dirname "${BASH_SOURCE[0]}")/../cmake/house.txt"

# What each job needs.
build_packages=(g++ cmake ninja-build)
example_packages=("${build_packages[@]}" "${library_packages[@]}" libcli11-dev)
lint_packages=("${example_packages[@]}" clang-format-14 clang-tidy-19 doxygen python3)
torch_packages=(libtorch-dev dataset-fashion-mnist)
test_packages=("${example_packages[@]}" libbenchmark-dev pkg-config python3)

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "this needs root or sudo: $*" >&2
    return 1
  fi
}

# Waits for another apt-get to finish instead of failing; takes nothing that was not asked for.
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"; }

# The package lists, fetched once per script.
update_lists() {
  [[ -n ${lists_updated:-} ]] || apt_get update
  lists_updated=yes
}

is_installed() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *" installed" ]]; }

# install_packages [-t SUITE] NAME...: installs what is missing, and says what.
install_packages() {
  local from=()
  if [[ $1 == -t ]]; then
    from=(-t "$2")
    shift 2
  fi
  if ! command -v apt-get >/dev/null; then
    echo "not a Debian system; going on as if these were installed: $*"
    return
  fi
  local missing=() name
  for name in "$@"; do
    if [[ ${#from[@]} -gt 0 ]] || ! is_installed "$name"; then missing+=("$name"); fi
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    echo "installing ${missing[*]}${from[1]:+ from ${from[1]}}"
    update_lists
    apt_get install --no-install-recommends "${from[@]}" "${missing[@]}" >/dev/null
  fi
}

# The mirror that this machine's apt takes its release from; apt knows once it has fetched lists.
debian_mirror() {
  local codename mirror attempt
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  for attempt in 1 2; do
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(CREATED_BY)' |
      awk -v codename="$codename" '$2 == codename && $3 == "Packages" { print $1; exit }')
    [[ -z $mirror && $attempt == 1 ]] || break
    update_lists
  done
  echo "${mirror:-http://deb.debian.org/debian}"
}

is_version_3() { [[ -n $1 ]] && dpkg --compare-versions "$1" ge 3; }

# Catch2 3: the release's own package where that is new enough, else the one of its backports (Debian 12).
install_catch2() {
  command -v apt-get >/dev/null || return 0
  if is_installed catch2 && is_version_3 "$(dpkg-query -W -f '${Version}' catch2)"; then return; fi
  update_lists
  if is_version_3 "$(apt-cache policy catch2 | awk '/Candidate:/ { print $2 }')"; then
    install_packages catch2
    return
  fi
  local suite
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")-backports
  if ! apt-cache policy | grep -q "n=$suite"; then
    echo "adding $suite to the package sources (/etc/apt/sources.list.d/$suite.sources)"
    as_root tee "/etc/apt/sources.list.d/$suite.sources" >/dev/null <<SOURCES
Types: deb
URIs: $(debian_mirror)
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    lists_updated=
    update_lists
  fi
  install_packages -t "$suite" catch2
}
