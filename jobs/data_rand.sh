#!/usr/bin/env bash
# Fetches the RAND Health Insurance Experiment and writes one silo file for each of its six sites: data/rand/*.h5.
# Usage: jobs/data_rand.sh [SEED [FOLDER]]    another seed, another split into rows to train on and to test on
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/data_common.sh"

seed=${1:-1}
folder=${2:-data/rand}
require_number seed "$seed"
wheel=statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
wheel_sha256=b67886b66d9c7ca118526accedb5c6de7ffd74c015dc0492ea0b1690192b65da
source_text="RAND Health Insurance Experiment (Cameron, Trivedi 2005), split seed $seed, $recipe"
files=("$folder"/site{1..6}.h5)
find_crossilo

fetch() {
  # The same wheel whatever Python runs here: only a text file is taken from it.
  fetch_wheel statsmodels==0.15.0 "$wheel" "$wheel_sha256" --only-binary :all: --python-version 311 \
    --implementation cp --abi cp311 --platform manylinux_2_28_x86_64
  "$python" - "$downloads/$wheel" "$downloads/randhie.csv" <<'PY'
import pathlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    pathlib.Path(sys.argv[2]).write_bytes(wheel.read("statsmodels/datasets/randhie/src/randhie.csv"))
PY
}

# Features are what was known before the year began: the plan a family got by lot and what it was offered (coinsurance,
# individual deductible, participation payment, maximum expenditure: coins, logc, idp, lpi, fmde, mdeoff, pioff), health at
# enrolment (physlm, disea, hlthg, hlthf, hlthp, mhi, ghindx, xghindx; tookphys: a first examination), household and person.
# No spending and no other visits: they are what the label counts. A person has a row for each year, so rows are split
# by person (zper).
features=coins,logc,idp,lpi,fmde,mdeoff,pioff,physlm,disea,hlthg,hlthf,hlthp,mhi,ghindx,xghindx,tookphys
features+=,income,linc,num,lfam,educdec,xage,female,child,fchild,black,year
import() {
  "$crossilo" data import --csv "$downloads/randhie.csv" --silo_column site \
    --use "$features" \
    --categorical 'year=1|2|3|4|5' --group zper --label 'mdvis > 0' --classes 'no visit,visit' \
    --test_fraction 0.25 --seed "$seed" --origin "$source_text" --output "$folder/site{silo}.h5"
}

if silos_are_here "$source_text" "${files[@]}"; then
  echo "$folder: 6 sites, split seed $seed: already here"
  exit 0
fi
cat <<'TEXT'
RAND Health Insurance Experiment: 20,190 years of 5,912 persons at 6 sites, 1974 to 1982; did they see a doctor?
Collected by the RAND Corporation; file of Cameron, Trivedi, "Microeconometrics", 2005; public domain;
here from the PyPI package statsmodels 0.15.0 (12 MB, of which one text file is taken).
TEXT
fetch
import
