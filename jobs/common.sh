# Sourced by the scripts in jobs/: where things lie, and how a long command is run.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# What stands at the head of the calling script is its help.
head_text() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "jobs/$(basename "$0")"; }
case " $* " in
  *" --help "* | *" -h "*)
    head_text
    exit 0
    ;;
esac

# shellcheck disable=SC2034
crossilo_cache="${XDG_CACHE_HOME:-$HOME/.cache}/crossilo"
# One compiler cache for all build folders and all clones of this repository.
export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}"
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}"

short_path() { echo "${1/#"$HOME"/\~}"; }

span() { # seconds, as a person reads them
  if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# run_logged LOG COMMAND…: the output goes to the log; on failure its end is shown and the script stops.
run_logged() {
  local log=$1 status=0 pid
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 &
  pid=$!
  while [ -t 1 ] && kill -0 "$pid" 2>/dev/null; do # on a terminal: ninja's "[3/80]", so that one sees it move
    printf '%-9s\b\b\b\b\b\b\b\b\b' "$(tail -n 1 "$log" | grep -oE '^\[[0-9]+/[0-9]+\]' || true)"
    sleep 1
  done
  wait "$pid" || status=$?
  [ "$status" -eq 0 ] && return
  echo "failed"
  tail -n 30 "$log"
  echo "$* ended with $status; all of its output: $log"
  exit "$status"
}

build_preset() { # PRESET [-DNAME=VALUE…] [OPTION of cmake --build…]
  local preset=$1 began=$SECONDS definitions=()
  shift
  while [[ ${1:-} == -D* ]]; do
    definitions+=("$1")
    shift
  done
  printf 'build      preset %s, %s cores … ' "$preset" "$(nproc)"
  run_logged "build/$preset-configure.log" cmake --preset "$preset" "${definitions[@]}"
  run_logged "build/$preset-build.log" cmake --build --preset "$preset" "$@"
  span $((SECONDS - began))
}
