"""`python -m bench [NAME ...]`: measure, print a table, write var/bench.json."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure, Result, summarise
from bench.figures import FIGURES
from bench.ground import Backends, running_backends
from bench.worker import Half, measure

ROOT = Path(__file__).parents[2]
VAR = ROOT / "var"
HALVES: tuple[Half, ...] = ("ours", "ceiling")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 when a figure misses its goal."""
    options = _parser().parse_args(arguments)
    names = options.names or list(FIGURES)
    with running_backends(VAR) as backends:
        results = [
            asyncio.run(run(FIGURES[name], backends, options.rounds, options.events))
            for name in names
        ]
    report = [asdict(result) for result in results]
    (VAR / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        _print(results)
    return 0 if all(result.reached for result in results) else 1


async def run(figure: Figure, backends: Backends, rounds: int | None, events: int | None) -> Result:
    """Measure both halves of a figure in turn, `rounds` times."""
    ground = await backends.ground(figure.service, events or figure.events)
    await figure.prepare(ground)
    measured: list[tuple[float, float]] = []
    for number in range(rounds or figure.rounds):
        values: dict[Half, float] = {}
        # Who goes first changes, because the second finds warmer caches.
        for half in HALVES if number % 2 else reversed(HALVES):
            await figure.reset(ground)
            values[half] = await asyncio.to_thread(measure, figure.name, half, ground)
        measured.append((values["ours"], values["ceiling"]))
        _tell(figure, number + 1, *measured[-1])
    return summarise(figure, measured)


def _tell(figure: Figure, number: int, ours: float, ceiling: float) -> None:
    print(
        f"{figure.name} {number}: {ours:,.0f} of {ceiling:,.0f} {figure.unit}"
        f" = {ours / ceiling:.3f}",
        file=sys.stderr,
    )


def _print(results: list[Result]) -> None:
    table = Table("figure", "ours", "ceiling", "unit", "ratio", "goal", "rounds")
    for each in results:
        colour = "green" if each.reached else "red"
        cells = [f"{each.value:,.0f}", f"{each.ceiling:,.0f}", each.unit]
        ratio = f"[{colour}]{each.ratio:.2f}[/]"
        table.add_row(each.name, *cells, ratio, f"{each.goal:.2f}", str(each.rounds))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Rollcall's speed.")
    parser.add_argument(
        "names", nargs="*", choices=[*FIGURES, []], metavar="NAME", help=", ".join(FIGURES)
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, help="rounds per figure (default: by figure)")
    parser.add_argument("--events", type=int, help="events per measurement (default: by figure)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
