#!/usr/bin/env bash
# Aim: TensorBoard itself reads what a run leaves for it, over two starts.
# Method: a run that goes on, read by Python's tensorboard and compared with metrics.jsonl. Skipped where no Python has it.
set -euo pipefail
python=
for candidate in "${CROSSILO_PYTHON:-}" python3; do
  if [ -n "$candidate" ] && "$candidate" -c 'import tensorboard' 2> /dev/null; then python=$candidate; fi
done
[ -n "$python" ] || { echo "skipped: no Python imports tensorboard (pip install tensorboard)"; exit 77; }
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 4
"$CROSSILO_BIN" train small.ini --np 1 --simulate --run.baselines none > first
"$CROSSILO_BIN" train small.ini --np 1 --simulate --run.baselines none --run.rounds 7 --resume runs/small-1 > second
"$python" - runs/small-1 <<'PY' || fail "TensorBoard reads something else"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
lines = [json.loads(line) for line in open(sys.argv[1] + "/metrics.jsonl")]
events = EventAccumulator(sys.argv[1] + "/tensorboard")
events.Reload()
for tag, field in (("loss/held_back", "held_back_loss"), ("accuracy/test", "test_accuracy"), ("round/bytes_sent", "bytes_sent")):
    scalars = events.Scalars(tag)
    assert [scalar.step for scalar in scalars] == list(range(1, 8)), scalars
    for line, scalar in zip(lines, scalars):
        assert abs(scalar.value - line[field]) <= 1e-6 * abs(line[field]), (tag, line, scalar)
        assert abs(scalar.wall_time - line["unix_seconds"]) < 1e-3
for phase in ("train", "sum"):  # every round takes time; one that an earlier start has timed is no zero
    seconds = events.Scalars("seconds/" + phase)
    assert [scalar.step for scalar in seconds] == list(range(1, 8)) and all(scalar.value > 0 for scalar in seconds), seconds
PY
