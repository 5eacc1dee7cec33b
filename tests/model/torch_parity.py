# Aim: a scripted CNN with BatchNorm and Dropout takes the same 20 steps of crossilo's own as in Python's torch, to 1e-6.
# Method: script it, take the steps here, let torch_parity_main take them, compare parameters and buffers.
# Usage: torch_parity.py TORCH_PARITY_MAIN; ends with 77 and the reason where torch cannot be imported.
import json
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from torch import nn
except (ImportError, OSError) as reason:
    print("SKIPPED: torch cannot be imported:", reason)
    sys.exit(77)

STEPS, ROWS, SIDE, CLASSES, LEARNING_RATE, MOMENTUM, SEED = 20, 32, 12, 4, 0.05, 0.9, 11


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.3)
        self.inner = nn.Linear(6 * 36, 16)
        self.inner_norm = nn.BatchNorm1d(16)
        self.out = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.conv(x.unsqueeze(1)))), 2)
        return self.out(torch.relu(self.inner_norm(self.inner(self.drop(x.flatten(1))))))


torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
torch.manual_seed(3)
net = Net()
x = torch.randn(STEPS, ROWS, SIDE, SIDE)
y = torch.randint(CLASSES, (STEPS, ROWS))
x += y[:, :, None, None] * 0.5  # something to learn

with tempfile.TemporaryDirectory() as folder:
    torch.jit.script(net).save(folder + "/m.pt")
    x.numpy().astype("<f4").tofile(folder + "/x")
    y.numpy().astype("<f4").tofile(folder + "/y")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    torch.manual_seed(SEED)
    net.train()
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[step]), y[step])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    settings = [STEPS, ROWS, SIDE, CLASSES, LEARNING_RATE, MOMENTUM, SEED]
    ran = subprocess.run([sys.argv[1], folder, *map(str, settings)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    tensors = json.loads(ran.stdout)
    flat = np.fromfile(folder + "/flat", dtype="<f4")

after = net.state_dict()
assert losses[-1] < 0.7 * losses[0], losses
compared, worst = 0, 0.0
for tensor in tensors:
    expected = after[tensor["name"]].detach().numpy().ravel()
    found = flat[tensor["offset"]:tensor["offset"] + tensor["count"]]
    assert found.shape == expected.shape, tensor
    assert not np.array_equal(expected, before[tensor["name"]].numpy().ravel()), ("does not move", tensor)
    worst = max(worst, float((np.abs(found - expected) / np.maximum(1.0, np.abs(expected))).max()))
    compared += 1
assert compared == len(after) - 2, (compared, list(after))  # all but the two counters of batches
print(f"{compared} tensors after {STEPS} steps: largest difference {worst:g} (relative above 1), loss {losses[0]:.3f} to {losses[-1]:.3f}")
assert worst <= 1e-6, worst
