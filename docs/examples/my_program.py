"""A program of one's own as a term: one JSON line in, one JSON line out, for every molecule."""

import json
import sys

for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    print(json.dumps({"value": smiles.count("N") + smiles.count("n")}), flush=True)
