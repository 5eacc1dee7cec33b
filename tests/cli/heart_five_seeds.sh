#!/usr/bin/env bash
# Aim: federating costs next to nothing on real data: UCI Heart Disease, four hospitals, five split seeds.
# Method: imports the rows with each seed, trains, reads the comparison of the run; mean of federated minus pooled AUC
# at least -0.01, each at least -0.02. Prints a table.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for seed in 1 2 3 4 5; do
  "$repository/jobs/data_heart.sh" "$seed" "$folder/$seed" > "$folder/log" || fail "$(cat "$folder/log")"
  sed -e "s|^path .*|path = $folder/$seed/{silo}.h5|" "$repository/configs/heart.ini" > "$folder/heart.ini"
  (cd "$folder" && "$CROSSILO_BIN" train heart.ini --np 4 > "log-$seed" 2>&1) || fail "$(cat "$folder/log-$seed")"
done
python3 - "$folder" <<'PY'
import json, sys
differences = []
print("| seed | federated | pooled | difference |\n|---|---|---|---|")
for seed in range(1, 6):
    table = json.load(open(f"{sys.argv[1]}/runs/heart-{seed}/comparison.json"))
    federated, pooled = table["federated"][-1]["auc"], table["pooled"][-1]["auc"]
    differences.append(federated - pooled)
    print(f"| {seed} | {federated:.4f} | {pooled:.4f} | {differences[-1]:+.4f} |")
mean = sum(differences) / len(differences)
print(f"mean difference {mean:+.4f}, lowest {min(differences):+.4f}")
sys.exit(0 if mean >= -0.01 and min(differences) >= -0.02 else 1)
PY
