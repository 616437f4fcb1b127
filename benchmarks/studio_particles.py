"""What particles of a candidate cost the studio, and what its melodies are paid for it.

    python benchmarks/studio_particles.py --particles 2 4 8 16 32 --requests 8

Asks the studio's own function, in this process and one thread, for the melodies that
`studio_load.py` asks for, with the seeds 1 to --requests, and prints a line a number of particles:
processor seconds a request, the mean reward and log p of the candidates, and their effective
sample size as a share of those drawn. With --not-led particles do not know what is paid.
"""

from __future__ import annotations

import argparse
import time
from statistics import fmean
from typing import Any

from studio_load import WISHES

from sequence_tutor.studio import melodies
from sequence_tutor.studio.messages import Generate
from sequence_tutor.studio.shelf import Shelf
from sequence_tutor.studio.wishes import Prices
from sequence_tutor.threads import set_threads
from sequence_tutor.workbench import filled


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--particles", type=int, nargs="+", default=[2, 4, 8, 16, 32])
    parser.add_argument("--requests", type=int, default=8)
    parser.add_argument("--not-led", action="store_true")
    parser.add_argument("--model", default="tunes")
    asked = parser.parse_args()
    set_threads(1)
    if asked.not_led:
        filled.led = lambda guide, *_: guide
    shelf, prices = Shelf([asked.model]), Prices()
    model = shelf.model(shelf.chosen(None, "melody"))

    def write(seed: int) -> dict[str, Any]:
        wish = Generate.model_validate({**WISHES["rules"], "bars": 8, "count": 8, "seed": seed})
        return melodies.generate_melodies(model, wish, prices)

    for melodies.PARTICLES in asked.particles:
        write(0)  # what is kept for later requests is made once
        begun = time.process_time()
        replies = [write(seed) for seed in range(1, 1 + asked.requests)]
        seconds = (time.process_time() - begun) / asked.requests
        every = [one for reply in replies for one in reply["candidates"]]
        shares = [reply["effective_sample_size"] / reply["drawn"] for reply in replies]
        print(
            f"{melodies.PARTICLES:3d} particles: {seconds:.3f} processor seconds, reward "
            f"{fmean(one['reward'] for one in every):.2f}, log p "
            f"{fmean(one['log_prior'] for one in every):.2f}, effective {fmean(shares):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
