#!/usr/bin/env bash
# Aim: federating costs next to nothing on real data: RAND Health Insurance Experiment, six sites, five split seeds.
# Method: imports the rows with each seed, trains, six silos on two ranks; mean of federated minus pooled AUC
# at least -0.01, each at least -0.02.
set -euo pipefail
data=rand
package=statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
silos=(site1 site2 site3 site4 site5 site6)
options=(--np 2 --simulate)
source "$(dirname "${BASH_SOURCE[0]}")/five_seeds.sh"
