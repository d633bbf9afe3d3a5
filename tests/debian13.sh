#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a Debian 13 chroot, at the top of a copy of this source tree: debian13.sh COMMAND [ARGUMENT]...
#
# The chroot is made with debootstrap on first use and kept in $NASCENT_CHROOT (default: nascent-debian13 in $TMPDIR or
# /var/tmp), with its packages and its build folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/tests/packages.sh"
if [[ $(id -u) -ne 0 ]]; then
  as_root env NASCENT_CHROOT="${NASCENT_CHROOT:-}" TMPDIR="${TMPDIR:-}" http_proxy="${http_proxy:-}" \
    https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" bash "${BASH_SOURCE[0]}" "$@"
  exit
fi

# Where the system allows it, in a mount namespace of its own: what is mounted below ends with this, however it ends.
if [[ -z ${nascent_namespace:-} ]] && unshare --mount true 2>/dev/null; then
  exec env nascent_namespace=yes unshare --mount bash "${BASH_SOURCE[0]}" "$@"
fi

chroot=${NASCENT_CHROOT:-${TMPDIR:-/var/tmp}/nascent-debian13}
mkdir -p "$(dirname "$chroot")"
exec 9>"$chroot.lock"
flock 9  # a second run waits for the first

if [[ ! -e $chroot/.nascent-debian13 ]]; then
  if [[ -n $(ls -A "$chroot" 2>/dev/null) ]]; then
    echo "$chroot exists and is no chroot of this script: remove it, or choose another with NASCENT_CHROOT" >&2
    exit 1
  fi
  install_packages debootstrap
  mirror=$(debian_mirror)
  echo "making a Debian 13 chroot in $chroot from $mirror"
  rm -rf --one-file-system "$chroot.partial"
  debootstrap --variant=minbase --include=ca-certificates trixie "$chroot.partial" "$mirror" >"$chroot.log" 2>&1 || {
    tail -n 20 "$chroot.log" >&2
    exit 1
  }
  touch "$chroot.partial/.nascent-debian13"
  rm -rf --one-file-system "$chroot"
  mv "$chroot.partial" "$chroot"
fi

# The network as this machine sees it: names and apt's proxy.
for file in /etc/resolv.conf /etc/hosts; do
  [[ ! -e $file ]] || cp --remove-destination "$(readlink -f "$file")" "$chroot$file"
done
grep -lis 'proxy' /etc/apt/apt.conf /etc/apt/apt.conf.d/* | while read -r file; do
  cp "$file" "$chroot/etc/apt/apt.conf.d/"
done || true

# The sources, without what was built from them; the chroot's own build folder stays.
mkdir -p "$chroot/nascent"
find "$chroot/nascent" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
tar -C "$root" --exclude=./build --exclude=./.git -cf - . | tar -C "$chroot/nascent" --no-same-owner -xf -

trap 'umount --lazy "$chroot"/{proc,sys,dev} 2>/dev/null || true' EXIT
mount -t proc proc "$chroot/proc" 2>/dev/null || mount --bind /proc "$chroot/proc" || echo "going on without /proc" >&2
mount --bind /sys "$chroot/sys" || echo "going on without /sys" >&2
[[ -c $chroot/dev/null ]] || mount --bind /dev "$chroot/dev"

# An environment of its own: what this machine says of compilers, launchers and caches does not hold there.
passed=()
for name in http_proxy https_proxy no_proxy CMAKE_BUILD_PARALLEL_LEVEL; do
  [[ -z ${!name:-} ]] || passed+=("$name=${!name}")
done
# shellcheck disable=SC2016
chroot "$chroot" env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  "${passed[@]}" bash -c 'cd /nascent && exec "$@"' bash "$@"
