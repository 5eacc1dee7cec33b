#!/usr/bin/env bash
# Aim: the scripts in jobs/ work from a clean clone on a machine where nothing was installed by hand.
# Method: a minimal Debian 12 by debootstrap, the commit at HEAD cloned into it, the commands run there under chroot.
# On demand, as root, with the network settings of this machine (apt sources, pip, certificates). Nothing stays behind.
#
#   tests/bare_debian.sh [--keep] COMMAND…    for example  tests/bare_debian.sh jobs/quickstart.sh jobs/test.sh
set -euo pipefail

keep=no
if [ "${1:-}" = --keep ]; then
  keep=yes
  shift
fi
if [ $# -eq 0 ] || [ "$(id -u)" -ne 0 ]; then
  sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
repository=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
root=$(mktemp -d "${TMPDIR:-/var/tmp}/bare_debian.XXXXXX")
chmod 755 "$root"
clean_up() { # the mounts died with their namespace
  if [ "$keep" = yes ]; then echo "kept: $root"; else rm -rf --one-file-system "$root"; fi
}
trap clean_up EXIT

timed() { # LABEL COMMAND…
  local label=$1 began=$SECONDS status=0
  shift
  "$@" || status=$?
  echo "== $label: $((SECONDS - began)) s, exit code $status"
  return "$status"
}

make_debian() {
  local mirror
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 2>/dev/null | head -n 1 || true)
  debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail "$root.log"; return 1; }
  rm -f "$root.log"
}

copy_if_here() {
  for path in "$@"; do
    [ -e "$path" ] || continue
    mkdir -p "$root$(dirname "$path")"
    cp -rL --no-target-directory "$path" "$root$path"
  done
}

# This machine's way to the packages; without it the commands would test the network, not the scripts.
settings=()
copy_network_settings() {
  local name value
  # shellcheck source=/dev/null
  if (. /etc/os-release && [ "${VERSION_CODENAME:-}" = bookworm ]); then
    rm -f "$root/etc/apt/sources.list"
    copy_if_here /etc/apt/sources.list /etc/apt/sources.list.d
  fi
  copy_if_here /etc/apt/apt.conf /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/pip.conf /etc/resolv.conf /etc/hosts \
    /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt
  while IFS='=' read -r name value; do
    settings+=("$name=$value")
    if [ -f "$value" ]; then copy_if_here "$value"; fi
  done < <(env | grep -iE '^(PIP_[A-Z_]+|SSL_CERT_[A-Z]+|[A-Z]+_CA_BUNDLE|https?_proxy|no_proxy|ftp_proxy)=')
}

run_inside() { # COMMAND: in namespaces of its own, so that no mount and no process outlives it
  # shellcheck disable=SC2016
  unshare --mount --propagation private --pid --fork --kill-child env -i HOME=/root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ${settings[@]+"${settings[@]}"} bash -ec '
      mount -t proc proc "$0/proc"
      mount -t sysfs sysfs "$0/sys"
      mount --rbind /dev "$0/dev"
      mount -t tmpfs tmpfs "$0/dev/shm"
      exec chroot "$0" bash -c "cd /root/crossilo && $1"' "$root" "$1"
}

timed debootstrap make_debian
copy_network_settings
git clone --quiet "file://$repository" "$root/root/crossilo"
git -C "$root/root/crossilo" checkout --quiet "$(git -C "$repository" rev-parse HEAD)"
for command in "$@"; do timed "$command" run_inside "$command"; done
du -sh --one-file-system "$root" | sed 's/\t.*/ in all/'
