#!/usr/bin/env bash
# Aim: federating costs next to nothing on real data: UCI Heart Disease, four hospitals, five split seeds.
# Method: imports the rows with each seed, trains, reads the comparison of the run; mean of federated minus pooled AUC
# at least -0.01, each at least -0.02.
set -euo pipefail
data=heart
package=fedimpute-0.3.0-py3-none-any.whl
silos=(cleveland hungarian switzerland va)
options=(--np 4)
source "$(dirname "${BASH_SOURCE[0]}")/five_seeds.sh"
