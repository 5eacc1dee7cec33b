"""Local steps of crossilo beside the same loop in Python's torch: same network, rows, batch, optimizer; one thread each.

usage: local_step.py LOCAL_STEP_BENCH      (with a Python that can import torch)

The two run in turn, several times. One JSON line a case: CPU seconds of a step, the medians of both and their ratio
(above 1: crossilo is faster). Python's allocator is taken both as it is and with its thresholds raised, and the
faster of the two counts.
"""
import json
import os
import statistics
import subprocess
import sys
import time

CASES = [("cnn", 256, 16), ("cnn", 32, 60), ("mlp", 32, 400)]
REPEATS = 5
RAISED = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "536870912"}
SIDE, CLASSES = 28, 10


def images(torch, rows):
    """What local_step_bench makes."""
    index = torch.arange(rows * SIDE * SIDE, dtype=torch.int64)
    x = (((index * 2654435761) >> 8) & 0xFFFF).float() / 65536 - 0.5
    x = x.view(rows, 1, SIDE, SIDE)
    y = torch.arange(rows) * 7 % CLASSES
    x[torch.arange(rows), 0, 2 * y + 4] += 1.0
    return x, y


def network(torch, name):
    nn = torch.nn
    if name == "mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 128), nn.ReLU(), nn.Linear(128, CLASSES))
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, CLASSES))


def train(torch, model, x, y, batch):
    """One epoch over shuffled rows, as anybody would write it."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss()
    for chosen in torch.randperm(len(x)).split(batch):
        optimizer.zero_grad()
        loss_of(model(x[chosen]), y[chosen]).backward()
        optimizer.step()


def measure_here(name, batch, steps):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    x, y = images(torch, batch * steps)
    model = network(torch, name)
    train(torch, model, x, y, batch)  # warms up
    model = network(torch, name)
    wall, cpu = time.perf_counter(), time.process_time()
    train(torch, model, x, y, batch)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(x), y).item()
    print(json.dumps({
        "parameters": sum(p.numel() for p in model.parameters()), "torch": torch.__version__,
        "cpu_seconds": cpu / steps, "wall_seconds": wall / steps, "loss_after": loss}))


def result_of(command, environment=None):
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def compare(bench, name, batch, steps):
    case = [name, str(batch), str(steps)]
    own, plain, raised = [], [], []
    for _ in range(REPEATS):
        own.append(result_of([bench, *case]))
        plain.append(result_of([sys.executable, __file__, "--here", *case]))
        raised.append(result_of([sys.executable, __file__, "--here", *case], RAISED))
    assert own[0]["parameters"] == plain[0]["parameters"], "not the same network"

    def cpu(results):
        return statistics.median(result["cpu_seconds"] for result in results)

    best = min(cpu(plain), cpu(raised))
    print(json.dumps({
        "bench": "local_step", "case": f"{name}, batch {batch}", "parameters": own[0]["parameters"], "steps": steps,
        "repeats": REPEATS, "cpu_seconds": cpu(own), "cpu_seconds_min": min(r["cpu_seconds"] for r in own),
        "baseline": f"torch {plain[0]['torch']} in Python", "baseline_cpu_seconds": cpu(plain),
        "baseline_raised_cpu_seconds": cpu(raised), "ratio": best / cpu(own), "loss_after": own[0]["loss_after"],
        "baseline_loss_after": plain[0]["loss_after"]}), flush=True)


def main(arguments):
    if arguments[:1] == ["--here"]:
        measure_here(arguments[1], int(arguments[2]), int(arguments[3]))
    elif len(arguments) == 1:
        for case in CASES:
            compare(arguments[0], *case)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
