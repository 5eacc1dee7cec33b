# Aim: the program that model template prints works as printed, and model check tells real files of PyTorch apart.
# Method: run it for each task; script, trace and save modules and check each file. Ends with 77 where torch is not there.
# Usage: model_template.py CROSSILO_PROGRAM
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import torch
    from torch import nn
except (ImportError, OSError) as reason:
    print("SKIPPED: torch cannot be imported:", reason)
    sys.exit(77)
warnings.filterwarnings("ignore")
PROGRAM = sys.argv[1]
torch.manual_seed(1)  # else chance may put all outputs between 0 and 1, which is warned of


def crossilo(*arguments):
    ran = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr


def expect(text, *arguments, code=0):
    found, said = crossilo("model", "check", *arguments)
    assert found == code and text in said, (arguments, found, said)


scratch = tempfile.TemporaryDirectory()
os.chdir(scratch.name)
for task in (["binary"], ["regression"], ["multiclass", "--classes", "5"]):
    code, program = crossilo("model", "template", "--features", "7", "--task", *task)
    assert code == 0, program
    with open("my_model.py", "w") as file:
        file.write(program)
    subprocess.run([sys.executable, "my_model.py"], check=True, stdout=subprocess.DEVNULL)
    expect("training mode  differs", "m.pt", "--features", "7", "--task", *task)

net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
torch.jit.trace(net.train(), torch.randn(5, 4), check_trace=False).save("traced.pt")
expect("warning: traced, not scripted", "traced.pt", "--features", "4")
torch.save(net.state_dict(), "state.pt")
expect("state_dict", "state.pt", "--features", "4", code=2)
torch.jit.freeze(torch.jit.script(net.eval())).save("frozen.pt")
expect("no parameter that can be trained", "frozen.pt", "--features", "4", code=2)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(4, 8, batch_first=True)
        self.last = nn.Linear(8, 1)

    def forward(self, x):
        y, _ = self.cells(x)
        return self.last(y[:, -1])[:, 0]


torch.jit.script(Recurrent()).save("lstm.pt")
code, said = crossilo("model", "check", "lstm.pt", "--sample_shape", "6,4")
assert code == 0 and "warning" not in said and "cells.weight_hh_l0 [32, 8]" in said, said
expect("forward failed on a batch of shape [2, 6, 5]", "lstm.pt", "--sample_shape", "6,5", code=2)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(torch.relu(self.first(x))).sum(1)


torch.jit.script(Tied()).save("tied.pt")
expect("trained        16 parameters", "tied.pt", "--features", "4")
print("all files were told apart")
