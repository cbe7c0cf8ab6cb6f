"""The committed contracts, made from the models: what is stale, what must not be replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.asyncapi import document_of
from schemas.compatibility import breaks
from schemas.jsonschema import schema_of
from schemas.registry import EVENTS, INBOUND
from schemas.topics import SERVICES

Files = dict[Path, dict[str, Any]]

JSON_SCHEMA = Path("jsonschema")
ASYNCAPI = Path("asyncapi")
COMMAND = "python -m schemas generate"


def contracts() -> Files:
    """Every generated document by its path below `schemas/`."""
    return {
        **{JSON_SCHEMA / f"{name}.json": schema_of(name) for name in EVENTS | INBOUND},
        **{ASYNCAPI / f"{service}.json": document_of(service) for service in SERVICES},
    }


def stale(folder: Path) -> list[Path]:
    """Paths below `folder` that are missing, differ, or belong to nothing any more."""
    files = contracts()
    differing = [path for path, document in files.items() if not _is(folder / path, document)]
    return sorted(differing + _strangers(folder, files))


def refusals(folder: Path) -> list[str]:
    """A sentence for each change that no reader of a released schema could live with.

    Raises:
        ValueError: a committed schema is not JSON; names the file.
    """
    files = contracts()
    found = [
        f"{path.stem} was released and is gone"
        for path in _strangers(folder, files)
        if path.parent == JSON_SCHEMA
    ]
    for path, document in files.items():
        if path.parent == JSON_SCHEMA and (folder / path).exists():
            released = _read(folder / path)
            found += [f"{path.stem}: {broken}" for broken in breaks(released, document)]
    return found


def write(folder: Path) -> list[Path]:
    """Write what is stale and remove what belongs to nothing; returns the paths changed."""
    files = contracts()
    changed = stale(folder)
    for path in changed:
        target = folder / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_text(files[path]), encoding="utf-8")
        else:
            target.unlink()
    return changed


def _strangers(folder: Path, files: Files) -> list[Path]:
    present = [*(folder / JSON_SCHEMA).glob("*.json"), *(folder / ASYNCAPI).glob("*.json")]
    return [path for found in sorted(present) if (path := found.relative_to(folder)) not in files]


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    return document


def _is(path: Path, document: dict[str, Any]) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == _text(document)


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
