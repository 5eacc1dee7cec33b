#!/usr/bin/env bash
# Aim: what slurm/lib.sh does about each end of a start: which run folder it believes, what it asks the program about, what it
# requeues, which launcher it ends; what sweep_array and testcluster.sh refuse.
# Method: the real lib.sh, with made-up launchers that leave folders and notes as ranks do. No cluster.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/cli/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '[run]\nname = heart\n' > heart.ini
touch crossilo
chmod +x crossilo

mkdir tools
tool() { printf '#!/bin/bash\n%s\n' "$2" > "tools/$1" && chmod +x "tools/$1"; } # NAME TEXT
tool squeue :
as_srun= # with which a launcher is one whose steps Slurm has

# job LAUNCHER OPTION…: a job whose launcher is that function; its exit code, output and seconds.
job() {
  local begun=$SECONDS
  [ -n "${SLURM_RESTART_COUNT:-}" ] || rm -rf runs
  # shellcheck disable=SC2016
  exit_code_of timeout 60 bash -c '
    set -euo pipefail
    . "$0/slurm/lib.sh"
    . ./cluster.sh
    launcher=("$1" $2)
    shift 2
    train_in_job heart.ini "$@"' "$root" "$1" "$as_srun" "${@:2}"
  seconds=$((SECONDS - begun))
}
# Slurm and a run, as far as lib.sh knows them.
cat > cluster.sh << 'SH'
export SLURM_JOB_ID=1 CROSSILO_BIN=$PWD/crossilo script=$$
scontrol() { echo "scontrol $*"; }
PATH=$PWD/tools:$PATH
nodes_with_room() { echo n1:4; }
begin() { # FOLDER FROM_ROUND [CHECKPOINT]
  mkdir -p "$1"/{ranks,checkpoints}
  rm -f "$1/outcome.json"
  [ -z "${3:-}" ] || touch "$1/checkpoints/round-$3.h5"
  printf 'folder %s\nfrom_round %s\n' "$1" "$2" >> "$CROSSILO_START_NOTE"
}
ends() { echo "{\"exit_code\": $2}" > "$1/outcome.json"; }
warned() { trap : USR2; kill -USR2 "$script"; sleep 1.5; }
SH
add() { cat >> cluster.sh; }

# Another job's folder, whose name begins alike, and which begins and ends meanwhile.
add << 'SH'
end_seconds_max=2
beside() {
  begin runs/heart-1 0
  mkdir -p runs/heart-sweep-0-1/ranks
  ends runs/heart-sweep-0-1 0
  sleep 5
  ends runs/heart-1 7
  return 7
}
SH
job beside
expect_code 7
[ "$seconds" -ge 5 ] || fail "its own launcher was ended: $output"

# After the warning: requeued where a silo was lost or all were killed, and where there is a new checkpoint; never behind other ends.
add << 'SH'
warned_end() { begin "${@: -1}" 40 "$1"; warned; ends "${@: -1}" "$2"; return "$2"; }
with_75() { warned_end 43 75 runs/heart-1; }
with_5() { warned_end 43 5 runs/heart-1; }
with_143() { warned_end 43 143 runs/heart-1; }
with_7() { warned_end 43 7 runs/heart-1; }
with_9() { warned_end 43 9 runs/heart-1; }
with_4() { warned_end 43 4 runs/heart-1; }
elsewhere() { warned_end 43 75 elsewhere; }
no_further() { touch other; warned_end 40 75 runs/heart-1; }
killed() { begin runs/heart-1 40 43; warned; kill -KILL $BASHPID; }
by_itself() { begin runs/heart-1 40 43; sleep 1.5; ends runs/heart-1 75; return 75; }
SH
for launcher in with_75 with_5 with_143 killed; do
  job $launcher
  expect_code 75
  expect_text "scontrol requeue 1"
done
# The job goes on with that run when it starts again, and from one start to the next, whatever its options say.
add << 'SH'
shows() { cat "$CROSSILO_START_NOTE"; return 7; }
SH
SLURM_RESTART_COUNT=1 job shows --resume never
expect_text "resume runs/heart-1"
[ ! -e runs/.job-1 ] || fail "a job that is over has left its note"
job shows --resume never
[[ $output != *"resume runs"* ]] || fail "another job's run: $output"
# The warning comes while a requeued job still loads its rows: there is no new checkpoint.
add << 'SH'
loads() { echo "folder runs/heart-1" >> "$CROSSILO_START_NOTE"; warned; kill -KILL $BASHPID; }
told() { begin runs/heart-1 40; sleep 2.5; echo "job 1: $(cat runs/.job-1)"; ends runs/heart-1 7; return 7; }
SH
mkdir -p runs/heart-1/checkpoints
touch runs/heart-1/checkpoints/round-43.h5
echo runs/heart-1 > runs/.job-1
SLURM_RESTART_COUNT=1 job loads
expect_code 75
expect_text "stopped before another checkpoint was written: not requeued"
job told
expect_text "job 1: runs/heart-1" # nobody knows whether this script sees the end
for code_wanted in 7 9 4; do
  job with_$code_wanted
  expect_code $code_wanted
  [[ $output != *requeue* ]] || fail "requeued: $output"
done
job elsewhere --run_folder elsewhere
expect_code 75
expect_text "scontrol requeue 1"
job no_further
expect_code 75
expect_text "stopped before another checkpoint was written: not requeued"
job by_itself --max_hours 1
expect_code 75
[[ $output != *requeue* ]] || fail "requeued without a warning: $output"

# Each rank gets the cores that the job has asked for.
# shellcheck disable=SC2016
for variable in SLURM_CPUS_PER_TASK SLURM_CPUS_PER_TASK_HET_GROUP_0; do
  exit_code_of env $variable=8 bash -c '. "$0/slurm/lib.sh"; choose_launcher srun; env' "$root"
  expect_text "SRUN_CPUS_PER_TASK=8"
done

# The gentle stop of everybody but Slurm, and TERM behind Slurm's warning.
add << 'SH'
stopped() { trap : USR2; kill -"$1" "$script"; sleep 2.5; begin runs/heart-1 40 43; ends runs/heart-1 75; return 75; }
by_usr1() { stopped USR1; }
by_term() { kill -USR2 "$script"; stopped TERM; }
by_both() { kill -USR1 "$script"; sleep 1.5; stopped USR2; }
SH
for launcher in by_usr1 by_term by_both; do
  job $launcher
  expect_code 75
  expect_text "told to end, by scancel or at the end of its time: not requeued"
  [[ $output != *"scontrol requeue"* ]] || fail "$output"
done

# A launcher that does not end behind its run: sooner where the run has failed.
add << 'SH'
end_seconds_max=50 fail_seconds_max=2
stays() { begin runs/heart-1 0; ends runs/heart-1 7; exec sleep 50; }
saves() { begin runs/heart-1 0; ends runs/heart-1 0; sleep 5; }
SH
job stays
expect_code 7
expect_text "the run has ended, its launcher has not"
[ "$seconds" -lt 20 ] || fail "after $seconds s"
job saves
expect_code 0
[[ $output != *"is killed"* ]] || fail "$output"

# A launcher whose ranks never begin; one that is killed before; one that refuses; a rank that refuses, and is ended with 143.
add << 'SH'
begin_seconds_max=2
never() { exec sleep 50; }
dies() { kill -KILL $BASHPID; }
refuses() { return 3; }
rank_refuses() { echo "exit_code 9" >> "$CROSSILO_START_NOTE"; return 143; }
SH
cat > crossilo << 'SH'
#!/bin/bash
echo "asked: $*" >&2
touch asked
exit 5
SH
for launcher in never dies; do
  job $launcher
  expect_code 5
  expect_text "asked: slurm again"
  [[ $output == *"--run_folder  --status"* ]] || fail "$output"
done
[ "$seconds" -lt 20 ] || fail "after $seconds s"
job refuses
expect_code 3
job rank_refuses
expect_code 9
[[ $output != *asked* ]] || fail "$output"

# srun does not notice that Slurm has ended its steps, as behind a dead node.
add << 'SH'
fail_seconds_max=2
job_step() { begin runs/heart-1 0; exec sleep 50; }
SH
as_srun=--job-name=crossilo-ranks
tool squeue "printf '1.batch batch\n1.1 bash\n'" # a step of the user's
job job_step
expect_code 5
expect_text "Slurm has ended its steps"
add << 'SH'
job_step() { begin runs/heart-1 0; sleep 12; ends runs/heart-1 7; return 7; }
SH
for steps in "printf '1.batch batch\n1.0 crossilo-ranks\n'" "sleep 20"; do # Slurm does not say
  tool squeue "$steps"
  job job_step
  expect_code 7
  [[ $output != *"is killed"* ]] || fail "$output"
  [ "$seconds" -lt 24 ] || fail "it waited for Slurm: $seconds s"
done
as_srun=

# Behind a lost silo any failure is asked about, and a launcher that does not start ranks is a loss.
cat > crossilo << 'SH'
#!/bin/bash
while [ "$1" != --ends ]; do shift; done
[ "$4" = runs/heart-1 ] && said=$(cat runs/heart-1/outcome.json)
echo "asked: ${said:-no folder}" >&2
[ ! -s "$2" ] || exit 44
echo "{}" > "$2"
printf '0\n%s\n' "${@: -4:1}"
SH
add << 'SH'
first() { [ ! -e again ] && touch again && begin runs/heart-1 0 && sleep 1 && ends runs/heart-1 5; }
then_4() { first || { cat "$CROSSILO_START_NOTE"; begin runs/heart-1 0; ends runs/heart-1 4; return 4; }; }
then_1() { first || return 1; }
then_9() { first || rank_refuses; }
SH
# A run that a silo's loss ends before it has begun begins in the folder that it has.
add << 'SH'
loads_and_loses() {
  cat "$CROSSILO_START_NOTE"
  [ -e again ] && { begin runs/heart-1 0; ends runs/heart-1 7; return 7; }
  touch again
  mkdir -p runs/heart-1
  echo "folder runs/heart-1" >> "$CROSSILO_START_NOTE"
  echo '{"exit_code": 5}' > runs/heart-1/outcome.json
  return 137
}
SH
rm -f again
job loads_and_loses
expect_code 44
expect_text "begin runs/heart-1"
for launcher in "then_4 44 {\"exit_code\": 4}" "then_1 44 no folder"; do
  read -r name code_wanted text <<< "$launcher"
  rm -f again
  job "$name"
  expect_code "$code_wanted"
  expect_text "asked: $text"
  [ "$name" = then_1 ] || expect_text "resume runs/heart-1"
done
rm -f again
job then_9
expect_code 9

# Nodes are asked again where not even the script's own answers: then Slurm is busy.
rm -f again
add << 'SH'
unset -f nodes_with_room
. "$0/slurm/lib.sh"
export SLURM_JOB_NODELIST=n SLURM_JOB_CPUS_PER_NODE='1(x2)' SLURM_TASKS_PER_NODE='1(x2)' SLURM_CPUS_PER_TASK=1 SLURMD_NODENAME=n1
scontrol() { printf 'n1\nn2\n'; }
SH
cat > crossilo << 'SH'
#!/bin/bash
echo "asked: $*" >&2
exit 5
SH
# shellcheck disable=SC2016
tool srun '[[ "$*" == *"=n1 "* ]] && [ -e busy-no-more ] && exit 0; touch busy-no-more; exit 1'
job first
expect_text "asked again"
expect_text "--hosts n1:1,n2:0"
[[ $output != *"node n1 does not answer"* ]] || fail "$output"
expect_text "node n2 does not answer"
tool srun 'exit 1' # for ever
rm -f again
job first
expect_code 5
expect_text "--hosts n1:0,n2:0"

# A group that Slurm has requeued by itself is cancelled, as far as Slurm lets it.
tool squeue 'echo 1+1'
tool scancel 'echo "scancel $*"; exit 1'
export SLURM_HET_SIZE=2 SLURM_JOB_ID_HET_GROUP_1=2
for launcher in by_itself with_7; do
  job $launcher
  expect_text "scancel --quiet 1"
  [ "$code" != 1 ] || fail "not the run's own code"
done
unset SLURM_HET_SIZE

# The grid of a sweep: all of its points, or one of them again.
ln -s "$root/slurm" slurm
cat > crossilo << 'SH'
#!/bin/bash
echo "runs: $*"
SH
sweep() { # MIN MAX COUNT ID: of the points 0 to 3
  exit_code_of env SLURM_JOB_ID=1 CROSSILO_BIN="$PWD/crossilo" SLURM_ARRAY_TASK_MIN="$1" SLURM_ARRAY_TASK_MAX="$2" SLURM_ARRAY_TASK_COUNT="$3" \
    SLURM_ARRAY_TASK_ID="$4" PATH="$PWD/tools:$PATH" bash "$root/jobs/sweep_array.sbatch" heart.ini train.learning_rate=0.01,0.05 train.batch_size=16,32
}
# shellcheck disable=SC2016
tool srun 'shift 4; exec "$@"'
for array in "0 3 4 1" "1 1 1 1"; do
  # shellcheck disable=SC2086
  sweep $array
  expect_code 0
  expect_text "runs: train heart.ini --run.name heart-sweep-1 --train.learning_rate 0.05 --train.batch_size 16"
done
for array in "1 4 4 1" "0 2 3 0" "4 4 1 4" "0 7 8 2"; do
  # shellcheck disable=SC2086
  sweep $array
  expect_code 2
  expect_text "the grid has 4 points, the array ${array:0:1}-${array:2:1}: submit it with --array=0-3"
done

# The test cluster removes no folder that is not its own.
mkdir precious
touch precious/rows
for command in up down; do
  exit_code_of env CLUSTER_FOLDER="$PWD/precious" "$root/slurm/testcluster.sh" $command
  expect_code 3
  expect_text "something else lies here"
  [ -e precious/rows ] || fail "testcluster.sh $command removed another's folder"
done
mkdir own
echo ClusterName=testcluster > own/slurm.conf
exit_code_of env CLUSTER_FOLDER="$PWD/own" "$root/slurm/testcluster.sh" down
expect_code 0
[ ! -e own ] || fail "its own folder is left"

# How many ranks the nodes of a job have room for, once one does not answer.
room() { # EXPECTED VARIABLE=VALUE…
  local expected=$1 found
  shift
  # shellcheck disable=SC2016
  found=$(env SLURM_JOB_NODELIST='n[1-3]' SLURM_JOB_CPUS_PER_NODE='8(x2),4' SLURM_TASKS_PER_NODE='2(x2),1' "$@" bash -c '
    . "$0/slurm/lib.sh"
    scontrol() { printf "%s\n" n1 n2 n3; }
    node_answers() { [ "$2" != n2 ]; }
    nodes_with_room' "$root")
  [ "$found" = "$expected" ] || fail "room with $*: $found, $expected expected"
}
room n1:8,n2:0,n3:4
room n1:4,n2:0,n3:2 SLURM_CPUS_PER_TASK=2
room n1:2,n2:0,n3:1 SLURM_GPUS_PER_TASK=1
room n1:3,n2:0,n3:3 SLURM_GPUS_PER_NODE=h100:3
room "n1:2,n2:0,n3:2;n1:8,n2:0,n3:4" SLURM_HET_SIZE=2 SLURM_GPUS_PER_NODE_HET_GROUP_0=2
