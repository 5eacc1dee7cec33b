#!/usr/bin/env bash
# Aim: federating costs next to nothing on real data: RAND Health Insurance Experiment, six sites, five split seeds.
# Method: imports the rows with each seed, trains, reads the comparison of the run; mean of federated minus pooled AUC
# at least -0.01, each at least -0.02. Prints a table.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wheel=$repository/data/download/statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
if [ ! -s "$wheel" ] && ! timeout 120 "$repository/jobs/data_rand.sh" 1 "$folder/fetched" > "$folder/log" 2>&1 &&
  [ ! -s "$wheel" ]; then
  echo "skipped: the data are not here and cannot be fetched: $(tail -n 1 "$folder/log")"
  exit 77
fi
# The order in which a silo takes its rows comes from its secret: fixed ones, so that this test repeats itself.
umask 077
for silo in site1 site2 site3 site4 site5 site6; do
  mkdir -p "$folder/private/$silo"
  printf '%-32s' "secret of $silo" > "$folder/private/$silo/secret"
done
for seed in 1 2 3 4 5; do
  "$repository/jobs/data_rand.sh" "$seed" "$folder/$seed" > "$folder/log" || fail "$(cat "$folder/log")"
  sed -e "s|^path .*|path = $folder/$seed/{silo}.h5|" "$repository/configs/rand.ini" > "$folder/rand.ini"
  (cd "$folder" && "$CROSSILO_BIN" train rand.ini --np 6 > "log-$seed" 2>&1) || fail "$(cat "$folder/log-$seed")"
done
python3 - "$folder" <<'PY'
import json, sys
differences = []
print("| seed | federated | pooled | difference |\n|---|---|---|---|")
for seed in range(1, 6):
    table = json.load(open(f"{sys.argv[1]}/runs/rand-{seed}/comparison.json"))
    federated, pooled = table["federated"][-1]["auc"], table["pooled"][-1]["auc"]
    differences.append(federated - pooled)
    print(f"| {seed} | {federated:.4f} | {pooled:.4f} | {differences[-1]:+.4f} |")
mean = sum(differences) / len(differences)
print(f"mean difference {mean:+.4f}, lowest {min(differences):+.4f}")
sys.exit(0 if mean >= -0.01 and min(differences) >= -0.02 else 1)
PY
