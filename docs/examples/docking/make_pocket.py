"""Writes pocket.pdbqt: a made receptor, no protein. Atoms on part of a sphere, open at the top.

Every fifth atom is an oxygen that accepts hydrogen bonds, the others are carbons.
"""

import argparse
import math
from pathlib import Path

ATOMS, RADIUS, OPENING = 60, 6.5, 0.6  # radius in angstrom


def lines() -> list[str]:
    """Lines of PDBQT, one an atom."""
    found: list[str] = []
    for number in range(ATOMS):
        height = 1 - 2 * (number + 0.5) / ATOMS  # points of a spiral, evenly spread
        if height > OPENING:
            continue
        around, ring = number * math.pi * (3 - math.sqrt(5)), math.sqrt(1 - height * height)
        place = (ring * math.cos(around), ring * math.sin(around), height)
        x, y, z = (RADIUS * one for one in place)
        kind, charge, element = ("OA", -0.4, "O") if number % 5 == 0 else ("C", 0.05, "C")
        count = len(found) + 1
        found.append(
            f"ATOM  {count:5d}  {element:<3s} GLY A{count:4d}    {x:8.3f}{y:8.3f}{z:8.3f}"
            f"  1.00  0.00    {charge:6.3f} {kind:<2s}"
        )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a made receptor.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pocket.pdbqt"))
    parser.parse_args().out.write_text("\n".join(lines()) + "\n")
