#!/usr/bin/env bash
# Fetches the UCI Heart Disease data and writes one silo file for each of the four hospitals: data/heart/*.h5.
# Usage: jobs/data_heart.sh [SEED [FOLDER]]    another seed, another split into rows to train on and to test on
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/data_common.sh"

seed=${1:-1}
folder=${2:-data/heart}
require_number seed "$seed"
hospitals=(cleveland hungarian switzerland va)
wheel=fedimpute-0.3.0-py3-none-any.whl
wheel_sha256=601b9e95a7185d6d36c813223eddf2b31c8136c021726d377662653d4735730a
source_text="UCI Heart Disease (Janosi, Steinbrunn, Pfisterer, Detrano 1988), split seed $seed, $recipe"
files=("${hospitals[@]/#/$folder/}")
files=("${files[@]/%/.h5}")
find_crossilo

fetch() {
  fetch_wheel fedimpute==0.3.0 "$wheel" "$wheel_sha256"
  "$python" - "$downloads/$wheel" "$downloads" <<'PY'
import pathlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for path in wheel.namelist():
        folder, _, name = path.rpartition("/")
        if folder.endswith("/heart_disease") and (name.startswith("processed.") or name == "heart-disease.names"):
            pathlib.Path(sys.argv[2], name).write_bytes(wheel.read(path))
PY
}

import() {
  local tables=() hospital
  for hospital in "${hospitals[@]}"; do tables+=(--csv "$hospital=$downloads/processed.$hospital.data"); done
  "$crossilo" data import "${tables[@]}" \
    --columns age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num \
    --drop slope,ca,thal --categorical 'cp=1|2|3|4' --categorical 'restecg=0|1|2' \
    --missing_mark '?' --missing chol=0 --missing trestbps=0 \
    --label 'num > 0' --classes 'healthy,ill' --test_fraction 0.25 --seed "$seed" \
    --origin "$source_text" --output "$folder/{silo}.h5"
}

if silos_are_here "$source_text" "${files[@]}"; then
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
