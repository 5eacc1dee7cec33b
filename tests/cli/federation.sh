# Shared by the end-to-end tests: makes four small silos from a CSV and a configuration. Source it; call
#   make_federation FOLDER [ROUNDS], or in_new_federation [ROUNDS], in a folder of the test's own
# Needs CROSSILO_BIN. Leaves FOLDER/data/{a,b,c,d}.h5 and FOLDER/small.ini.
# shellcheck shell=bash

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

make_federation() {
  local folder=$1 rounds=${2:-5}
  mkdir -p "$folder"
  awk 'BEGIN {
    srand(3); print "site,age,dose,smoker,ill"
    split("a b c d", site, " ")
    for (s = 1; s <= 4; ++s) for (i = 0; i < 60 + 20 * s; ++i) {
      age = 30 + 40 * rand(); dose = (rand() < 0.1) ? "?" : 5 * rand(); smoker = rand() < 0.3 ? "yes" : "no"
      score = (age - 50) / 10 + (dose == "?" ? 0 : dose - 2.5) + (smoker == "yes") + 2 * rand() - 1 + s / 4 - 0.6
      printf "%s,%.1f,%s,%s,%d\n", site[s], age, dose, smoker, (score > 0)
    } }' > "$folder/all.csv"
  "$CROSSILO_BIN" data import --csv "$folder/all.csv" --silo_column site --missing 'dose=?' \
    --categorical 'smoker=no|yes' --label 'ill > 0' --test_fraction 0.25 --seed 1 --origin 'made by a test' \
    --output "$folder/data/{silo}.h5" > "$folder/import.log" || fail "import: $(cat "$folder/import.log")"
  cat > "$folder/small.ini" <<INI
[run]
name = small
silos = a, b, c, d
rounds = $rounds
seed = 1
one_machine = true
peer_seconds_max = 10
relaunches_max = 0

[data]
path = $folder/data/{silo}.h5
private_folder = $folder/private/{silo}

[model]
name = logreg

[train]
optimizer = sgd
learning_rate = 0.05
momentum = 0.9
batch_size = 16
local_epochs = 1

[algorithm]
name = fedavg
INI
}

# Goes into a folder that ends with the test, $folder, with a federation in it.
in_new_federation() { # [ROUNDS]
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  make_federation "$folder" "$@"
  cd "$folder" || exit 1
}

# exit_code_of COMMAND…: runs it, keeps its output in $output, its exit code in $code.
exit_code_of() {
  code=0
  output=$("$@" 2>&1) || code=$?
}

expect_code() {
  [ "$code" = "$1" ] || fail "exit code $code, $1 expected; it said: $output"
}

expect_text() {
  grep -qF -- "$1" <<< "$output" || fail "\"$1\" expected in: $output"
}

# expect_same_model RUN RUN MODEL: bit for bit, whatever is said beside the tensors.
expect_same_model() {
  python3 - "$@" <<'PY' || fail "$2/model/$3.safetensors differs from that of $1"
import json, struct, sys
def tensors(run):
    raw = open(f"{run}/model/{sys.argv[3]}.safetensors", "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__", None)
    return header, raw[8 + size:]
sys.exit(tensors(sys.argv[1]) != tensors(sys.argv[2]))
PY
}
