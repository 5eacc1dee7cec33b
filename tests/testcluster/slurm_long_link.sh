#!/usr/bin/env bash
# Aim: jobs/scaling.sh link measures over the long link with right sums, counts the bytes on it, and our sum sends few too many.
# Method: its small version on 4 MB, one latency; every line read. Bytes decide, no time does.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/on_cluster.sh"
programs=$(dirname "$CROSSILO_BIN")
[ -x "$programs/bench/comm/ring_sum_bench" ] || { echo "SKIPPED: built without benches"; exit 77; }
SCALING_RESULTS=$folder/results SCALING_BUILD=$programs LONG_LINK_WORDS=1000000 HAN_SECONDS=10 "$root/jobs/scaling.sh" --quick link ||
  fail "$(cat results/errors.log results/raw_link.jsonl)"
python3 "$root/tests/cli/check_scaling_lines.py" results/scaling.jsonl long_link long_link_bytes
python3 - <<'PY'
import json
lines = [json.loads(text) for text in open("results/scaling.jsonl", encoding="utf-8")]
[counted] = [line for line in lines if line["bench"] == "long_link_bytes"]
assert 0.99 < counted["payload_over_minimum"] < 1.02, counted
assert counted["payload_over_minimum"] < counted["link_over_minimum"] < 1.08, counted
cases = {(line["group"].rpartition(", ")[2], line["case"].partition(",")[0]) for line in lines if line["bench"] == "long_link"}
assert {("warm", "ring_sum"), ("cold", "ring_sum"), ("cold", "MPI_Allreduce best tuned"), ("warm", "han")} <= cases, cases
for line in lines:
    assert line["round_trip_ms"] == 50, line
    if not line["case"].startswith("han, stopped"):
        assert line["bytes"] == 4_000_000 and line["goodput_mbit"] > 0 and line["wrong_values"] == 0, line
PY
[ -s results/scaling.html ] || fail "no page"
