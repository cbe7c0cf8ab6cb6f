"""`python -m recount`: recompute a run from outside, and say where the platform differs."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from aiokafka.errors import KafkaError

from recount.compare import compare
from recount.evidence import Sources, gather
from recount.mutants import MUTANTS


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when nothing differs, 1 when something does, 2 when there is nothing to read."""
    options = _parser().parse_args(arguments)
    sources = Sources(
        options.bootstrap, options.imports, options.cycle, options.journal, options.editions
    )
    try:
        evidence = asyncio.run(gather(sources))
    except (OSError, ValueError, KafkaError) as error:
        print(f"recount: {error}", file=sys.stderr)
        return 2
    except LookupError as error:
        print(f"recount: a column or field is missing: {error}", file=sys.stderr)
        return 2
    if options.plant:
        evidence = MUTANTS[options.plant](evidence)
    checks = compare(evidence)
    ok = all(check.ok for check in checks)
    if options.json:
        print(json.dumps({"ok": ok, "checks": [check.as_json() for check in checks]}))
    else:
        print("\n".join(line for check in checks for line in check.lines()))
    return 0 if ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recount", description=__doc__)
    parser.add_argument("--bootstrap", required=True, metavar="HOST:PORT", help="a Kafka broker")
    for name, what in (
        ("imports", "folder of the files the roster was given, named YYYY-MM-DDTHH-MM_KIND.csv"),
        ("cycle", "cycle file"),
        ("journal", "journal of the mail sink"),
        ("editions", "folder of editions: BUSINESS-DATE/DEPARTMENT.csv"),
    ):
        parser.add_argument(f"--{name}", required=True, type=Path, metavar="PATH", help=what)
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument(
        "--plant", choices=sorted(MUTANTS), help="plant this fault first; it must be found"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
