# Sourced by the job scripts in jobs/ and by those that `crossilo slurm render` writes: starts the ranks of a batch job, hands
# on Slurm's warning before the end of its time, and knows from the run's folder how it ended.
#
#   choose_launcher srun|mpirun [RANKS]    fills the array launcher; change or add words where the cluster needs it
#   train_in_job CONFIG [OPTION…]          trains, starts again after a lost silo, requeues the job where its time is over
#
# Whether, when, where and without which silos the ranks are started again, the program says (crossilo slurm again).
# shellcheck shell=bash
stop_seconds_max=${stop_seconds_max:-90}    # for the round at hand once Slurm has warned; less than the warning's lead
begin_seconds_max=${begin_seconds_max:-300} # for all ranks to join in MPI and open the run's folder
end_seconds_max=${end_seconds_max:-60}      # from the outcome in the run folder until the launcher has ended
fail_seconds_max=${fail_seconds_max:-10}    # instead of it behind a failure, where nobody saves anything, and where time is short
node_seconds_max=${node_seconds_max:-15}    # for a node to start a process once a silo was lost
slurm_seconds_max=5                         # for Slurm to answer while ranks run
step_name="crossilo-ranks"
launcher=()
run_folder= # of this job's run, once a start has told it: the next ones go on with it
new_folder= # of a run that has not come as far as that: the next start begins there, too
from_round= # behind which the first start went on
stop_signal= # USR2: Slurm's warning; TERM: scancel
handed_on=

say() { echo "slurm/lib.sh: $*" >&2; }

find_crossilo() {
  local candidate
  crossilo=${CROSSILO_BIN:-}
  for candidate in ${SLURM_GPUS_ON_NODE:+build/cuda/crossilo} build/release/crossilo build/check/crossilo; do
    [ -n "$crossilo" ] || [ ! -x "$candidate" ] || crossilo=$PWD/$candidate
  done
  [ -x "$crossilo" ] && return
  say "no program crossilo in $PWD: build it (jobs/quickstart.sh), submit the job from the folder of the repository, or set CROSSILO_BIN"
  exit 3
}

### How ranks are started

# With srun Slurm itself starts the ranks, and -K ends all of them when one dies. mpirun knows the first group of a het job
# only: there it is told of all hosts, and starts its daemons by slurm/het_agent.sh.
choose_launcher() { # srun|mpirun [RANKS]
  local group groups list cores hosts=()
  groups=$(seq -s , 0 $((${SLURM_HET_SIZE:-1} - 1)))
  case $1 in
    srun)
      # --wait=0: the first rank may be busy for minutes behind the others. The name: of the steps that are ours.
      launcher=(srun --mpi=pmix --kill-on-bad-exit=1 --wait=0 "--job-name=$step_name")
      [ -z "${SLURM_HET_SIZE:-}" ] || launcher+=("--het-group=$groups")
      [ -z "${2:-}" ] || launcher+=("--ntasks=$2")
      cores=$(variable_of_group SLURM_CPUS_PER_TASK 0 "")
      [ -z "$cores" ] || export SRUN_CPUS_PER_TASK=$cores # from 22.05 on srun takes one core a rank unless it is told itself
      ;;
    mpirun)
      launcher=("${CROSSILO_MPIRUN:-mpirun}" --bind-to none)
      [ "$(id -u)" -ne 0 ] || launcher+=(--allow-run-as-root)
      [ -z "${2:-}" ] || launcher+=(-np "$2")
      [ -n "${SLURM_HET_SIZE:-}" ] || return 0
      for group in ${groups//,/ }; do
        list=SLURM_JOB_NODELIST_HET_GROUP_$group
        mapfile -t -O ${#hosts[@]} hosts < <(hosts_with_slots "${!list}" "$(variable_of_group SLURM_TASKS_PER_NODE "$group")")
      done
      launcher+=(--leave-session-attached --mca ras ^slurm --mca plm rsh --mca plm_rsh_agent "$PWD/slurm/het_agent.sh"
        --mca plm_rsh_no_tree_spawn 1 --host "$(IFS=,; echo "${hosts[*]}")")
      ;;
    *) say "$1: srun or mpirun is wanted" && exit 2 ;;
  esac
}

variable_of_group() { # NAME GROUP [DEFAULT]: the group's value, or where Slurm gives none the job's
  local name=$1_HET_GROUP_$2
  echo "${!name:-${!1:-${3-1}}}"
}

# "a[1-2]" "2(x2)": a1:2 and a2:2, one a line.
hosts_with_slots() {
  paste -d : <(scontrol show hostnames "$1") <(tr , '\n' <<<"$2" | sed -E 's/^[0-9]+$/&(x1)/; s/[(x)]+/ /g' |
    while read -r slots times; do for ((; times > 0; --times)); do echo "$slots"; done; done)
}

values_of_groups() { # NAME: one a line
  local group
  for ((group = 0; group < ${SLURM_HET_SIZE:-1}; ++group)); do variable_of_group "$1" "$group"; done
}

### One start

# The first word behind an option of crossilo train: option_value --runs runs "$@"
option_value() { # OPTION DEFAULT ARGUMENT…
  local option=$1 value=$2
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      "$option") value=${2:-} ;;
      "$option="*) value=${1#*=} ;;
    esac
    shift
  done
  echo "$value"
}

name_in() { # CONFIG: its run.name
  awk -F = '/^\[/ { section = $1 } section ~ /^\[run\]/ && $1 ~ /^[ \t]*name[ \t]*$/ {
    sub(/[ \t][#;].*/, "", $2); gsub(/[ \t"]/, "", $2); print $2; exit }' "$1"
}

# What this start has noted: its folder; from_round, behind which it goes on; or the exit_code, where it has no folder to say it.
noted() { sed -n "/^$1 /{s///p;q}" "$CROSSILO_START_NOTE"; }

# Runs the command and sets $code: 0 finished, 75 stopped as asked, 5 a silo was lost, otherwise another exit code of crossilo;
# $status, the launcher's own; and $folder, the run's, empty where it did not come as far as that. What the run says counts, since
# a launcher that kills the other ranks returns 137 or 143 for all of these.
start_once() { # COMMAND…
  local pid turn last=$SECONDS checked=$SECONDS beginning=0 ending=0 stopping=0 stepless=0 why # in seconds
  status=0
  CROSSILO_START_NOTE=$(mktemp "$runs_folder/.start.XXXXXX")
  export CROSSILO_START_NOTE
  # Whatever --resume said of the first start.
  [ -z "$new_folder" ] || echo "begin $new_folder" >"$CROSSILO_START_NOTE"
  [ -z "$run_folder" ] || echo "resume $run_folder" >"$CROSSILO_START_NOTE"
  "$@" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1 &
    wait $! || true # a signal ends this wait at once
    hand_on_stop "$pid"
    note_run
    turn=$((SECONDS - last))
    last=$SECONDS
    [ $turn -le $((slurm_seconds_max + 5)) ] || turn=1 # the job was suspended meanwhile
    [ -z "$stop_signal" ] || stopping=$((stopping + turn))
    [ -n "$folder" ] || beginning=$((beginning + turn))
    ! has_ended "$folder" || ending=$((ending + turn))
    if [ -n "$folder" ] && [ -z "$stop_signal" ] && [ $((SECONDS - checked)) -ge 5 ]; then
      checked=$SECONDS
      if has_steps; then stepless=0; else stepless=$((stepless + 5)); fi
    fi
    why= # it is ended
    [ $stepless -lt $((fail_seconds_max + 5)) ] || why="Slurm has ended its steps, it has not"
    [ $beginning -lt "$begin_seconds_max" ] || why="its ranks have not begun in $begin_seconds_max s"
    [ $ending -eq 0 ] || [ $ending -lt "$(end_limit "$folder")" ] || why="the run has ended, its launcher has not"
    [ $stopping -lt "$stop_seconds_max" ] || why="the round at hand takes longer than $stop_seconds_max s"
    [ -z "$why" ] || { end_launcher "$pid" "$why" && break; }
  done
  wait "$pid" || status=$?
  note_run
  if [ -n "$folder" ]; then
    code=5
    ! has_ended "$folder" || code=$(outcome_of "$folder")
  else
    code=$(noted exit_code)
    # The launcher's own: killed while MPI started, or behind a loss it does not start ranks any more.
    [ -n "$code" ] || { code=$status && [ "$status" -lt 128 ] && ! has_lost_a_silo; } || code=5
  fi
  rm -f "$CROSSILO_START_NOTE"
}

# Sets $folder; and once a start has taken the run up, what the next starts need, also those behind a requeue.
note_run() {
  folder=$(noted folder)
  [ -n "$folder" ] || return 0
  new_folder=$folder
  [ -n "$from_round" ] || from_round=$(noted from_round)
  [ -n "$from_round" ] && [ -z "$run_folder" ] || return 0
  run_folder=$folder
  echo "$run_folder" >"$runs_folder/.job-$SLURM_JOB_ID"
}

# A network file system remembers for a minute that a file was not there, until somebody looks through the folder.
has_ended() { # FOLDER, or nothing
  [ -n "$1" ] && ls "$1" &>/dev/null && [ -s "$1/outcome.json" ]
}
end_limit() { # FOLDER: seconds
  if [ -n "$stop_signal" ] || outcome_of "$1" | grep -qvxE '0|75'; then echo "$fail_seconds_max"; else echo "$end_seconds_max"; fi
}
outcome_of() { sed -n 's/.*"exit_code": *\([0-9]*\).*/\1/p' "$1/outcome.json"; } # FOLDER

has_lost_a_silo() { [ -s "$notes/ends" ]; } # in this job

# Once: srun and mpirun give it to every rank, and they stop after the round at hand.
hand_on_stop() { # PID
  if [ -n "$stop_signal" ] && [ -z "$handed_on" ]; then
    handed_on=yes
    kill -USR2 "$1" 2>/dev/null || true
  fi
}

jobs_of_groups() { values_of_groups SLURM_JOB_ID | paste -sd ,; } # 7,8: for Slurm each group is a job

# The steps in which ranks run, or mpirun's daemons: 7.0 8.0. Others are the user's.
own_steps() {
  timeout $slurm_seconds_max squeue --steps -h -j "$(jobs_of_groups)" -o '%i %j' |
    sed -nE "s/^([0-9]+\.[0-9]+) ($step_name|${crossilo##*/}|orted|prted)$/\1/p"
}

# Then its steps are known by their name; mpirun need not have any.
is_srun() { [[ " ${launcher[*]} " == *" --job-name=$step_name "* ]]; }

# True, too, where Slurm does not say.
has_steps() {
  local steps
  is_srun || return 0
  steps=$(own_steps) || return 0
  [ -n "$steps" ]
}

end_launcher() { # PID WHY
  local step
  say "$2: process $1 is killed"
  # mpirun takes its ranks on this host along, and mostly what they have in shared memory.
  is_srun || { kill -TERM "$1" && sleep 2; } 2>/dev/null || true
  # A node that is gone holds scancel up, but not the others.
  for step in $(own_steps); do scancel --quiet --signal=KILL "$step" &>/dev/null & done
  kill -KILL "$1" 2>/dev/null || true
}

### A job

# True of a node of this job that starts something; asked directly, since Slurm itself takes minutes to give one up.
# The node of this script answers at once, so where it does not, Slurm's controller is busy, and nothing is known of any.
node_answers() { # GROUP NODE
  local seconds=$node_seconds_max
  [ "$2" != "${SLURMD_NODENAME:-}" ] || seconds=$(((seconds + 1) / 2))
  timeout --foreground -k 1 "$seconds" env -u SLURM_GPUS -u SLURM_GPUS_PER_NODE -u SLURM_GPUS_PER_TASK -u SLURM_NTASKS_PER_NODE \
    srun ${SLURM_HET_SIZE:+"--het-group=$1"} --overlap --nodes=1 --ntasks=1 --mpi=none --nodelist="$2" true &>/dev/null
}
is_answered() { [[ ,${1//;/,}, != *",${SLURMD_NODENAME:-}:0,"* ]]; } # HOSTS

# Sets $rooms: what nodes_with_room says, once Slurm is not busy any more; as it is where that lasts.
ask_nodes() {
  local begun=$SECONDS
  until rooms=$(nodes_with_room) && is_answered "$rooms"; do
    [ -z "$stop_signal" ] && [ $((SECONDS - begun)) -lt "$begin_seconds_max" ] || return 0
    say "Slurm starts nothing on this script's own node, so it may be busy: asked again"
    sleep 5 &
    wait $! || true
  done
}

# The nodes of a group and how many ranks each has room for: by its processors and, a rank needs one, its GPUs. With --gpus-per-task
# a node has them for the ranks that started there.
room_in_group() { # GROUP
  local nodes host cpus tasks gpus room
  nodes=$(variable_of_group SLURM_JOB_NODELIST "$1")
  paste -d : <(hosts_with_slots "$nodes" "$(variable_of_group SLURM_JOB_CPUS_PER_NODE "$1")") \
    <(hosts_with_slots "$nodes" "$(variable_of_group SLURM_TASKS_PER_NODE "$1")") | while IFS=: read -r host cpus _ tasks; do
    room=$((cpus / $(variable_of_group SLURM_CPUS_PER_TASK "$1")))
    gpus=$(variable_of_group SLURM_GPUS_PER_NODE "$1" "")
    [ -z "$(variable_of_group SLURM_GPUS_PER_TASK "$1" "")" ] || gpus=$tasks
    gpus=${gpus##*:} # of h100:2
    echo "$host:$((room < ${gpus:-room} ? room : ${gpus:-room}))"
  done
}

# The nodes of this job and how many ranks each has room for, none where it does not answer: a1:1,a2:1;b1:2,b2:0, by groups.
nodes_with_room() {
  local group host
  for ((group = 0; group < ${SLURM_HET_SIZE:-1}; ++group)); do
    {
      for host in $(room_in_group "$group"); do
        {
          node_answers "$group" "${host%:*}" || host=${host%:*}:0
          echo "$host"
        } &
      done
      wait
    } | sort -V | paste -sd ,
  done | paste -sd ';'
}

# True of an end by a lost silo, or behind one: that may be why, such as a silo whose file is gone.
wants_another_start() {
  [ -z "$stop_signal" ] && [[ $code != @(0|75) ]] && { [ "$code" = 5 ] || { [ -n "$folder" ] && has_lost_a_silo; }; }
}

# Starts until the run has ended otherwise than by a lost silo, or is not started again.
start_until_done() { # ARGUMENT of crossilo…
  local first=("${launcher[@]}" "$crossilo" "$@") command rooms dead node pause
  command=("${first[@]}")
  while true; do
    start_once "${command[@]}"
    wants_another_start || return 0
    export SLURM_OVERLAP=1 # Slurm may not have freed the step before
    ask_nodes
    [ -z "$stop_signal" ] || return 0
    dead=$(tr ',;' '\n' <<<"$rooms" | sed -n 's/:0$//p' | paste -sd ' ')
    for node in $dead; do say "node $node does not answer"; done
    "$crossilo" slurm again --ends "$notes/ends" --run_folder "$folder" --status "$status" --hosts "$rooms" \
      --seconds_used "$SECONDS" -- "${first[@]}" >"$notes/next" || { code=$?; return 0; }
    { read -r pause && mapfile -t command; } <"$notes/next"
    # srun would lay out ranks as on the nodes that there were.
    [[ " ${command[*]} " != *" --distribution=arbitrary "* ]] || export -n SLURM_TASKS_PER_NODE SLURM_NTASKS_PER_NODE
    sleep "$pause" &
    wait $! || true
    [ -z "$stop_signal" ] || return 0
  done
}

# A group whose nodes are all gone Slurm has requeued by itself. It would stay behind this job, and can be cancelled only with it.
cancel_what_waits() {
  local waiting
  [ "${SLURM_HET_SIZE:-1}" -gt 1 ] || return 0
  waiting=$(timeout $slurm_seconds_max squeue -h --states=PENDING -j "$(jobs_of_groups)" -o %i | paste -sd ' ') || return 0
  [ -n "$waiting" ] || return 0
  say "Slurm has lost all nodes of $waiting, and it waits for others: cancelled"
  trap '' TERM
  scancel --quiet "$SLURM_JOB_ID" || true
}

newest_checkpoint() { # of the job's run
  find "$run_folder/checkpoints" 2>/dev/null | sed -n 's/.*round-\([0-9]*\)\.h5$/\1/p' | sort -n | tail -n 1
}

# Ends the job: requeued where Slurm's warning stopped it and it went on meanwhile, otherwise with the run's own exit code.
train_in_job() { # CONFIG [OPTION…]
  local newest began_with # checkpoints
  if [ ! -r "${1:-}" ]; then
    say "${1:-no configuration}: a file that can be read is wanted behind the script: sbatch SCRIPT CONFIG.ini [options of crossilo train]"
    exit 2
  fi
  find_crossilo
  [ ${#launcher[@]} -gt 0 ] || choose_launcher srun
  runs_folder=$(option_value --runs runs "$@")
  mkdir -p "$runs_folder"
  [ "${SLURM_RESTART_COUNT:-0}" = 0 ] || run_folder=$(cat "$runs_folder/.job-$SLURM_JOB_ID" 2>/dev/null) || true
  began_with=$(newest_checkpoint) || true
  notes=$(mktemp -d)
  trap 'rm -rf "${CROSSILO_START_NOTE:-}" "$notes"' EXIT
  trap 'stop_signal=${stop_signal:-USR2}' USR2
  trap 'stop_signal=TERM' TERM USR1 # scancel: stopped, never requeued
  say "job $SLURM_JOB_ID, start $((${SLURM_RESTART_COUNT:-0} + 1)), on $(values_of_groups SLURM_JOB_NODELIST | paste -sd ' '): ${launcher[*]} $crossilo train $*"
  start_until_done train "$@"
  # Signalled while it started, or lost while it stopped: the next start goes on from the checkpoint.
  if [ -n "$stop_signal" ] && { [ "$code" = 5 ] || [ "$code" -ge 128 ]; }; then code=75; fi
  [ "$code" = 75 ] || rm -f "$runs_folder/.job-$SLURM_JOB_ID" # a job that is preempted may be started again, too
  if [ "$code" = 75 ] && [ "$stop_signal" = USR2 ]; then
    newest=$(newest_checkpoint) || true
    if [ "${newest:-0}" -le "${from_round:-${began_with:-0}}" ]; then
      say "stopped before another checkpoint was written: not requeued; give it more time (--time), or less warning (--signal)"
    elif scontrol requeue "$SLURM_JOB_ID"; then
      exit 75
    else
      say "Slurm does not requeue this job (sbatch --requeue?): submit it again, it goes on from its checkpoint"
    fi
  elif [ -n "$stop_signal" ] && [ "$code" = 75 ]; then
    say "told to end, by scancel or at the end of its time: not requeued; submitted again, it goes on from its checkpoint"
  fi
  cancel_what_waits
  exit "$code"
}
