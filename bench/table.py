"""Turns the JSON lines of the benches into Markdown: a table for each file, a row for each line, a column for each key.

usage: table.py FILE.jsonl… > results.md
"""
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    if not shutil.which("git"):
        return "unknown commit"
    described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unknown commit"


def cell(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).replace("|", "\\|")
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = {c for c in columns if all(isinstance(row.get(c, 0), (int, float)) for row in rows)}
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "|".join("---:" if c in numeric else "---" for c in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(cell(row.get(c, "–")) for c in columns) + " |"


def main(paths):
    print(f"{processor()}, {os.cpu_count()} cores, {commit()}. Made by `jobs/bench.sh`.")
    for path in map(pathlib.Path, paths):
        rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        print(f"\n## {path.stem}\n")
        print("\n".join(table(rows)) if rows else "no result")


if __name__ == "__main__":
    main(sys.argv[1:])
