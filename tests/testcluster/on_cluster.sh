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
