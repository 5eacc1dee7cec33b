"""Strong and weak scaling of the real program, training included: rounds with 1, 2, 4, … silos, one rank each.

usage: round_scaling.py CROSSILO FOLDER --silos 1 2 4 8 --rows N --rounds N --cores N -- LAUNCHER…   ({ranks} in it is replaced)
Strong: N rows in all. Weak: N rows for each silo. A line for each point; the bound is what one silo took, over as many
cores as there are, so it knows neither the sum nor anything that grows with the number of silos. Where one silo was not
measured before, there is none.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess

COLUMNS = 20
CONFIG = """[run]
name = {name}
silos = {silos}
rounds = {rounds}
baselines = none
[data]
path = {folder}/{name}/{{silo}}.h5
private_folder = {folder}/private/{{silo}}
[model]
name = mlp
hidden = 256
[train]
optimizer = sgd
learning_rate = 0.05
batch_size = 32
[algorithm]
name = fedavg
[privacy]
allow_two_silos = true
"""


def write_rows(path, rows):
    """Rows whose label a small network can learn."""
    draw = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(f"x{i}" for i in range(COLUMNS)) + ",y\n")
        for _ in range(rows):
            values = [draw.gauss(0, 1) for _ in range(COLUMNS)]
            file.write(",".join(f"{v:.4f}" for v in values) + f",{int(sum(values[:5]) > 0)}\n")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def seconds_of_rounds(options, name, silos, rows):
    """Wall time of each round but the first, by when each ended."""
    folder = options.folder.resolve()
    (folder / name).mkdir(parents=True, exist_ok=True)
    write_rows(folder / "rows.csv", rows)
    names = [f"s{i}" for i in range(silos)]
    inputs = [word for silo in names for word in ("--csv", f"{silo}={folder}/rows.csv")]
    run([options.crossilo, "data", "import", *inputs, "--label", "y > 0", "--output", f"{folder}/{name}/{{silo}}.h5"])
    config = folder / f"{name}.ini"
    config.write_text(CONFIG.format(name=name, silos=",".join(names), rounds=options.rounds + 1, folder=folder))
    launcher = [word.replace("{ranks}", str(silos)) for word in options.launcher]
    run([*launcher, options.crossilo, "train", str(config), "--quiet", "--runs", f"{folder}/runs"])
    lines = (max(folder.glob(f"runs/{name}-*"), key=lambda p: int(p.name.rsplit("-", 1)[1])) / "metrics.jsonl").read_text()
    ends = [json.loads(line)["unix_seconds"] for line in lines.splitlines()]
    return sorted(after - before for before, after in zip(ends, ends[1:]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("crossilo")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--silos", type=int, nargs="+", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("launcher", nargs="+")
    options = parser.parse_args()
    for kind in ("strong", "weak"):
        alone = None
        for silos in options.silos:
            rows = options.rows // silos if kind == "strong" else options.rows
            seconds = seconds_of_rounds(options, f"{kind}{silos}", silos, rows)
            median = statistics.median(seconds)
            if silos == 1:
                alone = median
            line = {
                "bench": f"round_{kind}", "x": "ranks", "case": "crossilo train", "ranks": silos, "rows_of_a_silo": rows,
                "cores": options.cores, "repeats": len(seconds), "seconds_min": round(seconds[0], 6),
                "seconds_median": round(median, 6), "seconds_p90": round(seconds[len(seconds) * 9 // 10], 6)}
            if alone is not None:
                bound = (alone / silos if kind == "strong" else alone) * max(1, silos / options.cores)
                line |= {"bound": "one silo's time over the cores", "bound_seconds": round(bound, 6),
                         "fraction_of_bound": round(bound / median, 4)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
