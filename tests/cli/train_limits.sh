#!/usr/bin/env bash
# Aim: runs at the edge end well or say why: a diverging one, silos too small to hold rows back, a regression, odd rows.
# Method: real runs on data made for each case; exit codes, texts and the saved model.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 8

# The value of key $1 in the metadata of model file $2.
metadata() {
  python3 -c 'import json,struct,sys
raw = open(sys.argv[2], "rb").read()
print(json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"][sys.argv[1]])' "$1" "$2"
}

# 1: steps so large that no delta is finite
sed 's/^learning_rate .*/learning_rate = 1e39/' small.ini > diverging.ini
exit_code_of "$CROSSILO_BIN" train diverging.ini --np 4
expect_code 7
expect_text "is not finite"
expect_text "train.learning_rate"

# and so large that all are clamped: it is said; on labels that nothing foretells, the untrained model stays the best
awk -F, -v OFS=, 'NR > 1 { $5 = NR % 2 } 1' all.csv > coin.csv
"$CROSSILO_BIN" data import --csv coin.csv --silo_column site --missing 'dose=?' --categorical 'smoker=no|yes' \
  --label 'ill > 0' --test_fraction 0.25 --seed 1 --origin 'made by a test' --output "coin/{silo}.h5" > import.log
sed -e "s|^path .*|path = coin/{silo}.h5|" -e 's/^learning_rate .*/learning_rate = 1e9/' -e 's/^batch_size .*/batch_size = 1000/' \
  small.ini > clamped.ini
exit_code_of "$CROSSILO_BIN" train clamped.ini --np 4
expect_code 0
expect_text "were clamped"
expect_text "in 8 of 8 rounds parameters were clamped"
[ "$(grep -c 'lay beyond the bound' <<< "$output")" = 3 ] || fail "three rounds are shown, the others stand in the log: $output"
expect_text "no round did better"

# 2: two rows a silo: nothing is held back, so the last model is the best one
awk -F, 'NR == 1 || (count[$1]++ < 3)' all.csv > few.csv
"$CROSSILO_BIN" data import --csv few.csv --silo_column site --missing 'dose=?' --categorical 'smoker=no|yes' \
  --label 'ill > 0' --test_fraction 0.3 --seed 1 --origin 'made by a test' --output "few/{silo}.h5" > import.log
sed "s|^path .*|path = few/{silo}.h5|" small.ini > few.ini
exit_code_of "$CROSSILO_BIN" train few.ini --np 4
expect_code 0
expect_text "too few to rank"
[ "$(metadata round runs/small-3/model/global.safetensors)" = 8 ] || fail "without held-back rows the last model is best"

# 3: a regression: no accuracy is claimed
"$CROSSILO_BIN" data import --csv all.csv --silo_column site --missing 'dose=?' --categorical 'smoker=no|yes' \
  --task regression --label age --test_fraction 0.25 --seed 1 --origin 'made by a test' --output "age/{silo}.h5" > import.log
sed -e "s|^path .*|path = age/{silo}.h5|" -e 's/^name = logreg/name = linreg/' small.ini > age.ini
exit_code_of "$CROSSILO_BIN" train age.ini --np 4
expect_code 0
expect_text "federated minus pooled, RMSE on all rows"
expect_text "RMSE on test rows"
expect_text "R² on test rows"
expect_text "rmse "
python3 - <<'PY' || fail "an age is known to within 20 years, and its error is told in years"
import json
held_back = json.loads(open("runs/small-4/metrics.jsonl").readlines()[-1])["held_back_rmse"]
cell = json.load(open("runs/small-4/comparison.json"))["federated"][-1]
assert 2 < held_back < 20 and 2 < cell["rmse"] < 20 and cell["r_squared"] < 1, (held_back, cell)
PY
if grep -q accuracy <<< "$output"; then fail "a regression has no accuracy: $output"; fi
[ "$(metadata task runs/small-4/model/global.safetensors)" = regression ] || fail "task is missing in the model"

# one silo has rows that no model learns from: it abstains and says so, and a baseline that diverges leaves a reason
awk -F, -v OFS=, '$1 == "d" && ++seen <= 4 { $3 = 1000000 } { print }' all.csv > far.csv
"$CROSSILO_BIN" data import --csv far.csv --silo_column site --missing 'dose=?' --categorical 'smoker=no|yes' \
  --task regression --label age --test_fraction 0.25 --seed 1 --origin 'made by a test' --output "far/{silo}.h5" > import.log
sed "s|^path .*|path = far/{silo}.h5|" age.ini > far.ini
exit_code_of "$CROSSILO_BIN" train far.ini --np 4 --run.name far --run.rounds 5 --train.learning_rate 0.3 --train.local_epochs 40
expect_code 0
expect_text "warning: round 1: silo d: its model delta is not finite, so it abstained"
expect_text "warning: round 3: 1 of 4 silos abstained, their model delta is not finite; later rounds stand in the log alone"
expect_text "training on all rows in one place diverged"
[ "$(grep -c 'warning silo d, round [0-9]*: silo d: its model delta' runs/far-1/logs/d.log)" = 5 ] || fail "$(cat runs/far-1/logs/d.log)"
if grep -q "silo d: its model delta" runs/far-1/logs/[abc].log; then fail "another silo's log tells of silo d"; fi
grep -q "model before training" runs/far-1/report.html || fail "the page does not say that the model learned nothing"

# 4: fewer rows than a batch, one row alone, none to test on, the same row again and again, rows sorted by label
awk 'BEGIN {
  print "site,age,dose,smoker,ill"
  print "a,40,1,no,0"
  for (i = 0; i < 7; ++i) printf "b,%d,2,yes,%d\n", 30 + 5 * i, i % 2
  for (i = 0; i < 40; ++i) print "c,55,3,no,1"
  for (i = 0; i < 40; ++i) printf "d,%d,4,yes,%d\n", 30 + i, (i >= 20)
}' > odd.csv
"$CROSSILO_BIN" data import --csv odd.csv --silo_column site --categorical 'smoker=no|yes' --label 'ill > 0' \
  --test_fraction 0 --seed 1 --origin 'made by a test' --output "odd/{silo}.h5" > import.log
sed "s|^path .*|path = odd/{silo}.h5|" small.ini > odd.ini
for batch in 16 1000; do
  exit_code_of "$CROSSILO_BIN" train odd.ini --np 4 --train.batch_size "$batch"
  expect_code 0
  expect_text "no test rows"
  if grep -qiE '\b(nan|inf)\b' <<< "$output"; then fail "a number is none: $output"; fi
done

# 5: with steps instead of epochs, pooled training takes as many a round as the silos together, whatever they are called
grep -v '^local_epochs' small.ini > steps.ini
for case in "3 0" "4 3"; do
  read -r steps silos <<< "$case"
  "$CROSSILO_BIN" train steps.ini --np 2 --simulate --train.local_steps "$steps" --algorithm.silos_per_round "$silos" \
    --run.name "steps$steps" > train.log
done
python3 - <<'PY' || fail "12 steps a round both times, so the pooled models are equal"
import json
runs = [json.load(open(f"runs/steps{steps}-1/comparison.json")) for steps in (3, 4)]
assert runs[0]["pooled"] == runs[1]["pooled"] and runs[0]["own"] != runs[1]["own"], runs
PY
