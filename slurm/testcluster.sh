#!/usr/bin/env bash
# A real Slurm cluster on this machine: sites a (nodes a1, a2) and b (b1, b2), and a slow link between them. Needs root.
#
#   slurm/testcluster.sh up             starts it, in seconds
#   slurm/testcluster.sh run CMD…       runs a command on its login node, such as  srun -N 4 hostname
#   slurm/testcluster.sh on NODE CMD…   the same on one of its nodes
#   slurm/testcluster.sh crash NODE     that node loses its power;  boot NODE  starts it again
#   slurm/testcluster.sh link down      the sites do not reach each other any more, until  link up
#   slurm/testcluster.sh down           ends all that runs in it and removes its folder
#
# CLUSTER_FOLDER       its state and logs (build/testcluster); clusters in several folders do not see each other
# CLUSTER_DELAY_MS     of the link, one way (10);  CLUSTER_RATE_MBIT (1000);  CLUSTER_QUEUE_KB (4000)
#
# All of it lives in namespaces of its own, below one process: when that ends, the kernel ends the rest.
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
folder=$(realpath -m "${CLUSTER_FOLDER:-$root/build/testcluster}")
export CLUSTER_FOLDER=$folder SLURM_CONF=$folder/slurm.conf
nodes=(a1 a2 b1 b2)
declare -A site_number=([a]=1 [b]=2)

stop() {
  echo "slurm/testcluster.sh: $*" >&2
  exit 3
}

# Waits for a condition, in tenths of a second.
wait_until() { # TENTHS WHAT COMMAND…
  local tries=$1 what=$2
  shift 2
  until "$@" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || stop "$what: this did not happen in time; the logs are in $folder"
    sleep 0.1
  done
}

### Where this script is called

check_machine() {
  local tool missing=()
  [ "$(id -u)" -eq 0 ] || stop "it makes network namespaces, so it needs root"
  for tool in slurmctld slurmd srun munged ip tc nsenter unshare; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || stop "${missing[*]}: not here; jobs/setup.sh installs the packages" \
    "slurmctld slurmd slurm-client munge iproute2"
  unshare --net --mount --uts --pid --fork true 2>/dev/null ||
    stop "this root may not make namespaces (a container without CAP_SYS_ADMIN?)"
  [ ${#folder} -le 70 ] || stop "CLUSTER_FOLDER $folder: too long for the sockets in it, at most 70 characters"
}

# The folder is removed as a whole, so it has to be one that this script made.
check_folder() {
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || grep -qsx ClusterName=testcluster "$folder/slurm.conf" ||
    stop "CLUSTER_FOLDER $folder: something else lies here, so it stays as it is; name a folder that is empty or not there"
}

# The process of this machine under which all of the cluster runs; false where none does.
cluster_process() {
  local pid
  pid=$(cat "$folder/process" 2>/dev/null) && grep -qzxF "CLUSTER_FOLDER=$folder" "/proc/$pid/environ" 2>/dev/null &&
    echo "$pid"
}

# Runs a command in the namespaces of a process, in the folder of the caller.
# shellcheck disable=SC2016
enter() { exec nsenter -t "$1" --mount --uts --net --pid sh -c 'cd "$0" && shift && exec "$@"' "$PWD" "$@"; }

enter_login() {
  local pid
  pid=$(cluster_process) || stop "no cluster runs in $folder: start one with  slurm/testcluster.sh up"
  enter "$pid" "$@"
}

process_of() { # NODE
  [[ " ${nodes[*]} " == *" $1 "* ]] || stop "$1: no such node; there are ${nodes[*]}"
  is_up "$1" || stop "node $1 is not up"
  cat "$folder/$1.process"
}
is_up() { [ -e "/proc/$(cat "$folder/$1.process" 2>/dev/null || echo none)" ]; } # NODE

up() {
  ! cluster_process >/dev/null || stop "one is already up in $folder: end it with  slurm/testcluster.sh down"
  check_folder
  check_machine
  rm -rf "$folder"
  mkdir -p "$folder"/{state,pmix}
  write_settings
  setsid unshare --mount --uts --net --pid --fork --kill-child=KILL "$self" begin >"$folder/begin.log" 2>&1 </dev/null &
  local top=$!
  (wait_until 900 "start of the cluster" ready_or_gone "$top") || true # it waits less long itself
  if [ ! -e "$folder/ready" ]; then
    tail -n 3 "$folder"/*.log >&2
    down
    exit 3
  fi
  echo "Slurm $(sinfo --version | cut -d ' ' -f 2): nodes ${nodes[*]}; between the sites ${CLUSTER_DELAY_MS:-10} ms one way," \
    "${CLUSTER_RATE_MBIT:-1000} Mbit/s ($(cat "$folder/link")); in $folder"
}

down() {
  local pid
  check_folder
  if pid=$(cluster_process); then
    kill -KILL "$pid"
    wait_until 100 "end of process $pid" not test -e "/proc/$pid"
  fi
  rm -rf "$folder"
}
not() { ! "$@"; }
ready_or_gone() { [ -e "$folder/ready" ] || [ ! -e "/proc/$1" ]; }

### Inside: process 1 of the cluster, which is also its login node and the router of site a

# shellcheck disable=SC2317
begin() {
  own_process "$folder/process"
  hostname login
  mount --bind "$folder/hosts" /etc/hosts
  make_link
  for site in a b; do
    in_site $site ip link add lan type bridge
    in_site $site ip addr add "10.77.${site_number[$site]}.254/24" dev lan
    in_site $site ip link set lan up
  done
  munged --force --foreground --key-file="$folder/munge.key" --socket="$folder/munge.sock" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munge.log" --seed-file="$folder/munge.seed" &
  wait_until 50 "socket of munged" test -S "$folder/munge.sock"
  slurmctld -D -c &
  for node in "${nodes[@]}"; do boot "$node"; done
  wait_until 150 "all nodes idle" all_are_idle
  touch "$folder/ready"
  while true; do wait || true; sleep 1; done # and buries what loses its parent
}

all_are_idle() { [ "$(sinfo -h -N -t idle -p all -o %N | wc -l)" = ${#nodes[@]} ]; }

# Notes this process's number as the namespace that it came from sees it, then sees its own namespace.
own_process() { # FILE
  cd -P /proc/self
  echo "${PWD##*/}" >"$1"
  cd "$folder"
  mount -t proc proc /proc
}

in_site() { # SITE CMD…
  local site=$1
  shift
  if [ "$site" = a ]; then "$@"; else nsenter -t "$(cat "$folder/router_b.process")" --net "$@"; fi
}

# Router b, and the link to it: netem where the kernel has it, otherwise our own program.
make_link() {
  local shaped_link=${SHAPED_LINK:-$folder/shaped_link} limit rate=${CLUSTER_RATE_MBIT:-1000}
  local delay=${CLUSTER_DELAY_MS:-10} queue=${CLUSTER_QUEUE_KB:-4000} login=$$
  unshare --net sleep infinity &
  echo $! >"$folder/router_b.process"
  wait_until 50 "network namespace of router b" differ "/proc/$!/ns/net" "/proc/$login/ns/net"
  if tc qdisc add dev lo root netem delay 1ms 2>/dev/null; then
    tc qdisc del dev lo root
    ip link add wan type veth peer name wan netns $!
    limit=$(awk -v d="$delay" -v r="$rate" -v q="$queue" 'BEGIN { print int((q * 1000 + d * r * 125) / 1500) + 1 }')
    for site in a b; do in_site $site tc qdisc add dev wan root netem delay "${delay}ms" rate "${rate}mbit" limit "$limit"; done
    echo netem >"$folder/link"
  else
    [ -x "$shaped_link" ] || c++ -std=c++20 -O2 -o "$shaped_link" "$root/tests/testcluster/shaped_link_main.cpp" ||
      stop "this kernel has no netem, and the program in its place could not be compiled"
    "$shaped_link" "/proc/$login/ns/net" "/proc/$!/ns/net" wan "$delay" "$rate" "$queue" \
      >"$folder/shaped_link.log" 2>&1 &
    wait_until 50 "link between the sites" grep -q ready "$folder/shaped_link.log"
    echo "our own shaped link" >"$folder/link"
  fi
  for site in a b; do
    in_site $site ip link set lo up
    in_site $site ip addr add "10.77.0.${site_number[$site]}/30" dev wan
    in_site $site ip link set wan txqueuelen 5000 up
    in_site $site sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  done
  link up
}

link() { # up|down
  case ${1:-} in
    up)
      ip route replace 10.77.2.0/24 via 10.77.0.2
      in_site b ip route replace 10.77.1.0/24 via 10.77.0.1
      ;;
    down)
      ip route replace blackhole 10.77.2.0/24
      in_site b ip route replace blackhole 10.77.1.0/24
      ;;
    *) stop "link: up or down is wanted" ;;
  esac
}
differ() { [ "$(readlink "$1")" != "$(readlink "$2")" ]; }

# shellcheck disable=SC2317
boot() { # NODE
  local node=$1 site=${1%?}
  ! is_up "$node" || stop "node $node is up"
  rm -f "$folder/$node.process"
  setsid unshare --mount --uts --net --pid --fork --kill-child=KILL "$self" node "$node" >"$folder/$node.log" 2>&1 </dev/null &
  wait_until 50 "process of node $node" test -s "$folder/$node.process"
  in_site "$site" ip link add "to_$node" type veth peer name eth0 netns "$(cat "$folder/$node.process")"
  in_site "$site" ip link set "to_$node" master lan up
}

# shellcheck disable=SC2317
node() { # NODE: process 1 of that node
  local node=$1 network=10.77.${site_number[${1%?}]}
  own_process "$folder/$node.process"
  hostname "$node"
  mount -t tmpfs tmpfs /dev/shm
  mount -t tmpfs tmpfs "$folder/pmix"
  wait_until 50 "network of node $node" ip link show eth0 >/dev/null
  ip link set lo up
  ip addr add "$network.${node#?}/24" dev eth0
  ip link set eth0 up
  ip route add default via "$network.254"
  mkdir -p "$folder/spool.$node"
  slurmd -D -N "$node" &
  while true; do wait || true; sleep 1; done
}

### Its settings

write_settings() {
  local groups=cgroup/v1
  [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" != cgroup2fs ] || groups=cgroup/v2
  { head -c 128 /dev/urandom; } >"$folder/munge.key"
  chmod 400 "$folder/munge.key"
  printf '%s\n' '127.0.0.1 localhost' '10.77.1.254 login' '10.77.1.1 a1' '10.77.1.2 a2' '10.77.2.1 b1' '10.77.2.2 b2' \
    >"$folder/hosts"
  printf '%s\n' "CgroupPlugin=$groups" IgnoreSystemd=yes ConstrainCores=no >"$folder/cgroup.conf"
  # The default way of the fence crashes Open MPI over a slow link.
  printf '%s\n' "PMIxCliTmpDirBase=$folder/pmix" PMIxCollFence=tree >"$folder/mpi.conf"
  # Two devices a node that Slurm deals out as GPUs; they compute nothing.
  mknod "$folder/gpu0" c 1 3
  mknod "$folder/gpu1" c 1 3
  printf '%s\n' AutoDetect=off "NodeName=a[1-2],b[1-2] Name=gpu File=$folder/gpu[0-1]" >"$folder/gres.conf"
  # cred_expire: a job that is requeued starts again after 12 s, not after 2 minutes.
  cat >"$folder/slurm.conf" <<CONF
ClusterName=testcluster
SlurmctldHost=login(10.77.1.254)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$folder/munge.sock,cred_expire=10
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
SlurmdParameters=config_overrides
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobs.txt
MailProg=/bin/true
ReturnToService=2
SlurmdTimeout=20
KillWait=5
WaitTime=2
GresTypes=gpu
NodeName=a1 NodeAddr=10.77.1.1 CPUs=4 RealMemory=2000 Gres=gpu:2 Feature=site_a
NodeName=a2 NodeAddr=10.77.1.2 CPUs=4 RealMemory=2000 Gres=gpu:2 Feature=site_a
NodeName=b1 NodeAddr=10.77.2.1 CPUs=4 RealMemory=2000 Gres=gpu:2 Feature=site_b
NodeName=b2 NodeAddr=10.77.2.2 CPUs=4 RealMemory=2000 Gres=gpu:2 Feature=site_b
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
PartitionName=site_a Nodes=a[1-2] MaxTime=INFINITE
PartitionName=site_b Nodes=b[1-2] MaxTime=INFINITE
CONF
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  up | down | begin) "$command" ;;
  node) node "$1" ;;
  run) enter_login "$@" ;;
  on | crash | boot | link) enter_login "$self" "inside_$command" "$@" ;;
  inside_on) pid=$(process_of "$1") && shift && enter "$pid" "$@" ;;
  inside_crash) pid=$(process_of "$1") && kill -KILL "$pid" ;;
  inside_boot) boot "$1" ;;
  inside_link) link "${1:-}" ;;
  *) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$self" && exit 2 ;;
esac
