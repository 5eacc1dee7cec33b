#!/usr/bin/env bash
# From a clean clone to a trained model: packages, build, data, and four hospitals under a real mpirun. Takes no options; safe to run twice.
#   jobs/quickstart.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
program=build/release/crossilo

printf '[1/4] packages\n'
jobs/setup.sh --no-tests | sed 's/^/      /'

printf '[2/4] '
build_preset release --target crossilo_program

printf '[3/4] data\n'
CROSSILO_BIN="$program" jobs/data_heart.sh | sed 's/^/      /'

printf '[4/4] train      %s train configs/heart.ini --np 4\n\n' "$program"
"$program" train configs/heart.ini --np 4
