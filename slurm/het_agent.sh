#!/usr/bin/env bash
# What mpirun takes for ssh inside a Slurm job of several groups: starts its daemon on a host by srun, in that host's group.
#   mpirun --mca plm rsh --mca plm_rsh_agent slurm/het_agent.sh …      (slurm/lib.sh has the whole line)
set -euo pipefail
host=$1
shift
for ((group = 0; group < SLURM_HET_SIZE; ++group)); do
  list=SLURM_JOB_NODELIST_HET_GROUP_$group
  scontrol show hostnames "${!list}" | grep -xF "$host" >/dev/null && break # all is read: scontrol must not fail
done
if [ "$group" = "$SLURM_HET_SIZE" ]; then
  echo "slurm/het_agent.sh: host $host is in no group of job $SLURM_JOB_ID" >&2
  exit 3
fi
exec srun --het-group="$group" --overlap --nodes=1 --ntasks=1 --ntasks-per-node=1 --mpi=none --mem=0 --nodelist="$host" \
  sh -c "$*" </dev/null
