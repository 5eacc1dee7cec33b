"""Makes the lines of the scaling page out of those of several starts of the benches.

usage: scaling_lines.py RAW.jsonl… > scaling.jsonl

Starts of one case at one point become one line: the least, the median of the medians, the most. Of the ways in which
Open MPI was tuned only the best at each point stays, as "MPI_Allreduce best tuned", with its name as "algorithm".
"""
import json
import statistics
import sys

TUNED = "MPI_Allreduce best tuned"
FIRST = ("ring_sum", "MPI_Allreduce default", TUNED)  # the first case is what a page compares with


def merged(lines):
    """One line of those of one case at one point."""
    line = dict(lines[0])
    if len(lines) > 1:
        line["repeats"] = sum(one["repeats"] for one in lines)
        line["seconds_min"] = min(one["seconds_min"] for one in lines)
        line["seconds_median"] = statistics.median(one["seconds_median"] for one in lines)
        line["seconds_p90"] = max(one["seconds_p90"] for one in lines)
        line["wrong_values"] = sum(one.get("wrong_values", 0) for one in lines)
        if line.get("bound_seconds"):
            line["fraction_of_bound"] = line["bound_seconds"] / line["seconds_median"]
    return line


def grouped(lines, key):
    groups = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return list(groups.values())


def point(line):
    return line["bench"], line.get("group", ""), line[line["x"]]


def best_of(lines):
    """The lines of one point, with only the best of the tuned ones: of the default, too, if no other is better."""
    tuned = [line for line in lines if line["case"].startswith("MPI_Allreduce ")]
    rest = [line for line in lines if line not in tuned or line["case"] == FIRST[1]]
    if len(tuned) > 1:
        best = min(tuned, key=lambda line: line["seconds_median"])
        algorithm = best["case"].removeprefix("MPI_Allreduce ")
        rest.append({**best, "case": TUNED, "algorithm": algorithm, "wrong_values": sum(t["wrong_values"] for t in tuned)})
    return rest


def order(line):
    return FIRST.index(line["case"]) if line["case"] in FIRST else len(FIRST)


def main(paths):
    lines = [json.loads(text) for path in paths for text in open(path, encoding="utf-8") if text.startswith("{")]
    lines = [merged(group) for group in grouped(lines, lambda line: (*point(line), line["case"]))]
    for group in grouped(lines, point):
        for line in sorted(best_of(group), key=order):
            print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
