"""The mappings that come with the package, by name."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_file import InvalidMapping, MappingError, parse_mapping

DEFAULT = "rollcall"


def preset_names() -> list[str]:
    """The presets, sorted."""
    folder = files("roster.csv_import").joinpath("presets")
    return sorted(Path(each.name).stem for each in folder.iterdir() if each.name.endswith(".toml"))


def preset_text(name: str) -> str:
    """The file of a preset, to start one's own from; KeyError when there is none."""
    if name not in preset_names():
        raise KeyError(name)
    path = files("roster.csv_import").joinpath("presets", f"{name}.toml")
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def preset(name: str) -> Mapping:
    """A preset, read; KeyError when there is none."""
    return parse_mapping(preset_text(name), f"{name}.toml", preset_text)


def named_mapping(name: str, folder: Path | None) -> Mapping:
    """The mapping NAME.toml of the folder, or else the preset of that name.

    Raises:
        InvalidMapping: naming line and key of every mistake, or that there is none.
    """
    path = folder / f"{name}.toml" if folder else None
    if path is not None and path.is_file():
        return file_mapping(path)
    if name in preset_names():
        return preset(name)
    expected = f"one of the presets {', '.join(preset_names())}, or a file of the folder"
    raise InvalidMapping([MappingError(f"{name}.toml", None, None, expected)])


def file_mapping(path: Path) -> Mapping:
    """The mapping of a file; raises InvalidMapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        error = MappingError(path.name, None, None, "a file in UTF-8")
        raise InvalidMapping([error]) from None
    return parse_mapping(text, path.name, preset_text)
