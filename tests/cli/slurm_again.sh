#!/usr/bin/env bash
# Aim: what a batch job asks after a lost silo is answered by the rules of --np: the same command, one without the silo that is
# lost again or whose host is gone, or the end of the run, which its folder says, too.
# Method: a real run loses a silo; its folder is then asked about with made-up hosts. tests/testcluster has the real jobs.
set -euo pipefail
set -m
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
in_new_federation 100000

config=small.ini start
await_checkpoint runs/small-1 10
kill -KILL "$(awk '$1 == "pid" { print $2 }' runs/small-1/ranks/2)"
end
expect_code 5
host=$(hostname | cut -d . -f 1)
cp -r runs/small-1 lost

# The next start of that job goes on in its folder, though the first was told to begin a run, and says where it is.
echo "resume runs/small-1" > note
exit_code_of env CROSSILO_START_NOTE=note "${MPIEXEC:-mpirun}" --oversubscribe -n 4 "$CROSSILO_BIN" train small.ini --resume never --max_hours 0.0001
[ "$(sed -n 's/^folder //p' note)" = runs/small-1 ] || fail "another folder: $(cat note; ls runs)"
[ "$(sed -n 's/^from_round //p' note)" -ge 10 ] || fail "from the beginning: $(cat note)"
[ "$(ls runs)" = small-1 ] || fail "a run was begun: $(ls runs)"
# A start that is refused has no folder, and says its code.
(flock 9 && exec sleep 30) 9>> runs/small-1/lock &
holder=$!
rm -f note
exit_code_of env CROSSILO_START_NOTE=note "${MPIEXEC:-mpirun}" --oversubscribe -n 4 "$CROSSILO_BIN" train small.ini --resume runs/small-1
kill "$holder"
grep -qx "exit_code 9" note || fail "its code is not told: $(cat note)"
! grep -q folder note || fail "the folder of a run that lives: $(cat note)"

# again NAME HOSTS ARGUMENT…: asks about a copy of that folder, as the job NAME.
again() {
  local name=$1 hosts=$2
  shift 2
  rm -rf asked
  cp -r lost asked
  exit_code_of "$CROSSILO_BIN" slurm again --ends "ends-$name" --run_folder asked --status 137 --hosts "$hosts" \
    -- srun --mpi=pmix "$CROSSILO_BIN" train small.ini "$@"
}
# prints SECONDS WORD…: those are the answer; the warnings on the way there are not looked at.
prints() {
  local words
  words=$(printf '%s\n' "$@")
  [[ $output == *"$words" ]] || fail "expected: $words; found: $output"
}
start_words=(--mpi=pmix "$CROSSILO_BIN" train small.ini)

# the same command, after pauses that grow, until the limit
rules=(--run.relaunches_max 2)
again same "$host:4" "${rules[@]}"
expect_code 0
expect_text "; started again in 1 s (1 of at most 2 times in a row)"
prints 1 srun "${start_words[@]}" "${rules[@]}"
python3 -c 'import json; assert [one["missing_silos"] for one in json.load(open("asked/manifest.json"))["relaunches"]] == [[]]' || fail "not in the manifest"
again same "$host:4" "${rules[@]}"
prints 2 srun "${start_words[@]}" "${rules[@]}"
again same "$host:4" "${rules[@]}"
expect_code 5
expect_text "Silo c does not come back; run.min_silos says"
grep -q "without a new finished round" asked/outcome.json || fail "the folder does not say so: $(cat asked/outcome.json)"

# lost again: without it, in one place less
rules=(--run.relaunches_max 3 --run.min_silos 3)
again fewer "$host:4" "${rules[@]}"
prints 1 srun "${start_words[@]}" "${rules[@]}"
again fewer "$host:4" "${rules[@]}"
expect_text "without silo c"
prints 2 srun --mpi=pmix --nodes=1 --ntasks=3 --distribution=arbitrary "--nodelist=$host,$host,$host" "${start_words[@]:1}" "${rules[@]}" --without_silos c
python3 -c 'import json; assert [one["missing_silos"] for one in json.load(open("asked/manifest.json"))["relaunches"]] == [["c"]]' || fail "not in the manifest"

# its host is gone, and another has room for three: the last silo has no place; no host has room
again three "$host:0,other:3" "${rules[@]}"
prints 1 srun --mpi=pmix --nodes=1 --ntasks=3 --distribution=arbitrary --nodelist=other,other,other "${start_words[@]:1}" "${rules[@]}" --without_silos d
again none "$host:0,other:2" "${rules[@]}"
expect_code 5
expect_text "silo c, d has no place any more"
grep -q "has no place any more" asked/outcome.json || fail "the folder does not say so: $(cat asked/outcome.json)"

# silo c is left out already when its host is gone, with that of d: there is room for the three others. Behind a new
# finished round it comes back, and d is the last of four
lost_on_two_hosts() {
  sed -i 's/^host .*/host gone/' lost/ranks/{2,3}
  [ -z "${1:-}" ] || for rank in lost/ranks/*; do echo "round $1" >> "$rank"; done
}
cp -r lost as_it_was
lost_on_two_hosts
again fewer "$host:3,gone:0" "${rules[@]}"
prints 4 srun --mpi=pmix --nodes=1 --ntasks=3 --distribution=arbitrary "--nodelist=$host,$host,$host" "${start_words[@]:1}" "${rules[@]}" --without_silos c
lost_on_two_hosts 999999
again fewer "$host:3,gone:0" "${rules[@]}"
prints 1 srun --mpi=pmix --nodes=1 --ntasks=3 --distribution=arbitrary "--nodelist=$host,$host,$host" "${start_words[@]:1}" "${rules[@]}" --without_silos d
rm -r lost
mv as_it_was lost

# another host has room for all, but is at another site
again sites "$host:0,other:4" "${rules[@]}" --topology.sites_from hosts --topology.hosts "a: $host; b: other"
expect_code 5
expect_text "silo a, b, c, d has no place any more"

printf '%s\n' "a north" "b north" "c north" "d north" "other south" > sites
again sites-file "$host:0,other:4" "${rules[@]}" --topology.sites_from file --topology.file sites
expect_code 5
expect_text "silo a, b, c, d has no place any more"
again sites-env "$host:0,other:4" "${rules[@]}" --topology.sites_from env
expect_code 5
expect_text "silo a, b, c, d has no place any more"
again sites-env "$host:4,other:0" "${rules[@]}" --topology.sites_from env
expect_code 0

# no folder: the ranks died while MPI started
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-none --hosts "$host:4" -- srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 1
prints 1 srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 1
# and a host is gone: all go where there is room, without whom there is none, or nobody does
without_folder() { # NAME HOSTS ARGUMENT…
  exit_code_of "$CROSSILO_BIN" slurm again --ends "ends-$1" --hosts "$2" -- srun "$CROSSILO_BIN" train small.ini "${@:3}"
}
without_folder none-gone a1:4,a2:0 --run.relaunches_max 1
expect_code 0
prints 1 srun --nodes=1 --ntasks=4 --distribution=arbitrary --nodelist=a1,a1,a1,a1 "$CROSSILO_BIN" train small.ini --run.relaunches_max 1
without_folder none-few a1:3,a2:0 "${rules[@]}"
prints 1 srun --nodes=1 --ntasks=3 --distribution=arbitrary --nodelist=a1,a1,a1 "$CROSSILO_BIN" train small.ini "${rules[@]}" --without_silos d
without_folder none-room a1:2,a2:0 "${rules[@]}"
expect_code 5
expect_text "silo c, d has no place any more: a host does not answer"
export SLURM_TASKS_PER_NODE_HET_GROUP_0="1(x2)" SLURM_TASKS_PER_NODE_HET_GROUP_1=2
without_folder none-het "a1:4,a2:0;b1:1" "${rules[@]}"
prints 1 srun --het-group=0 --nodes=1 --ntasks=2 --distribution=arbitrary --nodelist=a1,a1 "$CROSSILO_BIN" train small.ini "${rules[@]}" --without_silos d : \
  --het-group=1 --nodes=1 --ntasks=1 --distribution=arbitrary --nodelist=b1 "$CROSSILO_BIN" train small.ini "${rules[@]}" --without_silos d
unset SLURM_TASKS_PER_NODE_HET_GROUP_0 SLURM_TASKS_PER_NODE_HET_GROUP_1
# a later start that has no folder: its silos were where those of the start before were
again later "$host:4,other:4" "${rules[@]}"
without_folder later "$host:4,other:4,third:0" "${rules[@]}"
prints 2 srun --nodes=1 --ntasks=4 --distribution=arbitrary "--nodelist=$host,$host,$host,$host" "$CROSSILO_BIN" train small.ini "${rules[@]}"
without_folder later "other:4,$host:0" "${rules[@]}" --topology.sites_from hosts --topology.hosts "a: $host; b: other"
expect_code 5
expect_text "silo a, b, c, d has no place any more"

# nobody knows where c was but that it is between b and d, which are of one site; without b that is no longer known
echo '{"exit_code": 5, "silo": "", "is_of_a_rank": false, "from": 0, "finished": 0, "displaced": [], "hosts": {"a": "a1", "b": "b1", "d": "c1"}}' > ends-between
without_folder between "a1:1;b1:0;c1:3" "${rules[@]}" --topology.sites_from hosts --topology.hosts "x: a1; y: b1, c1"
expect_code 5
expect_text "silo b, c has no place any more"
[ "$(wc -l < ends-between)" = 1 ] || fail "a start was noted that never was"

# two of four ranks had begun
mkdir -p runs/half/{ranks,logs,model}
cp lost/ranks/{1,3} runs/half/ranks/
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-half --run_folder runs/half --hosts "$host:0,other:4" -- srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 2
prints 1 srun --nodes=1 --ntasks=4 --distribution=arbitrary --nodelist=other,other,other,other "$CROSSILO_BIN" train small.ini --run.relaunches_max 2
rm -r runs/half

# lost while its rows were loaded: the next start begins in that folder, and its manifest tells of this one
mkdir -p runs/small-2/{ranks,logs,model}
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-early --run_folder runs/small-2 --hosts "$host:4" -- srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 1
prints 1 srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 1
[ -s runs/small-2/outcome.json ] || fail "the folder does not say so"
echo "begin runs/small-2" > note
exit_code_of env CROSSILO_START_NOTE=note "${MPIEXEC:-mpirun}" --oversubscribe -n 4 "$CROSSILO_BIN" train small.ini --max_hours 0.0001
expect_code 75
[ "$(echo runs/*)" = "runs/small-1 runs/small-2" ] || fail "it begins elsewhere: $(echo runs/*)"
[ ! -e runs/small-2/relaunches.json ] || fail "kept twice"
python3 -c 'import json; m = json.load(open("runs/small-2/manifest.json")); assert len(m["starts"]) == 1 and "code 137" in m["relaunches"][0]["why"], m' ||
  fail "not in the manifest"

# a run that lives: another job's, whose folder this one was refused
rm -rf asked
cp -r lost asked
rm -f asked/outcome.json
(flock 9 && exec sleep 30) 9>> asked/lock &
holder=$!
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-lives --run_folder asked --hosts "$host:4" -- srun "$CROSSILO_BIN" train small.ini
kill "$holder"
expect_code 9
expect_text "works in it"
if [ -e asked/outcome.json ] || [ -e ends-lives ]; then fail "a living run was told how it ended"; fi

# no rank could write down its end, since the disk is full: that is no lost silo
mkdir full
cp -r lost/ranks full/
for rank in full/ranks/*; do echo finished >> "$rank"; done
echo '{"exit_code": 5, "silo": "c", "is_of_a_rank": true, "from": 0, "finished": 0, "displaced": [], "hosts": {}}' > ends-full
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-full --run_folder full --status 9 --hosts "$host:4" -- srun "$CROSSILO_BIN" train small.ini --run.relaunches_max 3
expect_code 9
grep -q '"exit_code": 9' full/outcome.json || fail "$(cat full/outcome.json)"

# all ranks of a start without silo c were killed together: none of them is to blame
mkdir -p killed/ranks
for rank in 0 1 3; do sed '/^finished/d; /^T/d' "lost/ranks/$rank" > "killed/ranks/$rank"; done
echo '{"exit_code": 5, "silo": "c", "is_of_a_rank": true, "from": 0, "finished": 0, "displaced": ["c"], "hosts": {}}' > ends-killed
exit_code_of "$CROSSILO_BIN" slurm again --ends ends-killed --run_folder killed --status 137 --hosts "$host:4" -- srun "$CROSSILO_BIN" train small.ini "${rules[@]}"
expect_code 0
expect_text "all silos were ended from outside"
grep -q '"silo": ""' killed/outcome.json || fail "$(cat killed/outcome.json)"

for words in "--ends x -- srun" "-- srun crossilo train small.ini" "--ends x --hosts a1 -- srun crossilo train small.ini" \
  "--ends x --run_folder asked --status many -- srun crossilo train small.ini"; do
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" slurm again $words
  expect_code 2
done
