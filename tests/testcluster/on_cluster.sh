# Shared by the tests that run on slurm/testcluster.sh. Source it: leaves $root, an own $folder (removed at the end) as the
# working directory, and the functions below. Skips (77) only where the machine cannot have such a cluster.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
testcluster=$root/slurm/testcluster.sh
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: the cluster needs root"; exit 77; }
for tool in slurmctld slurmd srun munged ip tc; do
  command -v $tool > /dev/null || { echo "SKIPPED: no $tool here (jobs/setup.sh installs it)"; exit 77; }
done
unshare --net --mount --uts --pid --fork true || { echo "SKIPPED: this root may not make namespaces"; exit 77; }
source "$root/tests/cli/federation.sh"

folder=$(mktemp -d)
export CLUSTER_FOLDER=$folder/cluster
cd "$folder" || exit
end_cluster() {
  [ "$1" = 0 ] || tail -n 40 "$folder"/*.log "$CLUSTER_FOLDER/slurmctld.log" 2> /dev/null || true
  "$testcluster" down
  cd /
  rm -rf "$folder"
}
trap 'end_cluster $?' EXIT

cluster() { "$testcluster" "$@"; }

# wait_for SECONDS WHAT COMMAND…
wait_for() {
  local tries=$((10 * $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "$what: not within the time"
    sleep 0.1
  done
}

# make_job_folder [ROUNDS]: the working directory becomes one to submit from, with heart.ini (real data, quiet, no baselines).
make_job_folder() {
  local name
  [ -e "$root/data/heart/va.h5" ] || "$root/jobs/data_heart.sh" > data.log || { echo "SKIPPED: no data/heart, and no network"; exit 77; }
  for name in slurm jobs configs data; do ln -s "$root/$name" "$name"; done
  sed "s/^rounds = .*/rounds = ${1:-20}\nbaselines = none/" configs/heart.ini > heart.ini
}
submit() { job=$(cluster run sbatch --parsable "$@"); }
job_is_over() { [ -z "$(cluster run squeue -h -j "${1:-$job}" 2> /dev/null)" ]; }
log_says() { grep -qF -- "$1" crossilo-"${2:-$job}".log; }
# The ranks of a run, as "host:process host:process …" by rank.
ranks_of() { awk '$1 == "host" { host = $2 } $1 == "pid" { print host ":" $2 }' "runs/$1"/ranks/*; }
has_rounds() { [ -e "runs/$1/metrics.jsonl" ] && [ "$(wc -l < "runs/$1/metrics.jsonl")" -ge "${2:-3}" ]; }
# next_round RUN SECONDS: how long after that unix time the run's last start finished its first round.
next_round() {
  python3 - "runs/$1" "$2" << 'PY'
import json, sys
run, since = sys.argv[1], float(sys.argv[2])
before = json.load(open(run + "/manifest.json"))["starts"][-1]["from_round"]
rounds = (json.loads(line) for line in open(run + "/metrics.jsonl"))
print(f"{next(one for one in rounds if one['round'] > before)['unix_seconds'] - since:.1f}")
PY
}
sites_of() { grep -o '"site": "[a-z0-9]*"' "runs/$1/manifest.json" | cut -d '"' -f 4 | paste -sd ' '; }
hosts_of() { grep -o '"host": "[a-z0-9]*"' "runs/$1/manifest.json" | cut -d '"' -f 4 | paste -sd ' '; }
