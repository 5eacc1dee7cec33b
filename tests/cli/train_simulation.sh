#!/usr/bin/env bash
# Aim: a simulation of many more silos than ranks makes one model, whatever the number of ranks, and says what it is.
# Method: eight and a hundred silos from one generated CSV, on 1, 2, 3 and 8 ranks; the saved models byte for byte.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# make_silos N: many-N.ini over N silos of 30 rows
make_silos() {
  awk -v silos="$1" 'BEGIN {
    srand(5); print "site,age,dose,ill"
    for (s = 1; s <= silos; ++s) for (i = 0; i < 30; ++i) {
      age = 30 + 40 * rand(); dose = 5 * rand()
      printf "s%d,%.1f,%.2f,%d\n", s, age, dose, ((age - 50) / 10 + dose - 2.5 + 2 * rand() - 1 > 0)
    } }' > "many-$1.csv"
  "$CROSSILO_BIN" data import --csv "many-$1.csv" --silo_column site --label 'ill > 0' --test_fraction 0.25 --seed 1 \
    --origin 'made by a test' --output "data-$1/{silo}.h5" > import.log || fail "import: $(cat import.log)"
  cat > "many-$1.ini" <<INI
[run]
name = many-$1
silos = $(seq -s ', ' -f 's%g' "$1")
rounds = 3
seed = 1
one_machine = true
peer_seconds_max = 30
[data]
path = data-$1/{silo}.h5
private_folder = private-$1/{silo}
[model]
name = logreg
[train]
learning_rate = 0.05
batch_size = 16
INI
}

# weights RUN: the digest of the last model's tensors, without what the file says of the run
weights() {
  python3 -c 'import hashlib, struct, sys
raw = open(sys.argv[1], "rb").read()
print(hashlib.sha256(raw[8 + struct.unpack("<Q", raw[:8])[0]:]).hexdigest())' "runs/$1/model/last.safetensors"
}

for silos in 8 100; do
  make_silos "$silos"
  run=0
  first=""
  for np in 1 2 3 8; do
    [ "$np" != 8 ] || [ "$silos" = 8 ] || continue
    run=$((run + 1))
    flag=(--simulate)
    [ "$np" != "$silos" ] || flag=()
    exit_code_of "$CROSSILO_BIN" train "many-$silos.ini" --np "$np" "${flag[@]}"
    expect_code 0
    expect_text "$silos silos on $np rank"
    case $np in
      1) expect_text "a simulation: nobody to hide from" ;;
      8) expect_text "what leaves a silo: one masked vector" ;;
      *) expect_text "a simulation: ranks that read several silos' files mask all the same" ;;
    esac
    expect_text "in all │ train"
    first=${first:-$(weights "many-$silos-$run")}
    [ "$(weights "many-$silos-$run")" = "$first" ] || fail "$silos silos on $np ranks make another model"
  done
done

# memory without baselines (each keeps models of its own): about a million parameters, one rank; ninety-two silos more are their rows alone (32-bit lanes keep no vector a silo)
# peak_memory SILOS: the most that one process held, in KiB
peak_memory() {
  "$CROSSILO_BIN" data synth --silos "$1" --seed 1 --output "synth-$1/{silo}.h5" > synth.log || fail "synth: $(cat synth.log)"
  {
    printf '[run]\nname = memory-%s\nrounds = 1\nseed = 1\none_machine = true\nbaselines = none\nsilos = ' "$1"
    (cd "synth-$1" && printf '%s\n' *.h5) | sed 's/\.h5$//' | paste -sd, | sed 's/,/, /g'
    printf '[data]\npath = synth-%s/{silo}.h5\nprivate_folder = private-%s/{silo}\n' "$1" "$1"
    printf '[model]\nname = mlp\nhidden = 950, 950\n[train]\nlearning_rate = 0.05\nbatch_size = 64\nlocal_steps = 1\n'
  } > "memory-$1.ini"
  python3 -c 'import resource, subprocess, sys
ran = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(ran.returncode)' "$CROSSILO_BIN" train "memory-$1.ini" --np 1 --simulate
}
few=$(peak_memory 8) || fail "8 silos do not train"
many=$(peak_memory 100) || fail "100 silos do not train"
echo "peak memory: 8 silos $((few / 1024)) MB, 100 silos $((many / 1024)) MB"
[ $((many * 10)) -lt $((few * 11)) ] || fail "100 silos take $many KiB, 8 take $few: it grows with their number"
