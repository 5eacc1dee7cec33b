#!/usr/bin/env python3
"""Aim: the messages that docs/troubleshooting.md and docs/clusters.md explain are messages of the program, or of slurm/.
Method: what stands in backquotes in the first column, cut at what differs from run to run, is looked for in the string
literals of the source, neighbouring literals joined, and in the scripts. Usage: messages.py REPOSITORY"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
text = ""
for path in sorted([*root.glob("src/**/*.cpp"), *root.glob("include/**/*.hpp")]):
    for literals in re.findall(rf"{LITERAL}(?:\s*{LITERAL})*", path.read_text()):
        joined = "".join(part[1:-1] for part in re.findall(LITERAL, literals))
        text += joined.replace('\\"', '"').replace("{}", "") + "\n"
text = re.sub(r"\{[^}]*\}", "", text)
for path in sorted([*root.glob("slurm/*.sh"), *root.glob("jobs/*.sbatch")]):
    text += re.sub(r"\$(\{[^}]*\}|\(\([^)]*\)\)|\w+)", "", path.read_text())

missing = []
checked = 0
pages = [root / f"docs/{name}.md" for name in ("troubleshooting", "clusters")]
for line in "\n".join(page.read_text() for page in pages).splitlines():
    cell = re.match(r"\| `([^`]+)`", line)
    if not cell:
        continue
    for part in re.split(r'…|\bva\b|\d+|"|\b[a-z]+\.[a-z_]+|; ', cell[1]):
        part = part.strip(" :;,./-")
        if len(part) < 8:
            continue
        checked += 1
        if part not in text:
            missing.append(f"{part!r} of: {cell[1]}")
if missing or checked < 20:
    sys.exit("docs/troubleshooting.md, docs/clusters.md: not in the source:\n" + "\n".join(missing or ["too few messages found"]))
