#!/usr/bin/env bash
# Aim: each job script in jobs/, and one by crossilo slurm render, trains under a real Slurm, on one site and over two, to
# the bits of a run on one machine.
# Method: all of them submitted at once; their models compared with a run by --np 4, their hosts read from the manifest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
source "$root/tests/cli/resume.sh"
make_job_folder 20
cluster up
"$CROSSILO_BIN" train heart.ini --np 4 --quiet --run.name alone > alone.log

submit jobs/single_site.sbatch heart.ini --quiet --run.name single
jobs=("$job")
submit --constraint='[site_a*2&site_b*2]' jobs/multi_site_hosts.sbatch heart.ini --topology.sites_from hosts \
  --topology.hosts 'a: a[1-2]; b: b[1-2]' --quiet --run.name hosts
jobs+=("$job")
submit jobs/multi_site_het.sbatch heart.ini --quiet --run.name het
jobs+=("$job")
submit jobs/sweep_array.sbatch heart.ini --quiet train.learning_rate=0.01,0.05 train.batch_size=16,32
jobs+=("$job")
"$CROSSILO_BIN" slurm render heart.ini --profile two_sites --run.name rendered > rendered.sbatch
submit rendered.sbatch --quiet
jobs+=("$job")
# The first rank is busy for seconds behind the others, longer than srun waits by itself (WaitTime).
submit jobs/single_site.sbatch heart.ini --quiet --run.name table --run.rounds 1 --train.local_epochs 5000 --run.baselines pooled
jobs+=("$job")
submit --array=0-2 jobs/sweep_array.sbatch heart.ini train.learning_rate=0.01,0.05 --quiet
wrong=$job
for job in "${jobs[@]}" "$wrong"; do wait_for 120 "end of job $job: $(cat crossilo-"$job"*.log)" job_is_over "$job"; done

for run in single-1 hosts-1 het-1 rendered-1 table-1 heart-sweep-1-1; do
  grep -q '"exit_code": 0' "runs/$run/outcome.json" || fail "$run: $(cat crossilo-*.log)"
done
same runs/single-1 runs/alone-1
same runs/hosts-1 runs/alone-1
same runs/het-1 runs/alone-1
same runs/rendered-1 runs/alone-1
same runs/heart-sweep-1-1 runs/alone-1 # learning rate 0.05, batches of 16: those of heart.ini
# One world over both sites.
[ "$(hosts_of hosts-1)" = "a1 a2 b1 b2" ] || fail "hosts: $(hosts_of hosts-1)"
[ "$(hosts_of het-1)" = "a1 a2 b1 b2" ] || fail "groups: $(hosts_of het-1)"
[ "$(sites_of hosts-1)" = "a a b b" ] || fail "sites by hosts: $(sites_of hosts-1)"
for run in het-1 rendered-1; do
  [ "$(sites_of $run)" = "group0 group0 group1 group1" ] || fail "sites by groups: $(sites_of $run)"
done
[ "$(hosts_of single-1 | grep -c b)" = 0 ] || [ "$(hosts_of single-1 | grep -c a)" = 0 ] || fail "one site: $(hosts_of single-1)"
# The way between the sites takes at least what the link delays (10 ms one way), and nothing like a hundred times as long.
for run in hosts-1 het-1; do
  awk -F, '$2 == "link" && $6 >= 0.02 && $6 < 2 { ++links } END { exit links != 1 }' runs/$run/timing.csv || fail "$run: $(cat runs/$run/timing.csv)"
done
# Each point of the grid is a run with settings of its own.
points=$(grep -hE '^(learning_rate|batch_size) =' runs/heart-sweep-{0,1,2,3}-1/config.ini | sed 's/.*= //' | paste -sd ' ')
[ "$points" = "0.01 16 0.05 16 0.01 32 0.05 32" ] || fail "points of the grid: $points"
grep -q "the grid has 2 points, the array 0-2: submit it with --array=0-1" crossilo-"$wrong"-0.log || fail "$(cat crossilo-"$wrong"-0.log)"

# What a job script cannot do, it says.
submit jobs/single_site.sbatch nowhere.ini
wait_for 20 "end of job $job" job_is_over
log_says "nowhere.ini: a file that can be read is wanted behind the script" || fail "$(cat "crossilo-$job.log")"
submit --ntasks=3 jobs/single_site.sbatch heart.ini
wait_for 30 "end of job $job" job_is_over
log_says "srun --mpi=pmix -K --wait=0 -n 4 $CROSSILO_BIN train heart.ini" || fail "$(cat "crossilo-$job.log")"
grep "^JobId=$job " "$CLUSTER_FOLDER/jobs.txt" | grep -q "ExitCode=3:0" || fail "not the program's exit code: $(cat "$CLUSTER_FOLDER/jobs.txt")"
