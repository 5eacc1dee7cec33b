"""Refuses a file of benchmark lines in which one lacks what the page reads, has a wrong value, or a bench that is named is missing.

usage: check_scaling_lines.py FILE BENCH…
"""
import json
import sys

NEEDED = {"bench", "x", "case", "repeats", "seconds_min", "seconds_median", "seconds_p90"}

with open(sys.argv[1], encoding="utf-8") as file:
    lines = [json.loads(text) for text in file]
for line in lines:
    missing = (NEEDED | {line.get("x")}) - line.keys()
    assert not missing, f"no {missing} in {line}"
    assert 0 < line["seconds_min"] <= line["seconds_median"] <= line["seconds_p90"], line
    assert line.get("wrong_values", 0) == 0, line
    if line["bench"].startswith("sum_") and line["case"] != "han, stopped: at least":
        assert line["bound_seconds"] > 0 and line["fraction_of_bound"] > 0 and "wrong_values" in line, line
for bench in sys.argv[2:]:
    cases = {line["case"] for line in lines if line["bench"] == bench}
    sums = {"ring_sum", "MPI_Allreduce default", "MPI_Allreduce best tuned"}
    wanted = {"round_strong": {"crossilo train"}, "round_weak": {"crossilo train"}, "long_link_bytes": {"ring_sum"}}.get(bench, sums)
    assert wanted <= cases, f"{bench} has only {cases}"
