# Sourced by *_five_seeds.sh, which set: data (jobs/data_NAME.sh, configs/NAME.ini), package (what the data come in, below
# data/download), silos, and options (of crossilo train). Prints a table.
# shellcheck shell=bash disable=SC2154
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fetch="$repository/jobs/data_$data.sh"
if [ ! -s "$repository/data/download/$package" ] && ! timeout 120 "$fetch" 1 "$folder/1" > "$folder/log" 2>&1 &&
  [ ! -s "$repository/data/download/$package" ]; then
  echo "skipped: the data are not here and cannot be fetched: $(tail -n 1 "$folder/log")"
  exit 77
fi
# The order in which a silo takes its rows comes from its secret: fixed ones, so that this test repeats itself.
umask 077
for silo in "${silos[@]}"; do
  mkdir -p "$folder/private/$silo"
  printf '%-32s' "secret of $silo" > "$folder/private/$silo/secret"
done
for seed in 1 2 3 4 5; do
  "$fetch" "$seed" "$folder/$seed" > "$folder/log" || fail "$(cat "$folder/log")"
  sed -e "s|^path .*|path = $folder/$seed/{silo}.h5|" "$repository/configs/$data.ini" > "$folder/$data.ini"
  (cd "$folder" && "$CROSSILO_BIN" train "$data.ini" "${options[@]}" > "log-$seed" 2>&1) ||
    fail "$(cat "$folder/log-$seed")"
done
python3 - "$folder/runs/$data" <<'PY'
import json, sys
differences = []
print("| seed | federated | pooled | difference |\n|---|---|---|---|")
for seed in range(1, 6):
    table = json.load(open(f"{sys.argv[1]}-{seed}/comparison.json"))
    federated, pooled = table["federated"][-1]["auc"], table["pooled"][-1]["auc"]
    differences.append(federated - pooled)
    print(f"| {seed} | {federated:.4f} | {pooled:.4f} | {differences[-1]:+.4f} |")
mean = sum(differences) / len(differences)
print(f"mean difference {mean:+.4f}, lowest {min(differences):+.4f}")
sys.exit(0 if mean >= -0.01 and min(differences) >= -0.02 else 1)
PY
