#!/usr/bin/env bash
# Aim: ranks stand at the sites that the settings name, which is shown, noted and named, and changes no bit of the model; a
# rank without a site is refused by name. Method: real runs on one machine that plays several sites.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 3
host=$(uname -n)
mpirun=("$MPIEXEC" --oversubscribe --bind-to none)
train=("$CROSSILO_BIN" train small.ini)

# at_sites SITE SITE SITE SITE [OPTION…]: four ranks, each with its site in the environment
at_sites() {
  # shellcheck disable=SC2016
  exit_code_of env SITES="$1 $2 $3 $4" "${mpirun[@]}" -np 4 bash -c 'site=($SITES)
    [ "${site[OMPI_COMM_WORLD_RANK]}" = - ] || export CROSSILO_SITE=${site[OMPI_COMM_WORLD_RANK]}
    exec "$@"' bash "${train[@]}" --resume never --topology.sites_from env "${@:5}"
}

exit_code_of "${train[@]}" --np 4
expect_code 0
expect_text "  site all, host $host   ranks 0-3: silo a … silo d   CPU"
[ "$(grep -c "site" <<< "$output")" = 1 ] || fail "one site on one host is one line: $output"

# 1: uneven sites that do not follow the order of ranks, one of them of one silo
at_sites north south north north
expect_code 0
expect_text "  site north
    host $host   rank 0: silo a, rank 2: silo c, rank 3: silo d   CPU
  site south
    host $host   rank 1: silo b   CPU"
run=runs/small-2
expect_same_model runs/small-1 $run last
expect_same_model runs/small-1 $run global
grep -q "site south" $run/logs/b.log || fail "the log shows no tree: $(cat $run/logs/b.log)"
[ "$(grep -c '"site": "north"' $run/manifest.json)" = 3 ] || fail "$(cat $run/manifest.json)"
grep -q "^site south$" $run/ranks/1 || fail "$(cat $run/ranks/1)"
grep -q "<td>south</td>" $run/report.html || fail "the report does not say who is at site south"
# the way between the sites, measured once; where there is one site, nothing is
grep -qE "^between sites  north ↔ south: round trip [0-9.e+-]+ ms, too few bytes to tell how many a second, measured in round 1$" <<< "$output" ||
  fail "$output"
grep "link" $run/timing.csv | grep -qE "^1,link,,,north - south,[0-9][0-9.e-]*,$" || fail "$(cat $run/timing.csv)"
[ "$(grep -c "link" $run/timing.csv)" = 1 ] || fail "measured again: $(cat $run/timing.csv)"
grep -q "<td>north - south</td>" $run/report.html || fail "the report does not tell the way between the sites"
if grep -q "link" runs/small-1/timing.csv; then fail "one site has no links: $(cat runs/small-1/timing.csv)"; fi

# 2: application contexts, a file by silos, and host lists
exit_code_of "${mpirun[@]}" -np 3 -x CROSSILO_SITE=north "${train[@]}" --resume never --topology.sites_from env : \
  -np 1 -x CROSSILO_SITE=south "${train[@]}" --resume never --topology.sites_from env
expect_code 0
expect_text "rank 3: silo d"
expect_same_model runs/small-1 runs/small-3 last
printf '# who is where\na,b north\nc south\nd east\n' > sites.txt
exit_code_of "${train[@]}" --np 4 --resume never --topology.sites_from file --topology.file sites.txt
expect_code 0
expect_text "  site east"
expect_same_model runs/small-1 runs/small-4 last
exit_code_of env CROSSILO_SITE=south "${train[@]}" --np 4 --resume never --topology.sites_from hosts \
  --topology.hosts "north: n[1-2], $host; south: s1"
expect_code 0
expect_text "CROSSILO_SITE is set, but not read: topology.sites_from is hosts, not env"
[ "$(grep -c "site north" <<< "$output")" = 1 ] || fail "where there is one site, the line before the first round names it, and no other does: $output"
# a simulation, whose ranks train several silos
exit_code_of "${mpirun[@]}" -np 1 -x CROSSILO_SITE=north "${train[@]}" --resume never --simulate --topology.sites_from env : \
  -np 1 -x CROSSILO_SITE=south "${train[@]}" --resume never --simulate --topology.sites_from env
expect_code 0
expect_text "rank 1: silo c, d"
expect_same_model runs/small-1 runs/small-6 last

# 3: who has no site, or says another than it should, is named
at_sites north south - -
expect_code 3
expect_text "silo c (rank 2, host $host): CROSSILO_SITE is not set: topology.sites_from = env wants the site's name in it; silo d"
at_sites north south South north
expect_code 3
expect_text "CROSSILO_SITE = \"South\" has a capital letter"
exit_code_of "${train[@]}" --np 4 --resume never --topology.sites_from hosts --topology.hosts "north: n[1-2]"
expect_code 3
expect_text "silo a (rank 0, host $host): topology.hosts (north: n[1-2]) names no site for host $host"
exit_code_of "${train[@]}" --np 4 --resume never --topology.sites_from het
expect_code 3
expect_text "SLURM_HET_SIZE is not set"
exit_code_of "${train[@]}" --np 4 --resume never --topology.sites_from file --topology.file nowhere.txt
expect_code 3
expect_text "nowhere.txt: cannot be read: No such file or directory"
sed 's/east/west/' sites.txt > others.txt
# shellcheck disable=SC2016
exit_code_of "${mpirun[@]}" -np 4 bash -c 'file=(sites sites sites others)
  exec "$@" --topology.file "${file[OMPI_COMM_WORLD_RANK]}.txt"' bash "${train[@]}" --topology.sites_from file
expect_code 2
expect_text "what topology.file says is SHA-256 "
# a message names the site, even where nobody has agreed on anything yet
exit_code_of "${mpirun[@]}" -np 2 -x CROSSILO_SITE=north "${train[@]}" --topology.sites_from env : \
  -np 2 -x CROSSILO_SITE=south "${train[@]}" --topology.sites_from env --train.learning_rate 0.25
expect_code 2
expect_text "silo d (rank 3, host $host, site south)"

# 4: what MPI is told for a job over several hosts stands in the log, and the user's own choice stays
exit_code_of "${mpirun[@]}" -np 4 --mca btl_tcp_eager_limit 70000 \
  bash -c 'OMPI_COMM_WORLD_LOCAL_SIZE=1 exec "$@"' bash "${train[@]}" --resume never
expect_code 0
log=runs/small-7/logs/a.log
grep -q "for MPI: coll = ^han" $log || fail "$(cat $log)"
grep -q "OMPI_MCA_coll=^han" $log || fail "MPI was not told: $(cat $log)"
grep -q "OMPI_MCA_btl_tcp_eager_limit=70000" $log || fail "$(cat $log)"
if grep -q "for MPI: btl_tcp_eager_limit" $log; then fail "the user's own value is not kept: $(cat $log)"; fi
if grep -q "for MPI: coll" runs/small-1/logs/a.log; then fail "one host has no long links"; fi
# a host whose sockets are too small for a long link is told of on the screen, whichever rank is there
# shellcheck disable=SC2016
exit_code_of "${mpirun[@]}" -np 4 bash -c 'export CROSSILO_SITE=north
  if [ "$OMPI_COMM_WORLD_RANK" = 2 ]; then
    export CROSSILO_SITE=south LD_PRELOAD=$FAULT_LIBRARY FAULT_SMALL_SOCKETS=1 OMPI_COMM_WORLD_LOCAL_SIZE=1
  fi
  exec "$@"' bash "${train[@]}" --resume never --topology.sites_from env
expect_code 0
expect_text "the kernel allows sockets too small a buffer to fill a long link between sites; as root, on every host: sysctl -w net.core.wmem_max=16777216 net.core.rmem_max=16777216"

# 5: a GPU that one silo asks for and that is not there: all refuse with one voice, and nothing stays behind. By itself
# the program takes the processor, and says so
if ! compgen -G "/dev/nvidia[0-9]*" > /dev/null; then
  before=$(find runs -maxdepth 1 | wc -l)
  exit_code_of "${mpirun[@]}" -np 3 "${train[@]}" --resume never : -np 1 "${train[@]}" --resume never --run.device cuda
  expect_code 3
  expect_text "host $host: "
  expect_text ", or compute on the processor:  --run.device cpu"
  [ "$(grep -c "run.device cpu" <<< "$output")" = 1 ] || fail "it is said more than once: $output"
  exit_code_of "${train[@]}" --np 4 --resume never --topology.sum_on nccl
  expect_code 3
  expect_text "topology.sum_on = nccl, but in site "
  [ "$(find runs -maxdepth 1 | wc -l)" = "$before" ] || fail "a folder was left: $(ls runs)"
  exit_code_of "${train[@]}" --np 4 --resume never
  expect_code 0
  expect_text " on 4 ranks, CPU, 1 thread each"
  grep -q "computes on the CPU: run.device = auto; no GPU: " runs/*/logs/a.log || fail "the log says nothing of it"
fi
