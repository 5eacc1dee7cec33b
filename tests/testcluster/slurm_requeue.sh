#!/usr/bin/env bash
# Aim: a job whose time is over is requeued, goes on, and ends with the bits of a run that was left alone; scancel ends it; and so does the
# loss of a whole group, which Slurm itself requeues alone.
# Method: a het job with a limit of one minute, warned by Slurm's own timer; rounds are added while it waits to start again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
source "$root/tests/cli/resume.sh"
make_job_folder 1000000
cluster up

submit --time=1 --signal=B:USR2@30 jobs/multi_site_het.sbatch heart.ini --quiet --resume never # of the first start
wait_for 60 "stop of job $job" log_says "as asked"
stopped=$(wc -l < runs/heart-1/metrics.jsonl)
sed -i "s/^rounds = .*/rounds = $((stopped + 20))/" heart.ini
wait_for 90 "end of job $job" job_is_over
log_says "job $job, start 2" || fail "not started again: $(cat "crossilo-$job.log")"
grep -q '"exit_code": 0' runs/heart-1/outcome.json || fail "not finished: $(cat "crossilo-$job.log")"
[ "$(hosts_of heart-1)" = "a1 a2 b1 b2 a1 a2 b1 b2" ] || fail "$(hosts_of heart-1)"
"$CROSSILO_BIN" train heart.ini --np 4 --quiet --run.name alone > alone.log
same runs/heart-1 runs/alone-1

# A round that takes longer than the warning is given up; where none was finished, a requeue would never end.
sed -i 's/^rounds = .*/rounds = 1000000/; s/^local_epochs = .*/local_epochs = 1000000/' heart.ini
stop_seconds_max=2 submit jobs/single_site.sbatch heart.ini --quiet --run.name slow
wait_for 30 "ranks of job $job" test -e runs/slow-1/ranks/3
cluster run scancel --batch --signal=USR2 "$job"
wait_for 60 "end of job $job" job_is_over
log_says "the round at hand takes longer than 2 s" || fail "$(cat "crossilo-$job.log")"
log_says "stopped before another checkpoint was written: not requeued" || fail "$(cat "crossilo-$job.log")"

# Cancelled: it ends, and stays away.
sed -i 's/^local_epochs = .*/local_epochs = 1/' heart.ini
submit jobs/single_site.sbatch heart.ini --quiet --run.name cancelled
wait_for 30 "rounds of job $job" has_rounds cancelled-1
cluster run scancel "$job"
wait_for 30 "end of job $job" job_is_over
[ "$(grep -c "lib.sh: job $job, start" "crossilo-$job.log")" = 1 ] || fail "$(cat "crossilo-$job.log")"

# The nodes of a group are gone for Slurm before the run has given them up.
sed -i 's/^seed /peer_seconds_max = 30\n&/' heart.ini
fail_seconds_max=3 node_seconds_max=5 submit jobs/multi_site_het.sbatch heart.ini --quiet --run.name group
wait_for 40 "rounds of job $job" has_rounds group-1
cluster link down
group_waits() { cluster run squeue -h -o "%i %T" | grep "^$job+1 PENDING"; }
wait_for 60 "Slurm has not requeued the group" group_waits
wait_for 60 "end of all of job $job" job_is_over
log_says "node b2 does not answer" || fail "$(cat "crossilo-$job.log")"
cluster run scontrol show job "$job" | grep -q "ExitCode=5:0" || fail "$(cluster run scontrol show job "$job")"
[ "$(sed -n 's/.*"exit_code": \([0-9]*\).*/\1/p' runs/group-1/outcome.json)" = 5 ] || fail "$(cat "crossilo-$job.log")"
