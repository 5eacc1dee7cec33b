#!/usr/bin/env bash
# Aim: the quick start, killed at ten random moments, ends with the bits of one that was left alone.
# Method: configs/heart.ini on its real data, with rounds enough to be killed in; skipped (77) where the data are not there.
set -euo pipefail
set -m
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$here/federation.sh"
source "$here/resume.sh"
[ -e "$root/data/heart/va.h5" ] || { echo "SKIPPED: no data/heart (jobs/data_heart.sh fetches it)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ln -s "$root/data" data
config=$root/configs/heart.ini
"$CROSSILO_BIN" train "$config" --np 4 --run.name alone --run.rounds 6000 > alone.log
kill_and_go_on killed 6000 10
expect_code 0
same runs/killed-1 runs/alone-1
python3 - <<'PY'
import json
starts = json.load(open("runs/killed-1/manifest.json"))["starts"]
print(f"{len(starts)} starts, from rounds {[start['from_round'] for start in starts]}")
assert starts[-1]["from_round"] > 0
PY
