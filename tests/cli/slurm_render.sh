#!/usr/bin/env bash
# Aim: crossilo slurm render prints a script that says all a cluster wants and that shellcheck finds nothing in; a profile or
# a configuration at fault is told with its line.
# Method: the shipped profiles, one with every key, and one mistake after another. tests/testcluster submits such a script.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
render=("$CROSSILO_BIN" slurm render configs/heart.ini)

cat > "$folder/all keys.ini" << 'INI'
[job]
launcher = mpirun
time = 1-00:00:00
warning_seconds = 300
cpus_per_rank = 4
gpus_per_rank = 2
account = project-7
options = --qos=long --mem-per-cpu=2G
setup = "module load \"openmpi\"; ulimit -l unlimited"
[group_west]
partition = gpu,big
constraint = [a100*2]
nodes = 2
ranks = 3
options = --reservation=night
[group_east]
ranks = 1
INI
for profile in one_site two_sites "$folder/all keys.ini"; do
  exit_code_of "${render[@]}" --profile "$profile" --run.rounds 7 --model.name mlp
  expect_code 0
  echo "$output" > "$folder/script.sbatch"
  bash -n "$folder/script.sbatch" || fail "not a script: $output"
  if command -v shellcheck > /dev/null; then shellcheck "$folder/script.sbatch" || fail "shellcheck: $output"; fi
  [ "$(tail -n 1 <<< "$output")" = 'train_in_job configs/heart.ini --run.rounds 7 --model.name mlp "$@"' ] || fail "$output"
  for line in "#SBATCH --requeue" "#SBATCH --open-mode=append" "#SBATCH --no-kill" ". slurm/lib.sh"; do expect_text "$line"; done
  awk '/^#SBATCH/ && command { exit 1 } !/^#/ { command = 1 }' <<< "$output" || fail "Slurm reads no option behind a command: $output"
  [ "$(grep -c "SITES_FROM=het" <<< "$output")" = "$(grep -c "^#SBATCH hetjob" <<< "$output")" ] || fail "groups are sites: $output"
done
for line in "#SBATCH --signal=B:USR2@300" "export stop_seconds_max=225 " "#SBATCH --account=project-7" "#SBATCH --qos=long" "#SBATCH --mem-per-cpu=2G" \
  'module load "openmpi"; ulimit -l unlimited' "choose_launcher mpirun" "#SBATCH --gpus-per-node=4" "#SBATCH --gpus-per-node=2" "#SBATCH --reservation=night" \
  "# Ranks 0 to 2, silos cleveland, hungarian, switzerland: 2 nodes of partition gpu,big" "# Rank 3, silo va: 1 node"; do
  expect_text "$line"
done
for line in "--time=1-00:00:00" "--no-kill"; do
  [ "$(grep -c -e "$line" <<< "$output")" = 2 ] || fail "each group has $line: $output"
done

refused() { # TEXT LINE…: of a profile with these lines
  local text=$1
  shift
  printf '%s\n' "$@" > "$folder/wrong.ini"
  exit_code_of "${render[@]}" --profile "$folder/wrong.ini"
  expect_code 2
  expect_text "$text"
}
refused "wrong.ini:2: job.tme: no such key; did you mean time?" "[job]" "tme = 1" "[group]" "nodes = 1"
refused 'wrong.ini:2: job.launcher = "ssh": srun or mpirun is wanted' "[job]" "launcher = ssh" "time = 1" "[group]" "nodes = 1"
refused "[site]: no such section; there are [job] and [group]" "[job]" "time = 1" "[site]" "nodes = 1"
refused "job.time: must be set" "[job]" "launcher = srun" "[group]" "nodes = 1"
refused "[group]: must be there" "[job]" "time = 1"
refused "group.nodes = \"0\": a whole number from 1" "[job]" "time = 1" "[group]" "nodes = 0"
refused 'group.partition = "a b": one word' "[job]" "time = 1" "[group]" "partition = a b"
refused "its groups have 3 ranks, the configuration has 4 silos" "[job]" "time = 1" "[group]" "ranks = 3"
refused "[group_b]: ranks must be set" "[job]" "time = 1" "[group_a]" "ranks = 2" "[group_b]" "nodes = 1"
refused "[group]: 5 nodes for 4 ranks" "[job]" "time = 1" "[group]" "nodes = 5"
exit_code_of "${render[@]}" --profile nowhere
expect_code 2
expect_text "slurm/profiles/nowhere.ini cannot be read; profiles in slurm/profiles: one_site, two_sites; or give a path"
exit_code_of "${render[@]}"
expect_code 2
expect_text "no --profile is given"
exit_code_of "${render[@]}" --profile one_site --run.rounds none
expect_code 2
expect_text "run.rounds"
