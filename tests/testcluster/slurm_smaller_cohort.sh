#!/usr/bin/env bash
# Aim: in a batch job that has lost a node and has no room for its silos elsewhere, the run goes on with the others where
# run.min_silos allows it, in one job and in a job of several groups, and says so in every record; otherwise it ends with 5 and names
# silo, site and step.
# Method: nodes of a test cluster lose their power; what follows has the bits of runs that were left alone: with all silos to the
# checkpoint from which the job went on, from there on with the others.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
make_job_folder 200
sed -i 's/^seed /peer_seconds_max = 5\n&/' heart.ini
export CLUSTER_DELAY_MS=2
cluster up

# loses_node NODE NAME SCRIPT ARGUMENT…: submits that, and pulls the plug of that node in the middle of its rounds.
loses_node() {
  local node=$1 name=$2
  shift 2
  node_seconds_max=${node_seconds_max:-5} fail_seconds_max=2 submit "$@" heart.ini --quiet --run.name "$name"
  wait_for 40 "rounds of $name, a checkpoint among them" has_rounds "$name-1" 25
  hit=$(date +%s.%N)
  cluster crash "$node"
  wait_for 120 "end of job $job" job_is_over
}

comes_back() { # NODE
  cluster boot "$1"
  wait_for 60 "$1 is back" cluster run srun --immediate=1 -w "$1" true
}

# went_on_without SILOS HOSTS RUN: in the words of its records, and in the bits of its model.
went_on_without() {
  log_says "without silo ${1//,/, }" || fail "$(cat "crossilo-$job.log")"
  python3 - "$1" "$2" "runs/$3" > from <<'PY' || fail "the records of $3 do not say who was missing: $(cat "runs/$3/manifest.json" "crossilo-$job.log")"
import json, sys
missing, hosts, run = sys.argv[1].split(","), sys.argv[2].split(), sys.argv[3]
manifest = json.load(open(run + "/manifest.json"))
last = manifest["starts"][-1]
assert manifest["status"] == "finished" and len(manifest["starts"]) == 2, manifest["starts"]
assert last["missing_silos"] == missing and [rank["host"] for rank in last["ranks"]] == hosts, last
assert [one["missing_silos"] for one in manifest["relaunches"]] == [missing], manifest["relaunches"]
lines = [json.loads(line) for line in open(run + "/metrics.jsonl")]
assert len(lines) == 200 and lines[-1]["missing_silos"] == ", ".join(missing), lines[-1]
assert "without silo" in open(run + "/report.html").read()
print(last["from_round"])
PY
  "$CROSSILO_BIN" train heart.ini --np 4 --quiet --run.name "oracle-$3" --run.rounds "$(cat from)" > oracle.log
  "$CROSSILO_BIN" train heart.ini --np "$(wc -w <<< "$2")" --quiet --run.name "oracle-$3" --without_silos "$1" --resume "runs/oracle-$3-1" > oracle.log
  python3 - "runs/$3" "runs/oracle-$3-1" <<'PY' || fail "$3 has other bits than a run that was left alone"
import sys
raw = [open(run + "/model/last.safetensors", "rb").read() for run in sys.argv[1:]]
bits = [one[8 + int.from_bytes(one[:8], "little"):] for one in raw]
assert bits[0] == bits[1] and len(bits[0]) > 8
PY
  echo "$3: went on behind round $(cat from) without silo $1; a round was finished $(next_round "$3" "$hit") s after its node had crashed"
}

# 1: all silos are wanted, so the job ends
loses_node b2 all jobs/multi_site_het.sbatch
grep -q '"exit_code": 5' runs/all-1/outcome.json || fail "$(cat "crossilo-$job.log")"
log_says "silo va has no place any more" || fail "$(cat "crossilo-$job.log")"
grep -Eq 'silo va \(rank 3, host b2, site [a-z0-9_]+\) has not answered for [0-9]+ s in \\?"[a-z0-9, ]+' runs/all-1/outcome.json ||
  fail "silo, site and step are not named: $(cat runs/all-1/outcome.json)"
[ "$(grep -c '"started_unix_seconds"' runs/all-1/manifest.json)" = 1 ] || fail "started again: $(cat runs/all-1/manifest.json)"

# 2: three are enough; in a job of several groups, by either launcher
sed -i 's/^seed /min_silos = 3\n&/' heart.ini
sed 's/^choose_launcher srun/choose_launcher mpirun/' jobs/multi_site_het.sbatch > mpirun_het.sbatch
for script in jobs/multi_site_het.sbatch mpirun_het.sbatch; do
  name=$(basename "$script" .sbatch)
  comes_back b2
  loses_node b2 "$name" "$script"
  went_on_without va "a1 a2 b1" "$name-1"
done

# 3: a node with two silos
export CROSSILO_RUN_MIN_SILOS=2 CROSSILO_PRIVACY_ALLOW_TWO_SILOS=true
loses_node a2 node --nodes=2 --nodelist=a1,a2 --ntasks-per-node=2 jobs/single_site.sbatch
went_on_without switzerland,va "a1 a1" node-1
