# Sourced by jobs/data_*.sh: the program, what is already there, what is fetched.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
script=jobs/$(basename "$0")
downloads=data/download

stop() { # stop CODE TEXT
  echo "$script: $2" >&2
  exit "$1"
}

# Part of every origin: another recipe makes other rows.
# shellcheck disable=SC2034
recipe="recipe $(sha256sum <"$script" | cut -c1-8)"

require_number() { # require_number NAME VALUE
  [[ $2 =~ ^[0-9]+$ ]] || stop 2 "$1 \"$2\": a whole number is wanted"
}

find_crossilo() {
  local candidate
  crossilo=${CROSSILO_BIN:-}
  for candidate in build/release/crossilo build/check/crossilo; do
    [[ -n $crossilo ]] || [[ ! -x $candidate ]] || crossilo=$candidate
  done
  [[ -x $crossilo ]] || stop 3 "no program crossilo: build it (cmake --workflow --preset release) or set CROSSILO_BIN"
}

# silos_are_here ORIGIN FILE…: the files stand when crossilo finds them whole (their digests are checked) and each has
# this origin, which names what it was made with.
silos_are_here() {
  local origin=$1 description
  shift
  description=$("$crossilo" data describe --json "$@" 2>/dev/null) || return 1
  [[ $(grep -cF "\"origin\": \"$origin\"" <<<"$description") -eq $# ]]
}

has_digest() { [[ -f $1 ]] && sha256sum --check --status <<<"$2  $1"; }

# fetch_wheel NAME==VERSION FILE SHA256 [OPTION…]: the data come inside a Python wheel, of which nothing is installed or run.
fetch_wheel() {
  local package=$1 wheel=$downloads/$2 sha256=$3
  shift 3
  python="${XDG_CACHE_HOME:-$HOME/.cache}/crossilo/venv/bin/python"
  [[ -x $python ]] || python=python3
  mkdir -p "$downloads"
  has_digest "$wheel" "$sha256" ||
    "$python" -m pip download -q --disable-pip-version-check --no-deps -d "$downloads" "$@" "$package"
  has_digest "$wheel" "$sha256" || stop 4 "$wheel: SHA-256 is not $sha256; delete the file and start again"
}
