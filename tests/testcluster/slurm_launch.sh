#!/usr/bin/env bash
# Aim: wrong launches under Slurm are refused with the line that is right; mpirun works over several hosts, with and without a
# hostfile, without Slurm too.
# Method: each mistake on the test cluster; mpirun in an allocation, in groups of a het job by our agent, and from host to host.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
source "$root/tests/cli/resume.sh"
make_job_folder 20
cluster up
"$CROSSILO_BIN" train heart.ini --np 4 --quiet --run.name alone > alone.log
plain=(salloc -Q -N 4 -n 4)
groups=(salloc -Q -N 2 -n 2 -p site_a : -N 2 -n 2 -p site_b)

refused() { # TEXT COMMAND…
  local text=$1
  shift
  exit_code_of cluster run "$@"
  expect_code 3
  expect_text "$text"
  [ "$(grep -c "^crossilo: .*start" <<< "$output")" = 1 ] || fail "once is enough: $output"
}
refused "srun started 4 processes without PMIx, so MPI cannot join them: start with  srun --mpi=pmix -K --wait=0 -n 4 $CROSSILO_BIN train heart.ini" \
  srun -n 4 --mpi=none "$CROSSILO_BIN" train heart.ini
refused "under Slurm start with  srun --mpi=pmix -K --wait=0 -n 4" srun -n 3 --mpi=pmix "$CROSSILO_BIN" train heart.ini
refused "4 silos, but one process was started: under Slurm start with  srun --mpi=pmix -K --wait=0 -n 4" \
  "${plain[@]}" "$CROSSILO_BIN" train heart.ini
refused "it sees the first of the 2 groups of this job only (docs/clusters.md); start with  srun --mpi=pmix -K --wait=0 --het-group=0,1" \
  "${groups[@]}" "$MPIEXEC" "$CROSSILO_BIN" train heart.ini
refused "under Slurm start with  srun --mpi=pmix -K --wait=0 --het-group=0,1" "${groups[@]}" srun --mpi=pmix "$CROSSILO_BIN" train heart.ini
exit_code_of cluster run srun -n 2 --mpi=pmix "$CROSSILO_BIN" train heart.ini --np 4
expect_code 3
expect_text "srun started 2 processes, and each would start 4 ranks: leave --np out"
[ "$(ls runs)" = alone-1 ] || fail "something was started: $(ls runs)"

# Every rank wants a GPU of its own (two on each node of the cluster); with a program that computes on pretended ones.
if [ -n "${PRETENDED_GPUS:-}" ]; then
  on_gpus=("$PRETENDED_GPUS" train heart.ini --quiet --run.device cuda --run.name gpus)
  few="host a[12]: 2 ranks and 1 GPU in sight of them; .*: ask for them with  sbatch --gpus-per-node=2"
  # By one a node; and by mpirun's own process on a2, which is one task.
  for launch in "srun --mpi=pmix -N 2 -n 4 --ntasks-per-node=2 --gpus-per-node=1" "salloc -Q -N 2 -n 4 --ntasks-per-node=2 --gpus-per-task=1 $MPIEXEC --bind-to none"; do
    # shellcheck disable=SC2086
    exit_code_of cluster run $launch "${on_gpus[@]}"
    grep -q "$few" <<< "$output" || fail "$launch: $output"
  done
  for launch in "srun --mpi=pmix -N 2 -n 4 --ntasks-per-node=2 --gpus-per-task=1" "salloc -Q -N 2 -n 4 --ntasks-per-node=2 --gpus-per-node=2 $MPIEXEC --bind-to none"; do
    rm -rf runs/gpus-1
    # shellcheck disable=SC2086
    exit_code_of cluster run $launch "${on_gpus[@]}"
    [ "$(cat runs/gpus-1/logs/* | grep -c "computes on GPU [01]")" = 4 ] || fail "$launch: $output"
    alone=$(grep -c "each of 2 ranks sees its own GPU alone" <<< "$output" || true)
    [ "$alone" = "$(grep -c gpus-per-task <<< "$launch" || true)" ] || fail "$launch: $output"
  done
  rm -rf runs/gpus-1
fi

by_mpirun() { # RUN COMMAND…
  local run=$1
  shift
  exit_code_of cluster run "$@" "$CROSSILO_BIN" train heart.ini --quiet --run.name "$run"
  expect_code 0
  [ "$(hosts_of "$run-1")" = "a1 a2 b1 b2" ] || fail "$run: $(hosts_of "$run-1")"
  same "runs/$run-1" runs/alone-1
}
by_mpirun allocation "${plain[@]}" "$MPIEXEC" --bind-to none
printf '%s slots=1\n' a1 a2 b1 b2 > hosts
by_mpirun hostfile "${plain[@]}" "$MPIEXEC" --bind-to none --hostfile hosts -np 4

# In a job of groups, by slurm/het_agent.sh: the launcher that slurm/lib.sh chooses.
# shellcheck disable=SC2016
by_mpirun agent "${groups[@]}" bash -c '. slurm/lib.sh; choose_launcher mpirun; exec "${launcher[@]}" "$@"' -

# Without Slurm: hosts by their names, and a shell on each of them instead of ssh.
cat > shell_on.sh << SH
#!/bin/bash
host=\$1
shift
exec "$testcluster" inside_on "\$host" sh -c "\$*"
SH
chmod +x shell_on.sh
by_mpirun by_hand "$MPIEXEC" --bind-to none --mca plm_rsh_agent "$PWD/shell_on.sh" --host a1,a2,b1,b2
