"""A federation of 100 silos simulated by two ranks, beside a plain PyTorch loop over the same rows.

usage: fashion_simulation.py CROSSILO FOLDER [IDX_FOLDER]     (with a Python that has torch, h5py and numpy)

Fashion-MNIST (IDX_FOLDER, Debian's dataset-fashion-mnist by default) is split over the silos by Dirichlet(0.3) on the
label and written to FOLDER once. A round: 10 silos, each one epoch of SGD in batches of 32 on a CNN of 206 922
parameters. Each sample is a run with few and one with many rounds; the difference is what rounds cost, without start and
end. The cases are taken in turn. One JSON line, medians, for the plain loop in two processes of one thread each (with
malloc's defaults, and with freed memory kept) and for crossilo, whose ratio is to the better of the two.
"""
import gzip
import hashlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

SILOS, ALPHA, SILOS_PER_ROUND, BATCH, RATE, MOMENTUM = 100, 0.3, 10, 32, 0.05, 0.9
FEW, MANY, REPEATS = 3, 23, 5
CLASSES = "top trouser pullover dress coat sandal shirt sneaker bag boot".split()


def silo_file(folder, silo):
    return folder / f"s{silo:03}.h5"


def split(folder, idx_folder):
    import h5py
    import numpy as np

    def idx(name, header):
        return np.frombuffer(gzip.open(idx_folder / name).read()[header:], dtype="uint8")

    x = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    y = idx("train-labels-idx1-ubyte.gz", 8)
    rng = np.random.default_rng(1)
    owner = np.empty(len(y), dtype=int)
    for label in range(10):
        rows = rng.permutation(np.flatnonzero(y == label))
        ends = np.round(np.cumsum(rng.dirichlet([ALPHA] * SILOS)) * len(rows)).astype(int)
        for silo, part in enumerate(np.split(rows, ends[:-1])):
            owner[part] = silo
    folder.mkdir(parents=True, exist_ok=True)
    for silo in range(SILOS):
        rows = rng.permutation(np.flatnonzero(owner == silo))
        cut = len(rows) - len(rows) // 5
        parts = {"train/x": x[rows[:cut]], "train/y": y[rows[:cut]], "test/x": x[rows[cut:]], "test/y": y[rows[cut:]]}
        with h5py.File(silo_file(folder, silo), "w") as file:
            for name, values in parts.items():
                file.create_dataset(name, data=values)
            for name in ("train/x", "test/x"):
                file[name].attrs["scale"] = 1.0 / 255
            file.attrs.update(schema_version=1, task="multiclass", class_names=CLASSES, origin="Fashion-MNIST (MIT)")
            file.attrs["sha256"] = hashlib.sha256(b"".join(v.tobytes() for v in parts.values())).hexdigest()


def settings(folder, rounds):
    names = ", ".join(silo_file(folder, silo).stem for silo in range(SILOS))
    return f"""[run]
name = bench
silos = {names}
rounds = {rounds}
one_machine = true
evaluate_every_rounds = {MANY + 1}
baselines = none
[data]
path = {folder}/{{silo}}.h5
private_folder = {folder}/private/{{silo}}
[model]
name = cnn
channels = 16, 32
hidden = 128
[train]
learning_rate = {RATE}
momentum = {MOMENTUM}
batch_size = {BATCH}
local_epochs = 1
[algorithm]
silos_per_round = {SILOS_PER_ROUND}
"""


def used(action):
    """CPU and wall seconds of an action, its ended children included."""
    def cpu():
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    start_cpu, start = cpu(), time.perf_counter()
    action()
    return cpu() - start_cpu, time.perf_counter() - start


def simulate(crossilo, folder, rounds):
    config = folder / f"{rounds}.ini"
    config.write_text(settings(folder, rounds))
    command = [crossilo, "train", str(config), "--np", "2", "--simulate", "--quiet", "--runs", str(folder / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")


def network(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))


def rows_of(torch, folder, silo):
    """What crossilo trains on: 85 % of train/ (it holds back the rest)."""
    import h5py

    with h5py.File(silo_file(folder, silo)) as file:
        x, y = torch.from_numpy(file["train/x"][...]), torch.from_numpy(file["train/y"][...]).long()
    rows = len(y) - (len(y) * 15 + 50) // 100
    return (x[:rows].float() / 255 - 0.286).div(0.353).unsqueeze(1), y[:rows]


def plain(folder, rounds, processes):
    """FedAvg as anybody would write it; with two processes each trains half of a round's silos."""
    import torch
    import torch.multiprocessing as multiprocessing

    torch.manual_seed(1)
    data = [rows_of(torch, folder, silo) for silo in range(SILOS)]
    model = network(torch)
    flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach().share_memory_()
    sums = torch.zeros(processes, len(flat)).share_memory_()
    cohorts = [torch.randperm(SILOS)[:SILOS_PER_ROUND].tolist() for _ in range(rounds)]
    barrier = multiprocessing.Barrier(processes)

    def work(process):
        torch.set_num_threads(2 // processes)
        loss_of = torch.nn.CrossEntropyLoss()
        for cohort in cohorts:
            total = sum(len(data[silo][1]) for silo in cohort)
            sums[process].zero_()
            for silo in cohort[process::processes]:
                x, y = data[silo]
                torch.nn.utils.vector_to_parameters(flat.clone(), model.parameters())
                optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
                for chosen in torch.randperm(len(x)).split(BATCH):
                    optimizer.zero_grad()
                    loss_of(model(x[chosen]), y[chosen]).backward()
                    optimizer.step()
                with torch.no_grad():
                    sums[process] += torch.nn.utils.parameters_to_vector(model.parameters()) * (len(x) / total)
            barrier.wait()
            if process == 0:
                flat.copy_(sums.sum(0))
            barrier.wait()

    if processes == 1:
        work(0)
        return
    started = [multiprocessing.get_context("fork").Process(target=work, args=(i,)) for i in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0


def plain_in_own_process(folder, rounds, processes, environment):
    subprocess.run([sys.executable, __file__, "--plain", str(folder), str(rounds), str(processes)], check=True,
                   env=environment)


def environment_with(keeps_memory):
    """With malloc's defaults, or so that freed memory is kept and no page is fetched twice."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    return kept | ({"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"} if keeps_memory else {})


def sample(run):
    cpu, wall = (many - few for many, few in zip(used(lambda: run(MANY)), used(lambda: run(FEW))))
    return cpu / (MANY - FEW), 60 * (MANY - FEW) / wall


def show(name, samples, baseline=None):
    cpu = sorted(sample[0] for sample in samples)
    line = {"bench": "fashion_simulation", "case": name, "silos": SILOS, "silos_per_round": SILOS_PER_ROUND,
            "rounds": MANY - FEW, "repeats": len(samples), "cpu_seconds_min": cpu[0],
            "cpu_seconds": statistics.median(cpu), "cpu_seconds_max": cpu[-1],
            "rounds_per_minute": statistics.median(sample[1] for sample in samples), "load": os.getloadavg()[0]}
    if baseline:
        line |= {"ratio": baseline["cpu_seconds"] / line["cpu_seconds"]}
    print(json.dumps(line), flush=True)
    return line


def main(arguments):
    if arguments[:1] == ["--plain"]:
        plain(pathlib.Path(arguments[1]), int(arguments[2]), int(arguments[3]))
        return
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(arguments[1]).resolve()
    if not silo_file(folder, SILOS - 1).exists():
        split(folder, pathlib.Path(arguments[2] if len(arguments) == 3 else "/usr/share/datasets/fashion-mnist"))
    cases = {
        "plain PyTorch, 2 processes": lambda rounds: plain_in_own_process(folder, rounds, 2, environment_with(False)),
        "plain PyTorch, 2 processes, memory kept":
            lambda rounds: plain_in_own_process(folder, rounds, 2, environment_with(True)),
        "crossilo --simulate --np 2": lambda rounds: simulate(arguments[0], folder, rounds),
    }
    samples = {name: [] for name in cases}
    for _ in range(REPEATS):
        for name, run in cases.items():
            samples[name].append(sample(run))
    *loops, product = cases
    loop = min((show(name, samples[name]) for name in loops), key=lambda line: line["cpu_seconds"])
    show(product, samples[product], loop)


if __name__ == "__main__":
    main(sys.argv[1:])
