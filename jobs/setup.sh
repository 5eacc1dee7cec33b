#!/usr/bin/env bash
# Brings a bare Debian 12 or Ubuntu 24.04 (x86-64) to where Crossilo builds: packages by apt, libtorch by pip.
# Safe to run twice; what is already here is left alone.
#
#   jobs/setup.sh             all that building, running and testing needs
#   jobs/setup.sh --no-tests  without GoogleTest, shellcheck, clang, Slurm and the Python tools of the tests
#   jobs/setup.sh --no-apt    libtorch and the Python tools only (a cluster with modules: no root needed)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Name and the least version that is known to do.
build_packages=(
  "g++ 4:12.2" "cmake 3.25" "ninja-build 1.11" "ccache 4.7" "ca-certificates 2023" "python3-venv 3.11"
  "libopenmpi-dev 4.1.4" "openmpi-bin 4.1.4" "libhdf5-dev 1.10.8" "libboost-program-options-dev 1.74"
  "libssl-dev 3.0" "nlohmann-json3-dev 3.11.2" "libfmt-dev 9.1" "libspdlog-dev 1:1.10" "zlib1g-dev 1:1.2"
  "libbenchmark-dev 1.7"
)
test_packages=(
  "libgtest-dev 1.12" "shellcheck 0.9" "clang 1:14.0" "libclang-rt-dev 1:14.0" "clang-tidy 1:14.0" "clang-format 1:14.0"
  "slurmctld 22.05" "slurmd 22.05" "slurm-client 22.05" "munge 0.5" "iproute2 5.15" # slurm/testcluster.sh
)

with_apt=yes with_tests=yes
for option in "$@"; do
  case $option in
    --no-tests) with_tests=no ;;
    --no-apt) with_apt=no ;;
    *) head_text >&2; exit 2 ;;
  esac
done
packages=("${build_packages[@]}")
[ "$with_tests" = no ] || packages+=("${test_packages[@]}")

stop() { # exit code 3, as the program's: the surroundings do not fit
  printf '%s\n' "$@" >&2
  exit 3
}

# Prints "absent NAME" or "old NAME" for each package that is not here as it has to be.
lacking_packages() {
  local here name least version
  here=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n')
  for entry in "${packages[@]}"; do
    read -r name least <<<"$entry"
    version=$(awk -v name="$name" '$1 == "installed" && $2 == name { print $3; exit }' <<<"$here")
    if [ -z "$version" ]; then
      echo "absent $name"
    elif dpkg --compare-versions "$version" lt "$least"; then
      echo "old $name"
    fi
  done
}

install_packages() {
  local system lacking names as_root=()
  # shellcheck source=/dev/null
  system=$([ -r /etc/os-release ] && . /etc/os-release && echo "${ID:-} ${VERSION_ID:-}") || true
  case $system in
    "debian 12" | "ubuntu 24.04") ;;
    *) stop "This is ${system:-an unknown system}; this script knows Debian 12 and Ubuntu 24.04. Needed here, by Debian's names," \
         "each with the least version:" "$(printf '  %s\n' "${packages[@]}")" \
         "With these in place (or as modules: docs/install.md) run  jobs/setup.sh --no-apt  for libtorch." ;;
  esac
  lacking=$(lacking_packages)
  if [ -z "$lacking" ]; then
    echo "packages   all ${#packages[@]} already here"
    return
  fi
  names=$(cut -d ' ' -f 2 <<<"$lacking" | paste -sd ' ')
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n) # nobody there to type a password
    if ! command -v sudo >/dev/null || ! "${as_root[@]}" -v; then
      stop "Packages are missing, and this is neither root nor may it use sudo. Let an administrator run" \
        "  apt-get update && apt-get install --no-install-recommends $names" "and start this script again."
    fi
  fi
  echo "packages   installing $names"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  run_logged "$crossilo_cache/apt.log" "${apt[@]}" update
  # Remembered for the removal: what was not here before.
  sed -n 's/^absent //p' <<<"$lacking" >>"$crossilo_cache/apt-packages"
  # shellcheck disable=SC2086
  run_logged "$crossilo_cache/apt.log" "${apt[@]}" install -y --no-install-recommends $names
  lacking=$(lacking_packages)
  [ -z "$lacking" ] || stop "apt has no recent enough version of these (the list is at the top of jobs/setup.sh):" "$lacking"
}

# Prints a Python that the pinned wheels are made for and that can make an environment. A python3 of pyenv or conda
# is as good as the system's.
find_python() {
  local python
  for python in python3 /usr/bin/python3 python3.12 python3.11; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  stop "No Python 3.11 or 3.12 with venv here (apt: python3-venv). The pinned wheels are made for these two."
}

# True when every pinned wheel is in the environment (pip writes RECORD last).
is_complete() { # FOLDER REQUIREMENTS
  local pin name record
  while read -r pin; do
    name=${pin%%==*}
    record=("$1"/lib/python3*/site-packages/"${name//-/_}-${pin##*==}".dist-info/RECORD)
    [ -f "${record[0]}" ] || return 1
  done < <(grep -oE '^[a-z0-9-]+==[0-9.]+' "$2")
  "$1/bin/python" -c '' 2>/dev/null
}

# With "into" the wheels join those that are in the folder.
install_wheels() { # LABEL FOLDER REQUIREMENTS [into]
  local folder="$crossilo_cache/$2" python pins began=$SECONDS
  pins=$(grep -oE '^[a-z0-9-]+==[0-9.]+' "$3" | grep -v ^nvidia | sed 's/==/ /' | paste -sd, | sed 's/,/, /g')
  if is_complete "$folder" "$3"; then
    printf '%-10s %s already here, in %s\n' "$1" "$pins" "$(short_path "$folder")"
    return
  fi
  python=$(find_python)
  printf '%-10s %s … ' "$1" "$pins"
  if [ "${4:-}" != into ]; then
    rm -rf "$folder" # an interrupted one
    run_logged "$crossilo_cache/$2.log" "$python" -m venv "$folder"
  fi
  run_logged "$crossilo_cache/$2.log" "$folder/bin/python" -m pip install --disable-pip-version-check --no-cache-dir \
    --no-deps --only-binary :all: --require-hashes -r "$3"
  echo "$(du -sh "$folder" | cut -f 1) in $(short_path "$folder"), $(span $((SECONDS - began)))"
}

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || stop "This is $(uname -s) $(uname -m); the pinned libtorch is for Linux x86_64."
mkdir -p "$crossilo_cache"
exec 9>"$crossilo_cache/lock"
flock 9 # two at once would install into one folder
[ "$with_apt" = no ] || install_packages
install_wheels libtorch venv jobs/requirements-libtorch.txt
if [ "$with_tests" = yes ]; then
  install_wheels pytorch venv jobs/requirements-torch-python.txt into
  install_wheels tools tools jobs/requirements-tools.txt
fi

remove="rm -rf $(short_path "$crossilo_cache") build data runs private"
if [ -s "$crossilo_cache/apt-packages" ]; then
  remove="$([ "$(id -u)" -eq 0 ] || echo "sudo ")apt-get purge --autoremove \$(cat $(short_path "$crossilo_cache/apt-packages")); $remove"
fi
echo "to remove  $remove"
