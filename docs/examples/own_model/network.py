"""Train a small network on a column of a table of molecules, and save it in ONNX."""

import csv
import sys
from pathlib import Path

import torch
from torch import nn

from sequence_tutor.molecule.features import Descriptors, matrix

NAMES = ("MolWt", "MolLogP", "TPSA", "NumHAcceptors", "NumHDonors", "NumRotatableBonds")

table, column, out = sys.argv[1:]
with Path(table).open(encoding="utf-8", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row[column]]
x = torch.tensor(matrix([row["smiles"] for row in rows], Descriptors(names=NAMES))).float()
y = torch.tensor([[float(row[column])] for row in rows])
held_out = torch.arange(len(rows)) % 4 == 0
torch.manual_seed(0)
count = len(NAMES)
network = nn.Sequential(nn.BatchNorm1d(count), nn.Linear(count, 64), nn.ReLU(), nn.Linear(64, 1))
optimiser = torch.optim.Adam(network.parameters(), 0.01)
for _ in range(300):
    loss = (network(x[~held_out]) - y[~held_out]).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
network.eval()
torch.onnx.export(
    network,
    (x[:2],),
    out,
    input_names=["features"],
    output_names=["prediction"],
    dynamic_shapes=({0: torch.export.Dim("molecules")},),
    external_data=False,  # one file with all weights
    verbose=False,
)
found = torch.cat([network(x[held_out]), y[held_out]], dim=1)
agreement = torch.corrcoef(found.detach().T)[0, 1]
print(f"correlation over {held_out.sum()} held-out molecules: {agreement:.2f}")
