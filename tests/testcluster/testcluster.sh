#!/usr/bin/env bash
# Aim: the cluster comes up, is what it says, loses and regains a node, and leaves nothing behind; two do not meet.
# Method: two clusters at once; the least time that delay and rate allow; processes and devices counted before and after.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
devices_before=$(ip -o link | wc -l)

export CLUSTER_DELAY_MS=15 CLUSTER_RATE_MBIT=40 CLUSTER_QUEUE_KB=100
cluster up
exit_code_of cluster up
expect_code 3
expect_text "one is already up in $CLUSTER_FOLDER"
[ "$(cluster run srun -N 4 hostname | sort | paste -sd ' ')" = "a1 a2 b1 b2" ] || fail "four nodes with names of their own"
[ "$(cluster on b2 hostname)" = b2 ] || fail "on: another node"
[ "$(cluster run sinfo -h -p site_b -o %N)" = "b[1-2]" ] || fail "sites are no partitions"
exit_code_of cluster on b9 true
expect_text "b9: no such node"

# From site to site a connection takes at least a round trip, and 2 MB at least the time that the rate allows.
cat > transfer.py << 'PY'
import socket, sys, time
if sys.argv[1] == "serve":
    server = socket.create_server(("", 7000))
    open("listening", "w").close()
    connection = server.accept()[0]
    while connection.recv(65536): pass
    connection.sendall(b"x")
else:
    begun = time.monotonic()
    connection = socket.create_connection(("b1", 7000))
    connected = time.monotonic()
    connection.sendall(bytes(2_000_000))
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)
    print(int(1e3 * (connected - begun)), int(1e3 * (time.monotonic() - connected)))
PY
cluster on b1 python3 transfer.py serve &
wait_for 10 "a server on b1" test -e listening
read -r connect_ms send_ms < <(cluster on a1 python3 transfer.py send)
echo "a connection took $connect_ms ms (bound 30), 2 MB took $send_ms ms (bound 380)"
[ "$connect_ms" -ge 30 ] || fail "no delay: $connect_ms ms"
[ "$send_ms" -ge 380 ] || fail "no rate: $send_ms ms"

# A second cluster beside it: its Slurm has jobs of its own.
cluster run sbatch --wrap 'sleep 100' > /dev/null
CLUSTER_FOLDER=$folder/second SHAPED_LINK="" cluster up # which compiles its own
[ -z "$(CLUSTER_FOLDER=$folder/second cluster run squeue -h)" ] || fail "two clusters share a queue"
CLUSTER_FOLDER=$folder/second cluster down
[ "$(cluster run squeue -h | wc -l)" = 1 ] || fail "the end of one cluster disturbed the other"

# The sites lose each other, and find each other again.
reaches() { cluster on a1 timeout 5 bash -c 'exec 3<> /dev/tcp/b1/6818'; }
reaches || fail "a1 does not reach b1"
cluster link down
if reaches 2> /dev/null; then fail "the link is not down"; fi
cluster link up
wait_for 10 "the link is up again" reaches

# A node without power is one that does not answer; after its start it takes jobs again.
exit_code_of cluster boot b2
expect_text "node b2 is up"
cluster crash b2
for command in "crash b2" "on b2 true"; do
  # shellcheck disable=SC2086
  exit_code_of cluster $command
  expect_code 3
  expect_text "node b2 is not up"
done
cluster boot b2
wait_for 30 "b2 runs a job again" cluster run srun --immediate=1 -w b2 hostname

cluster run touch "$folder/here"
[ -e here ] || fail "the nodes have another file system"
cluster run sleep 1234 & # whatever runs in it ends with it
sleep 0.2
cluster down
[ ! -e "$CLUSTER_FOLDER" ] || fail "the folder is left"
if grep -lazE "^CLUSTER_FOLDER=$folder" /proc/[0-9]*/environ 2> /dev/null | grep -v "/proc/$$/"; then fail "processes are left"; fi
[ "$(ip -o link | wc -l)" = "$devices_before" ] || fail "a network device is left: $(ip -o link)"
exit_code_of cluster run true
expect_code 3
expect_text "start one with  slurm/testcluster.sh up"
cluster down # once more is no mistake

# Where it cannot be, it says why.
cp "$testcluster" "$folder/copy.sh"
chmod 755 "$folder" "$folder/copy.sh"
exit_code_of setpriv --reuid 65534 --regid 65534 --clear-groups env CLUSTER_FOLDER=/tmp/x "$folder/copy.sh" up
expect_code 3
expect_text "it needs root"
mkdir tools
for tool in bash sh id realpath dirname srun munged ip tc nsenter unshare slurmctld; do ln -s "$(command -v $tool)" tools/; done
exit_code_of env PATH="$folder/tools" "$testcluster" up
expect_code 3
expect_text "slurmd: not here; jobs/setup.sh installs the packages"
