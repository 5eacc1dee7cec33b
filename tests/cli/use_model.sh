#!/usr/bin/env bash
# Aim: a trained model is evaluated and used from the command line, and says what does not fit.
# Method: train four small silos, compare with the run's own table, with numpy's arithmetic on the same file, and with each other.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=tests/cli/federation.sh
source ./federation.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
make_federation "$scratch" 3
cd "$scratch"
"$CROSSILO_BIN" train small.ini --np 1 --simulate > train.log 2>&1 || fail "train: $(cat train.log)"

"$CROSSILO_BIN" evaluate runs/small-1 data/*.h5 --train_rows --json > evaluation.json || fail "evaluate"
"$CROSSILO_BIN" evaluate runs/small-1/model/global.safetensors data/a.h5 > table.txt || fail "evaluate one"
grep -q "data/a.h5  test " table.txt || fail "$(cat table.txt)"
grep -q "^all" table.txt && fail "a line of all for one file"
exit_code_of "$CROSSILO_BIN" evaluate runs/small-1 all.csv
expect_code 4
expect_text "all.csv: a CSV is not a silo file; use crossilo predict"
[ -z "${CROSSILO_PYTHON:-}" ] || "$CROSSILO_PYTHON" - <<'PY' || fail "evaluate differs from the run's own table"
import json
comparison, rows = json.load(open("runs/small-1/comparison.json")), json.load(open("evaluation.json"))
tests = [row for row in rows if row["set"] == "test"]
assert len(tests) == 5 and len(rows) == 9
assert tests[-1]["file"] == "all" and tests[-1]["rows"] == sum(row["rows"] for row in tests[:-1])
mean = sum(row["rows"] * row["loss"] for row in tests[:-1]) / tests[-1]["rows"]
assert abs(tests[-1]["loss"] - mean) < 1e-6, (tests[-1], mean)
for row, cell in zip(tests, comparison["federated"]):
    assert abs(row["auc"] - cell["auc"]) < 1e-12 and abs(row["auc_low"] - cell["low"]) < 1e-12, (row, cell)
    assert 0.5 < row["accuracy"] <= 1 and 0 < row["loss"] < 0.7, row
PY

# Rows by name: columns in another order, a column that is not the model's, a missing mark, an unknown category.
printf 'smoker,extra,dose,age\nyes,1,4.5,66\nno,2,?,41\n' > patients.csv
"$CROSSILO_BIN" predict runs/small-1 patients.csv --missing 'dose=?' -o out.csv || fail "predict"
[ "$(head -n 1 out.csv)" = "row,prediction,probability ill <= 0,probability ill > 0" ] || fail "$(cat out.csv)"
"$CROSSILO_BIN" predict runs/small-1 patients.csv --missing_mark '?' | cmp - out.csv || fail "screen and file differ"
if [ -n "${CROSSILO_PYTHON:-}" ]; then
  "$CROSSILO_PYTHON" - <<'PY' || fail "predict differs from numpy"
import csv, json
import numpy as np
from safetensors import safe_open
with safe_open("runs/small-1/model/global.safetensors", "np") as model:
    meta, weight, bias = model.metadata(), model.get_tensor("weight"), model.get_tensor("bias")
assert json.loads(meta["features"]) == ["age", "dose", "smoker=no", "smoker=yes"], meta["features"]
mean, deviation = (np.array(json.loads(meta[key])) for key in ("scaling_mean", "scaling_standard_deviation"))
x = np.array([[66, 4.5, 0, 1], [41, np.nan, 1, 0]])
p = 1 / (1 + np.exp(-(np.nan_to_num((x - mean) / deviation, nan=0.0) @ weight.T + bias)))[:, 0]
rows = list(csv.DictReader(open("out.csv")))
for i, row in enumerate(rows):
    assert row["row"] == str(i + 1) and abs(float(row["probability ill > 0"]) - p[i]) < 1e-5, (row, p[i])
    assert row["prediction"] == ("ill > 0" if p[i] > 0.5 else "ill <= 0")
PY
fi
printf 'id,smoker,dose,age\n"p, 1",yes,4.5,66\np2,no,?,41\n' > named.csv
"$CROSSILO_BIN" predict runs/small-1 named.csv --missing_mark '?' --keep id,smoker -o named-out.csv || fail "predict --keep"
[ "$(head -n 2 named-out.csv | cut -d , -f 1-5)" = $'row,id,smoker,prediction,probability ill <= 0\n1,"p, 1",yes,'"$(sed -n '2s/^1,\([^,]*\),.*/\1/p' out.csv)" ] || fail "$(cat named-out.csv)"
exit_code_of "$CROSSILO_BIN" predict runs/small-1 data/a.h5 --keep id
expect_code 2
expect_text 'a silo file, which has features alone'
exit_code_of "$CROSSILO_BIN" predict runs/small-1 named.csv --missing_mark '?' --keep name
expect_code 4
expect_text 'has no column name'
exit_code_of "$CROSSILO_BIN" predict runs/small-1 named.csv --missing_mark '?' -o ./named.csv
expect_code 2
expect_text 'is the file that is read'
lines=$("$CROSSILO_BIN" predict runs/small-1 data/a.h5 | wc -l)
[ "$lines" = 81 ] || fail "$lines lines for the 80 rows of a silo file"

exit_code_of "$CROSSILO_BIN" predict runs/small-1 patients.csv
expect_code 4
expect_text 'patients.csv:3: column dose: "?" found, a number is wanted'
printf 'smoker,age,dose\nmaybe,50,1\n' > odd.csv
exit_code_of "$CROSSILO_BIN" predict runs/small-1 odd.csv
expect_code 4
expect_text 'odd.csv:2: column smoker: "maybe" found, one of no, yes is wanted'
printf 'smoker,age\nno,50\n' > few.csv
exit_code_of "$CROSSILO_BIN" predict runs/small-1 few.csv
expect_code 4
expect_text 'column dose is missing'
exit_code_of "$CROSSILO_BIN" predict runs/small-1 patients.csv --missing_mark '?' -o no/such/folder/out.csv
expect_code 9
mkdir -p runs/killed-1/ranks
exit_code_of "$CROSSILO_BIN" evaluate runs/killed-1 data/a.h5
expect_code 4
expect_text "runs/killed-1: this run left no model: it is still under way, or was killed"
echo '{"exit_code": 5, "text": "silo b died in round 2", "silo": "b"}' > runs/killed-1/outcome.json
exit_code_of "$CROSSILO_BIN" evaluate runs/killed-1 data/a.h5
expect_code 4
expect_text "this run left no model: a silo was lost: silo b died in round 2"
exit_code_of "$CROSSILO_BIN" evaluate runs/small-1
expect_code 2
expect_text 'no FILE is given'
exit_code_of "$CROSSILO_BIN" evaluate runs/none data/a.h5
expect_code 9
exit_code_of "$CROSSILO_BIN" model check patients.csv --features 3
expect_code 2
expect_text 'does not begin like an archive'
exit_code_of "$CROSSILO_BIN" model check patients.csv
expect_code 2
expect_text 'one of --data, --features and --sample_shape is wanted'
for help in evaluate predict 'model check' 'model template'; do
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" $help --help
  expect_code 0
  expect_text 'Example: crossilo'
  [ "$(wc -l <<< "$output")" -le 24 ] || fail "$help --help does not fit a screen"
done
