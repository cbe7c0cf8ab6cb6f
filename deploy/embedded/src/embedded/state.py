"""What is running in a folder, written down for `rollcall status`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Part:
    """One running process: its name, its id, when it started (Unix seconds) and its address."""

    name: str
    pid: int
    started: float
    address: str

    @classmethod
    def of(cls, name: str, pid: int | None, address: str) -> "Part":
        """Describe the process `pid`; one that has ended, or never was, is not alive."""
        try:
            started = psutil.Process(pid).create_time() if pid is not None else 0.0
        except psutil.NoSuchProcess:
            started = 0.0
        return cls(name, pid or 0, started, address)

    def is_alive(self) -> bool:
        """Whether that very process still runs: not another with its id, nor its remains."""
        try:
            process = psutil.Process(self.pid)
            is_it = process.create_time() == self.started
            return is_it and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def write_state(folder: Path, parts: list[Part]) -> None:
    """Write the parts down, replacing what was known before in one step."""
    partial = _path(folder).with_suffix(".partial")
    partial.write_text(json.dumps([asdict(part) for part in parts], indent=2) + "\n")
    partial.replace(_path(folder))


def read_state(folder: Path) -> list[Part]:
    """The parts written down last; none when nothing ever ran here."""
    path = _path(folder)
    return [Part(**fields) for fields in json.loads(path.read_text())] if path.exists() else []


def _path(folder: Path) -> Path:
    return folder / "state.json"
