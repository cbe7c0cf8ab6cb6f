"""One measurement in a process of its own, so that neither half inherits the other's heap.

`python -m bench.worker FIGURE ours|ceiling`, with the `Ground` as JSON on standard input; the
last line of standard output is the value. Every worker is pinned to the same processor.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Literal

import uvloop

from bench.ground import Ground
from chassis import collector

Half = Literal["ours", "ceiling"]


def measure(figure: str, half: Half, ground: Ground) -> float:
    """Run one half of a figure in a fresh interpreter and return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.worker", figure, half],
        input=json.dumps(asdict(ground)),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{figure} ({half}) ended with status {done.returncode}")
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure in this process."""
    from bench.figures import FIGURES

    name, half = sys.argv[1:]
    ground = Ground(**json.load(sys.stdin))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if half == "ours":
        collector.settle()  # as `chassis.service.run` does
    else:
        gc.freeze()  # as in a script that had imported only what it needs
    print(uvloop.run(getattr(FIGURES[name], half)(ground)))


if __name__ == "__main__":
    main()
