#!/usr/bin/env python3
"""Aim: no bug that clang-tidy sees (.clang-tidy) in the sources that need no libtorch, whose headers take too long.
Method: clang-tidy on each, two at a time; what was found clean is not looked at again until it or a header of ours changes.
Usage: tidy.py REPOSITORY BUILD"""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys


def dependencies(build: pathlib.Path) -> dict[pathlib.Path, list[pathlib.Path]]:
    """Sources in src/ with all files that their last compilation read, as ninja has noted them."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found = {}
    for block in listed.split("\n\n"):
        files = [(build / line.strip()).resolve() for line in block.splitlines()[1:]]
        if block.startswith("src/") and files:
            found[files[0]] = files
    return found


def main() -> int:
    repository, build = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    tidy = shutil.which("clang-tidy")
    found = dependencies(build) if tidy else {}
    if not found:
        print("clang-tidy is not here (apt: clang-tidy), or nothing was built")
        return 77
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "crossilo" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([tidy, "--version"], capture_output=True, check=True).stdout
    shim = repository / "tests/style/source_location.hpp"
    rules = version + (repository / ".clang-tidy").read_bytes() + shim.read_bytes()

    def check(source: pathlib.Path) -> str:
        seen = hashlib.sha256(rules)
        for file in sorted(file for file in found[source] if file.is_relative_to(repository)):
            seen.update(file.read_bytes())
        stamp = cache / seen.hexdigest()
        if stamp.exists():
            return ""
        command = [tidy, "--quiet", "-p", build, "--extra-arg=-Wno-everything", f"--extra-arg=-include{shim}", source]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return done.stdout + done.stderr
        stamp.touch()
        return ""

    plain = [source for source, files in sorted(found.items()) if not any(re.search("/(torch|ATen|c10)/", str(file)) for file in files)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [text for text in pool.map(check, plain) if text]
    print(*complaints, sep="\n")
    print(f"{len(plain)} of {len(found)} sources looked at, {len(complaints)} with complaints")
    return 1 if complaints else 0


sys.exit(main())
