"""Everything the recount looks at, gathered before anything is judged."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote

from recount.cycle import Cycle, read_cycle
from recount.facts import Facts, read_imports
from recount.log import Log, read_log
from recount.mails import Mail, read_journal

Editions = dict[date, dict[str, str]]
"""CSV text by business date and department id."""


@dataclass
class Evidence:
    """The cycle file and the imports on one side, what the platform made of them on the other."""

    cycle: Cycle
    facts: Facts
    log: Log
    mails: list[Mail]
    unreadable_mails: list[str]
    editions: Editions


@dataclass(frozen=True)
class Sources:
    """Where the evidence lies."""

    bootstrap: str
    imports: Path
    cycle: Path
    journal: Path
    editions: Path


async def gather(sources: Sources) -> Evidence:
    """Read it all. OSError or ValueError when something is missing or makes no sense."""
    cycle = read_cycle(sources.cycle)
    facts = read_imports(sources.imports, cycle.zone)
    mails, complaints = read_journal(sources.journal)
    editions = read_editions(sources.editions)
    log = await read_log(sources.bootstrap)
    if not log.entries:
        raise ValueError(f"there is no event on {sources.bootstrap}")
    return Evidence(cycle, facts, log, mails, complaints, editions)


def read_editions(folder: Path) -> Editions:
    """Every edition: `<business date>/<department id, percent-encoded>.csv`."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    return {
        date.fromisoformat(night.name): {
            unquote(path.stem): path.read_bytes().decode() for path in night.glob("*.csv")
        }
        for night in sorted(folder.iterdir())
        if night.is_dir()
    }


def end_of(evidence: Evidence) -> datetime:
    """The last instant of the calendar that left a trace."""
    return max(entry.instant("received_at") for entry in evidence.log.entries)
