#!/usr/bin/env bash
# Fetches the UCI Heart Disease data and writes one silo file for each of the four hospitals: data/heart/*.h5.
# Usage: jobs/data_heart.sh [SEED [FOLDER]]    another seed, another split into rows to train on and to test on
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seed=${1:-1}
folder=${2:-data/heart}
[[ $seed =~ ^[0-9]+$ ]] || { echo "jobs/data_heart.sh: seed \"$seed\": a whole number is wanted" >&2; exit 2; }
hospitals=(cleveland hungarian switzerland va)
downloads=data/download
wheel=$downloads/fedimpute-0.3.0-py3-none-any.whl
wheel_sha256=601b9e95a7185d6d36c813223eddf2b31c8136c021726d377662653d4735730a
source_text="UCI Heart Disease (Janosi, Steinbrunn, Pfisterer, Detrano 1988), split seed $seed"

crossilo=${CROSSILO_BIN:-}
for candidate in build/release/crossilo build/check/crossilo; do
  [[ -n $crossilo ]] || [[ ! -x $candidate ]] || crossilo=$candidate
done
if [[ ! -x $crossilo ]]; then
  echo "jobs/data_heart.sh: no program crossilo: build it (cmake --workflow --preset release) or set CROSSILO_BIN" >&2
  exit 3
fi

# The files stand when crossilo finds them whole (their digests are checked) and each names this seed.
already_here() {
  local files=("${hospitals[@]/#/$folder/}") description
  description=$("$crossilo" data describe --json "${files[@]/%/.h5}" 2>/dev/null) || return 1
  [[ $(grep -cF "\"origin\": \"$source_text\"" <<<"$description") -eq ${#hospitals[@]} ]]
}

wheel_is_right() { [[ -f $wheel ]] && sha256sum --check --status <<<"$wheel_sha256  $wheel"; }

fetch() {
  local python="${XDG_CACHE_HOME:-$HOME/.cache}/crossilo/venv/bin/python"
  [[ -x $python ]] || python=python3
  mkdir -p "$downloads"
  # The data come inside a Python wheel, of which nothing is installed or run.
  wheel_is_right || "$python" -m pip download -q --no-deps -d "$downloads" fedimpute==0.3.0
  if ! wheel_is_right; then
    echo "jobs/data_heart.sh: $wheel: SHA-256 is not $wheel_sha256; delete the file and start again" >&2
    exit 4
  fi
  "$python" - "$wheel" "$downloads" <<'PY'
import pathlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for path in wheel.namelist():
        folder, _, name = path.rpartition("/")
        if folder.endswith("/heart_disease") and (name.startswith("processed.") or name == "heart-disease.names"):
            pathlib.Path(sys.argv[2], name).write_bytes(wheel.read(path))
PY
}

import() {
  local files=() hospital
  for hospital in "${hospitals[@]}"; do files+=(--csv "$hospital=$downloads/processed.$hospital.data"); done
  "$crossilo" data import "${files[@]}" \
    --columns age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num \
    --drop slope,ca,thal --categorical 'cp=1|2|3|4' --categorical 'restecg=0|1|2' \
    --missing_mark '?' --missing chol=0 --missing trestbps=0 \
    --label 'num > 0' --classes 'healthy,ill' --test_fraction 0.25 --seed "$seed" \
    --origin "$source_text" --output "$folder/{silo}.h5"
}

if already_here; then
  echo "$folder: 4 hospitals, split seed $seed: already here"
  exit 0
fi
cat <<'TEXT'
UCI Heart Disease: 920 patients of 4 hospitals, donated 1988 by David W. Aha; here from the PyPI package fedimpute 0.3.0.
Principal investigators, to be named in every publication that uses the data:
  Hungarian Institute of Cardiology, Budapest                   Andras Janosi, M.D.
  University Hospital, Zurich, Switzerland                      William Steinbrunn, M.D.
  University Hospital, Basel, Switzerland                       Matthias Pfisterer, M.D.
  V.A. Medical Center, Long Beach; Cleveland Clinic Foundation  Robert Detrano, M.D., Ph.D.
Terms: that request is the only condition in data/download/heart-disease.names, which comes with the data.
TEXT
fetch
import
