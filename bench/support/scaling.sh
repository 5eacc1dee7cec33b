# Sourced by jobs/scaling.sh and jobs/scaling.sbatch: what they measure. Expects
#   launch_words            a function that fills the array launcher; {ranks} in it stands for their number
#   $programs               the build folder;  $root: the repository;  $cores: how many processors the ranks share
#   $results                the folder where lines go; what is there is overwritten
# SCALING_RANKS="1 2" SCALING_KILOBYTES="1 64": lists of one's own.
# shellcheck shell=bash disable=SC2154,SC2034
# Open MPI must not pay for fresh pages in every sum: what it frees stays mapped. One start goes without (measure_sizes).
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184
algorithms=(basic_linear nonoverlapping recursive_doubling ring segmented_ring/65536 segmented_ring/1048576 rabenseifner)

choose_sizes() { # full|quick RANKS_MAX
  local count
  if [ "$1" = quick ]; then
    kilobytes=(1 64 4096 65536) repeats=5 rows=20000 rounds=5 parameters=1000000 delays=(25)
    export LONG_LINK_QUICK=1
  else
    kilobytes=(1 4 16 64 256 1024 4096 16384 65536 262144 1048576) repeats=25 rows=100000 rounds=10 parameters=25000000
    delays=(5 25 50)
  fi
  ranks=()
  for ((count = 1; count <= $2; count *= 2)); do ranks+=("$count"); done
  [ -z "${SCALING_RANKS:-}" ] || read -ra ranks <<<"$SCALING_RANKS"
  [ -z "${SCALING_KILOBYTES:-}" ] || read -ra kilobytes <<<"$SCALING_KILOBYTES"
}

launch() { # RANKS COMMAND…
  launch_words
  timeout -k 5 "${limit:-900}" "${launcher[@]/\{ranks\}/$1}" "${@:2}"
}

# The lines of a start. One that is cut off leaves those of the sizes it got through; none at all is an error.
lines_of() { # RANKS COMMAND…
  launch "$@" 2>>"$results/errors.log" | grep '^{.*}$' && return
  [ "${PIPESTATUS[*]}" = "124 0" ] && echo "stopped after ${limit:-900} s: $*" >>"$results/errors.log"
}

sum_bench() { # RANKS OPTION…
  lines_of "$1" "$programs/bench/comm/ring_sum_bench" --pin --repeats "$repeats" "${@:2}"
}

# Measures the parts, says how long each took, and draws what they left. False where one failed.
measure_parts() { # PART… of: sizes silos rounds link
  local part began status failed=0
  mkdir -p "$results"
  rm -f "$results"/raw_*.jsonl "$results/errors.log"
  for part in "$@"; do
    began=$SECONDS
    printf '%-10s … ' "$part"
    set +e # a condition would switch -e off inside
    (set -e && "measure_$part") >"$results/raw_$part.jsonl" 2>>"$results/errors.log"
    status=$?
    set -e
    if [ $status -ne 0 ]; then
      failed=1
      echo "failed"
      tail -n 20 "$results/errors.log"
    else
      echo "$((SECONDS - began)) s"
    fi
  done
  finish
  return $failed
}

# The words of all sizes that this many ranks have room for: a vector, and up to two of what Open MPI allocates beside it.
words_for() { # RANKS
  local size free
  free=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  for size in "${kilobytes[@]}"; do
    [ $((size * $1 * 3)) -gt "$free" ] || echo $((size * 256))
  done
}

# By size, for each number of ranks. What MPI or malloc read once, at their start, is tried in starts of its own, up to 64 MB:
# the other way of waiting for peers (hopeless with more ranks than cores, so for a minute at most), malloc as it comes, and han.
measure_sizes() {
  local count words
  for count in "${ranks[@]}"; do
    [ "$count" -gt 1 ] || continue
    mapfile -t words < <(words_for "$count")
    local bench=(sum_bench "$count" --bench sum_by_size --group "$count ranks")
    "${bench[@]}" --cases ring_sum default "${algorithms[@]}" --words "${words[@]}"
    mapfile -t words < <(words_for "$count" | awk '$1 <= 16777216')
    (
      limit=60
      export OMPI_MCA_mpi_yield_when_idle=$((count <= cores))
      "${bench[@]}" --cases default "${algorithms[@]}" --words "${words[@]}" --label ", yield_when_idle $((count <= cores))" || true
      unset OMPI_MCA_mpi_yield_when_idle MALLOC_MMAP_MAX_ MALLOC_TRIM_THRESHOLD_
      "${bench[@]}" --cases default ring rabenseifner --words "${words[@]}" --label ", malloc as it comes" || true
    )
    measure_han
  done
}

# han does not end everywhere: then the line of the size it did not get through has the limit as its seconds, and says so.
# Where it fails before that, it has no line.
measure_han() {
  local lines limit=60 began=$SECONDS
  mapfile -t lines < <("${bench[@]}" --cases han --words "${words[@]}")
  [ ${#lines[@]} -eq 0 ] || printf '%s\n' "${lines[@]}"
  [ ${#lines[@]} -eq ${#words[@]} ] || [ $((SECONDS - began)) -lt $limit ] ||
    printf '{"bench":"sum_by_size","x":"bytes","case":"han, stopped: at least","group":"%s","bytes":%s,"repeats":1,%s,"wrong_values":0}\n' \
      "$count ranks" $((4 * words[${#lines[@]}])) '"seconds_min":60,"seconds_median":60,"seconds_p90":60'
}

# By silos (a rank each), and by sites that one machine plays, at one size.
measure_silos() {
  local count words sites
  local most=${ranks[-1]} largest=${kilobytes[-1]}
  words=$(((largest < 65536 ? largest : 65536) * 256))
  for ((count = 2; count <= most; ++count)); do
    sum_bench "$count" --words "$words" --bench sum_by_silos --x ranks --group "$((words / 256)) KB" --cases ring_sum default "${algorithms[@]}"
  done
  for count in "${ranks[@]}"; do
    mapfile -t sites < <(for ((rank = 0; rank < most; ++rank)); do echo $((rank * count / most)); done)
    sum_bench "$most" --words "$words" --bench sum_by_sites --x sites --group "$most ranks, $((words / 256)) KB" --cases ring_sum default \
      "${algorithms[@]}" --sites "${sites[@]}"
  done
}

# Rounds of the real program, training included, and rounds of random deltas without it.
measure_rounds() {
  local count
  launch_words
  python3 "$root/bench/round/round_scaling.py" "$programs/crossilo" "$results/rounds" --silos "${ranks[@]}" --rows "$rows" \
    --rounds "$rounds" --cores "$cores" -- "${launcher[@]}"
  for count in "${ranks[@]}"; do
    lines_of "$count" "$programs/bench/round/round_bench" "$parameters"
  done
}

# Draws the lines of all parts, where there are any.
finish() {
  python3 "$root/bench/support/scaling_lines.py" "$results"/raw_*.jsonl >"$results/scaling.jsonl"
  [ -s "$results/scaling.jsonl" ] || return 0
  echo "lines      $results/scaling.jsonl"
  "$programs/crossilo" report --bench "$results/scaling.jsonl"
}
