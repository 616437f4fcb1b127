"""Train a random forest on a column of a table of molecules, and save it as a file of skops."""

import csv
import sys
from pathlib import Path

import numpy as np
import skops.io
from sklearn.ensemble import RandomForestRegressor

from sequence_tutor.molecule.features import Morgan, matrix

table, column, out = sys.argv[1:]
with Path(table).open(encoding="utf-8", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row[column]]
x = matrix([row["smiles"] for row in rows], Morgan(size=1024, counts=True))
y = np.array([float(row[column]) for row in rows])
held_out = np.arange(len(rows)) % 4 == 0
model = RandomForestRegressor(100, random_state=0).fit(x[~held_out], y[~held_out])
skops.io.dump(model, out)
agreement = np.corrcoef(model.predict(x[held_out]), y[held_out])[0, 1]
print(f"correlation over {held_out.sum()} held-out molecules: {agreement:.2f}")
