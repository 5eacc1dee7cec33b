#!/usr/bin/env bash
# Aim: jobs/scaling.sbatch measures over the nodes of a real Slurm job, and its sums are right there.
# Method: two ranks on a node of each site, tiny sizes; every line read.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
[ -x "$(dirname "$CROSSILO_BIN")/bench/comm/ring_sum_bench" ] || { echo "SKIPPED: built without benches"; exit 77; }
for name in slurm jobs bench; do ln -s "$root/$name" "$name"; done
cluster up
export SCALING_RESULTS=$folder/results SCALING_RANKS="1 2" SCALING_KILOBYTES="1 64"
submit --nodes=2 --ntasks=2 --constraint='[site_a*1&site_b*1]' jobs/scaling.sbatch --quick
wait_for 200 "end of job $job: $(cat crossilo-"$job".log 2> /dev/null)" job_is_over
grep "^JobId=$job " "$CLUSTER_FOLDER/jobs.txt" | grep -q "ExitCode=0:0" || fail "$(cat crossilo-"$job".log results/errors.log)"
python3 "$root/tests/cli/check_scaling_lines.py" results/scaling.jsonl sum_by_size sum_by_silos sum_by_sites round_strong round_weak

# Without benches it says so, and starts nothing.
cp "$CROSSILO_BIN" crossilo
CROSSILO_BIN=$folder/crossilo submit jobs/scaling.sbatch --quick
wait_for 30 "end of job $job" job_is_over
log_says "no benches beside $folder/crossilo: build them with" || fail "$(cat crossilo-"$job".log)"
