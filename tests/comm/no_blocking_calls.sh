#!/bin/sh
# Aim: no MPI call in the product may wait for a peer without a deadline, start-up in foreign/mpi apart.
# Method: every MPI function named in src/ or include/ must stand on a list; a self-check shows that others are found.
set -eu
root=$1

# Local, or nonblocking.
allowed='Isend Irecv Test Cancel Request_free Get_count Error_string Error_class Comm_rank Comm_size
Comm_set_errhandler Initialized Finalized Get_library_version Abort'
# Collective, at the start and the end of a run; only in src/foreign/mpi.cpp and mpi_window.cpp.
allowed_at_start_up='Init_thread Finalize Comm_dup Comm_free'
allowed_to_share='Comm_split_type Comm_free Comm_group Comm_create_group Group_incl Group_translate_ranks Group_free
Win_allocate_shared Win_shared_query Win_lock_all Win_unlock_all Win_free Barrier'

# Prints "file:line: MPI_Name" for every MPI function below $1 that is not allowed where it stands; comments are skipped.
forbidden_calls() {
  find "$1/src" "$1/include" -type f \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.h' \) | sort | while read -r file; do
    names=$allowed
    case $file in
      */src/foreign/mpi.cpp) names="$names $allowed_at_start_up" ;;
      */src/foreign/mpi_window.cpp) names="$names $allowed_to_share" ;;
    esac
    sed 's,//.*,,' "$file" | grep -noE '\bP?MPI_[A-Z][a-z][A-Za-z_]*' | while IFS=: read -r line call; do
      case "${call#*MPI_}" in Comm | Request | Status | Datatype | Group | Win | Aint) continue ;; esac
      for name in $names; do [ "MPI_$name" = "$call" ] && continue 2; done
      echo "$file:$line: $call"
    done
  done
}

# The check itself: each of these must be found, wherever it is added.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/src/comm" "$scratch/src/foreign" "$scratch/include"
for call in Wait Waitall Send Recv Sendrecv Probe Barrier Bcast Allreduce Allgather Win_fence Comm_split Ibarrier; do
  for file in src/comm/a.cpp src/foreign/mpi.cpp include/a.hpp; do
    echo "  rc = MPI_$call (1);" > "$scratch/$file"
    [ -n "$(forbidden_calls "$scratch")" ] || { echo "self-check: MPI_$call in $file was not found"; exit 1; }
    rm "$scratch/$file"
  done
done
echo 'auto* wait = &MPI_Comm_dup;' > "$scratch/src/comm/a.cpp"
[ -n "$(forbidden_calls "$scratch")" ] || { echo "self-check: MPI_Comm_dup outside start-up was not found"; exit 1; }
echo 'MPI_Isend(1);  // never MPI_Send(1)' > "$scratch/src/comm/a.cpp"
[ -z "$(forbidden_calls "$scratch")" ] || { echo "self-check: a comment or an allowed call was found"; exit 1; }

found=$(forbidden_calls "$root")
[ -z "$found" ] && exit 0
echo "MPI calls that may wait for ever, or are not known to be harmless (lists at the top of $0):"
echo "$found"
exit 1
