#!/usr/bin/env bash
# Aim: crossilo plan says what training will do, trains nothing, and refuses what training would refuse.
# Method: real runs on four small silos: its numbers against those of a run, every layer of settings, exit codes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 3
before=$(find . | sort)

# field JSON_FILE EXPRESSION: a value of a plan, j being the plan
field() {
  python3 -c 'import json,sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

# 1: what it says of the settings, and that it leaves nothing behind
exit_code_of "$CROSSILO_BIN" plan small.ini
expect_code 0
expect_text "small.ini:18"
expect_text "logreg, 5 parameters"
expect_text "payload of a round"
[ "$before" = "$(find . | sort)" ] || fail "plan left something behind"

# 2: its bytes are those of a run: the mean over the ranks, since shards of a small payload are uneven
"$CROSSILO_BIN" plan small.ini --json > plan.json
"$CROSSILO_BIN" train small.ini --np 4 > train.log
sent=$(python3 -c 'import json; print(json.loads(open("runs/small-1/metrics.jsonl").readlines()[-1])["bytes_sent"])')
[ "$(field plan.json "abs($sent - j['bytes_of_a_silo']['sent_in_a_round']) <= 24")" = True ] ||
  fail "the plan says $(field plan.json "j['bytes_of_a_silo']"), the first rank sent $sent"
grep -q "5 parameters" train.log || fail "another model was trained"

[ "$(field plan.json "j['leaves_a_silo'][1]['bytes']")" = 192 ] ||
  fail "4 columns with 5 sums each, 2 classes, 2 parts: 24 numbers leave before the first round"

for text in "fingerprint of the model, wish to stop" "hashes of settings and columns"; do
  grep -qF "$text" plan.json || fail "what leaves: $text is missing"
done

# 3: command line over environment over own file over shared file
printf '[run]\nsilo = b\n[data]\npath = data/{silo}.h5\n' > own.ini
CROSSILO_TRAIN_MOMENTUM=0.5 CROSSILO_RUN_SEED=7 "$CROSSILO_BIN" plan small.ini --own_config own.ini --run.seed 8 \
  --privacy.lane_bits 8 --json > plan.json
[ "$(field plan.json "[j['settings'][k]['origin'] for k in
    ('data.path', 'train.momentum', 'run.seed', 'train.learning_rate', 'train.schedule')]")" = \
  "['own.ini:4', 'CROSSILO_TRAIN_MOMENTUM', '--run.seed', 'small.ini:19', 'default']" ] || fail "origins: $(cat plan.json)"
[ "$(field plan.json "j['settings']['run.seed']['value']")" = 8 ] || fail "the command line must decide"
[ "$(field plan.json "j['bytes_of_a_silo']['first_payload'] - j['bytes_of_a_silo']['payload']")" = 12 ] ||
  fail "8 bits: 2 words instead of 5"

# 4: every mistake of every layer at once
exit_code_of env CROSSILO_TRAIN_MOMENTM=1 "$CROSSILO_BIN" plan small.ini --train.batch_size 0 --train.adam_beta1 0.5
expect_code 2
expect_text "did you mean CROSSILO_TRAIN_MOMENTUM?"
expect_text '--train.batch_size: train.batch_size = "0"'
expect_text "train.adam_beta1: is read only with train.optimizer = adam | adamw"
expect_text "3 errors in the environment and the command line, nothing was started"
exit_code_of "$CROSSILO_BIN" plan small.ini --train.batchsize 1
expect_code 2
expect_text "did you mean --train.batch_size?"
exit_code_of "$CROSSILO_BIN" plan small.ini --model.name linreg
expect_code 2
expect_text "model.name = logreg or mlp fits"

# 4b: a model for no machine: its size is told, and none of it is built
exit_code_of "$CROSSILO_BIN" plan small.ini --model.name mlp --model.hidden 200000,200000
expect_code 3
expect_text "mlp, 40001400001 parameters"
expect_text "memory of a rank with one silo: about "
expect_text "40001400001 parameters want 480.0 GB to be built, and "
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --model.name mlp --model.hidden 200000,200000
expect_code 3
expect_text "GB of memory are free; choose narrower layers"

# 4c: with several sites more is under way at a time, and in memory: all of this model, twice
large=(small.ini --model.name mlp --model.hidden "2000,2000" --json)
"$CROSSILO_BIN" plan "${large[@]}" > plan.json
[ "$(field plan.json "j['estimated_memory_bytes']['sum']")" = $((8 << 20)) ] || fail "one site: $(cat plan.json)"
printf 'a,b north\nc,d south\n' > sites.txt
for sites in "hosts --topology.hosts north:n1;south:n2" "file --topology.file sites.txt" het env; do
  # shellcheck disable=SC2086 # words of options
  "$CROSSILO_BIN" plan "${large[@]}" --topology.sites_from $sites > plan.json
  [ "$(field plan.json "j['estimated_memory_bytes']['sum'] == 8 * j['model']['parameters']")" = True ] ||
    fail "sites of $sites: $(cat plan.json)"
done
"$CROSSILO_BIN" plan "${large[@]}" --topology.sites_from hosts --topology.hosts "north: n[1-4]" > plan.json
[ "$(field plan.json "j['estimated_memory_bytes']['sum']")" = $((8 << 20)) ] || fail "a list of one site: $(cat plan.json)"

# 5: several machines: only the own silo's file is looked at, once it is known which that is
sed 's/^one_machine = true/one_machine = false/' small.ini > apart.ini
exit_code_of "$CROSSILO_BIN" plan apart.ini
expect_code 0
expect_text "which silo is this?"
CROSSILO_SILO=c "$CROSSILO_BIN" plan apart.ini --json > plan.json
[ "$(field plan.json "[s['name'] for s in j['silos']]")" = "['c']" ] || fail "another silo's file was read"
exit_code_of env CROSSILO_SILO=e "$CROSSILO_BIN" plan apart.ini
expect_code 3
expect_text "run.silo = e is not in run.silos (a, b, c, d)"

# 6: files that would stop a run, all of them, after what is known in spite of them
mv data/a.h5 a.h5
echo nonsense > data/d.h5
exit_code_of "$CROSSILO_BIN" plan small.ini
expect_code 4
expect_text "logreg, 5 parameters"
expect_text "silo a: $folder/data/a.h5: no such file"
expect_text "silo d: $folder/data/d.h5"
