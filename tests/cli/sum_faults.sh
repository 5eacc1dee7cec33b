#!/usr/bin/env bash
# Aim: a rank that is killed or stopped in each level of the sum, or where keys are agreed on, ends that start with 5 within its
# deadline and a generous 15 s; silo, site and step are named, and the run that goes on has the bits of one that was left alone.
# Method: the real program with four ranks at two sites, or at one; tests/support/fault_at_call strikes at a chosen message, in the
# mask, or in a wait.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
in_new_federation 8
sed -i -e 's/^relaunches_max = 0/relaunches_max = 1/' -e 's/^peer_seconds_max = .*/peer_seconds_max = 3/' \
  -e 's/^one_machine = true/one_machine = true\ncheckpoint_every_rounds = 3\nbaselines = none/' \
  -e 's/^name = logreg/name = mlp\nhidden = 256, 256/' small.ini
printf 'a,b north\nc,d south\n' > sites.txt
train=("$CROSSILO_BIN" train small.ini --np 4 --quiet)
sites=(--topology.sites_from file --topology.file sites.txt)
# Who survives a kill tells of it; by itself mpirun would end all at once.
printf '#!/bin/sh\nexec "%s" --enable-recovery "$@"\n' "$MPIEXEC" > recovering_mpirun
chmod +x recovering_mpirun
export CROSSILO_MPIRUN=$PWD/recovering_mpirun

"${train[@]}" "${sites[@]}" --run.name alone > alone.log 2>&1 || fail "$(cat alone.log)"

# struck NAME STEP CALL AT [VARIABLE=VALUE]: rank 2, of the site $site if any, is hit by each signal in turn, at that call.
struck() {
  local name=$1 step=$2 call=$3 at=$4 signal how who
  shift 4
  for signal in KILL STOP; do
    rm -f struck
    exit_code_of env "$@" LD_PRELOAD="$FAULT_LIBRARY" FAULT_RANK=2 FAULT_CALL="$call" FAULT_AT="$at" FAULT_DONE="$PWD/struck" \
      FAULT_SIGNAL="$(kill -l $signal)" "${train[@]}" "${sites[@]}" --run.name "$name-${signal,,}"
    [ -e struck ] || fail "$name: the call never came: $output"
    expect_code 0
    how='died in "'
    [ $signal = KILL ] || how='has not answered for 3 s in "'
    who="silo c (rank 2, host $(uname -n)${site:+, site $site}) $how"
    # The outcome is the first survivor's, who may already be one step further than those who wait for silo c.
    grep -qF "$who$step" runs/"$name-${signal,,}-1"/logs/[abd].log ||
      fail "$name: no survivor tells of this step: $(grep -h error runs/"$name-${signal,,}-1"/logs/*.log)"
    python3 - "$name-${signal,,}" "$who" <<'PY' || fail "$name, $signal: $output"
import json, os, sys
starts = json.load(open(f"runs/{sys.argv[1]}-1/manifest.json"))["starts"]
assert len(starts) == 2 and starts[1]["missing_silos"] == [], starts
lost = starts[0]["outcome"]
assert lost["exit_code"] == 5 and lost["silo"] == "c" and lost["text"].startswith(sys.argv[2]), lost
seconds = starts[0]["ended_unix_seconds"] - os.stat("struck").st_mtime
print(f"{sys.argv[1]}: {lost['text'][:lost['text'].index(';')]}; the start ended {seconds:.1f} s after the fault")
assert seconds < 3 + 15, "the deadline is 3 s"
PY
    same "runs/$name-${signal,,}-1" runs/alone-1
  done
}

# Tags (include/crossilo/comm/communicator.hpp): all_gather; ring_contribution and ring_total, one more between sites. Which call
# of many: one in the middle of the run; of the all_gathers, each of three messages, the fourth that is so long.
site=south
struck key_agreement hello $((0x4000)) 10
struck site_reduce_scatter_by_messages "sum, round " $((0x4001)) 25 FAULT_NO_SHARED_MEMORY=1
struck site_reduce_scatter_by_memory "sum, round " mask 700
struck across_sites "sum, round " $((0x4002)) 25
struck totals_across_sites "sum, round " $((0x400a)) 25
struck site_all_gather_by_messages "sum, round " $((0x4009)) 25 FAULT_NO_SHARED_MEMORY=1
# The totals have come from the other site, and the neighbour cannot read them yet.
struck site_all_gather_by_memory "sum, round " "arrival $((0x400a))" 25
# All on one node, without a message: its words stand in the window, those of its slower peers do not, so nor do its totals.
sites=() site=
struck all_gather_on_one_node "sum, round " wait 5 FAULT_SLOW_MASKS=1
