#!/usr/bin/env bash
# Aim: a silo that dies under Slurm ends the step in seconds, is named, and the job starts again by itself, without a node that
# is gone; the model has the bits of a run that was left alone.
# Method: SIGKILL to a rank under srun and under mpirun, a node that loses its power, a site that is cut off.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
source "$root/tests/cli/resume.sh"
make_job_folder 200
sed -i 's/^seed /peer_seconds_max = 600\n&/' heart.ini # in part 1 nobody but the launcher can end a start
export CLUSTER_DELAY_MS=2
cluster up
"$CROSSILO_BIN" train heart.ini --np 4 --quiet --run.name alone > alone.log

# kill_rank RUN RANK
kill_rank() {
  local ranks
  mapfile -t ranks < <(ranks_of "$1")
  cluster on "${ranks[$2]%:*}" kill -KILL "${ranks[$2]#*:}"
}

# 1: a rank is killed, under srun and under mpirun
sed 's/^choose_launcher srun/choose_launcher mpirun/' jobs/multi_site_het.sbatch > mpirun_het.sbatch
for script in jobs/multi_site_het.sbatch mpirun_het.sbatch; do
  name=$(basename "$script" .sbatch)
  submit "$script" heart.ini --quiet --run.name "$name"
  wait_for 40 "rounds of $name" has_rounds "$name-1"
  begun=$SECONDS
  kill_rank "$name-1" 2
  wait_for 60 "$name: its step goes on without a rank (-K, mpirun)" log_says "; started again in 1 s (1 of at most 3 times in a row)"
  echo "$name: a rank killed, its step ended after $((SECONDS - begun)) s"
  log_says "silo switzerland (rank 2" || fail "the silo is not named: $(cat "crossilo-$job.log")"
  wait_for 90 "end of $name" job_is_over
  grep -q '"exit_code": 0' "runs/$name-1/outcome.json" || fail "$name: $(cat "crossilo-$job.log")"
  same "runs/$name-1" runs/alone-1
done

# 2: a node is gone: its silos start on the others of this job
sed -i 's/^peer_seconds_max = .*/peer_seconds_max = 3/' heart.ini
fail_seconds_max=2 node_seconds_max=5 submit --nodes=3 --exclusive jobs/single_site.sbatch heart.ini --quiet --run.name node
wait_for 40 "rounds of node" has_rounds node-1
node=$(ranks_of node-1 | tail -n 1 | cut -d : -f 1)
hit=$(date +%s.%N)
cluster crash "$node"
wait_for 120 "a start without $node" log_says "node $node does not answer"
wait_for 90 "end of job $job" job_is_over
echo "node $node crashed; the next round was finished $(next_round node-1 "$hit") s later"
grep -q '"exit_code": 0' runs/node-1/outcome.json || fail "$(cat "crossilo-$job.log")"
python3 - "$node" << 'PY' || fail "hosts: $(hosts_of node-1)"
import json, sys
before, after = ([rank["host"] for rank in start["ranks"]] for start in json.load(open("runs/node-1/manifest.json"))["starts"])
assert sys.argv[1] in before and sys.argv[1] not in after and len(after) == 4
assert all(there == now for there, now in zip(before, after) if there != sys.argv[1]), "a silo moved whose node is alive"
PY
same runs/node-1 runs/alone-1

# 3: a site is cut off: mpirun waits for its daemon there for ever, and is ended
cluster boot "$node"
wait_for 60 "$node is back" cluster run srun --immediate=1 -w "$node" true
sed 's/^choose_launcher srun/choose_launcher mpirun/' jobs/single_site.sbatch > mpirun.sbatch
sed -i 's/^peer_seconds_max = .*/peer_seconds_max = 5/' heart.ini
fail_seconds_max=3 node_seconds_max=5 submit --nodes=3 --nodelist=a1,a2,b1 --exclusive mpirun.sbatch heart.ini --quiet --run.name cut
wait_for 40 "rounds of cut" has_rounds cut-1
cluster link down
wait_for 120 "end of job $job" job_is_over
log_says "the run has ended, its launcher has not" || fail "$(cat "crossilo-$job.log")"
log_says "node b1 does not answer" || fail "$(cat "crossilo-$job.log")"
grep -q '"exit_code": 0' runs/cut-1/outcome.json || fail "$(cat "crossilo-$job.log")"
same runs/cut-1 runs/alone-1
