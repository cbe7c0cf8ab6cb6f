"""`python -m schemas generate`: JSON Schema and AsyncAPI from the models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.generate import COMMAND, refusals, stale, write

CHECKOUT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description="Rollcall's contracts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    generate = commands.add_parser(
        "generate",
        help="write JSON Schema and AsyncAPI",
        description="Write JSON Schema and AsyncAPI from the models. A committed schema is only "
        "replaced by one that every reader can live with.",
    )
    generate.add_argument(
        "--check", action="store_true", help="write nothing; fail and name what is stale"
    )
    generate.add_argument(
        "--out",
        type=Path,
        default=CHECKOUT,
        metavar="DIR",
        help="folder of jsonschema/ and asyncapi/ (default: schemas/ of this checkout)",
    )
    options = parser.parse_args(arguments)
    try:
        return _check(options.out) if options.check else _generate(options.out)
    except (OSError, ValueError) as error:
        return _complain([str(error)])


def _generate(folder: Path) -> int:
    if refused := refusals(folder):
        advice = "A released type may only gain optional fields; publish a new major beside it."
        return _complain([*refused, advice])
    changed = write(folder)
    print("\n".join(f"wrote {folder / path}" for path in changed) or "Nothing to do.")
    return 0


def _check(folder: Path) -> int:
    if found := stale(folder):
        stale_files = [f"{folder / path} is stale" for path in found]
        return _complain([*stale_files, *refusals(folder), f"Run: {COMMAND}"])
    return 0


def _complain(sentences: Sequence[str]) -> int:
    print("\n".join(sentences), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
