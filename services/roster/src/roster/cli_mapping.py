"""`roster import mapping`: check mapping files, and see those that come with the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chassis.cli import Json, errors, fail, print_json, print_table
from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_file import InvalidMapping
from roster.csv_import.presets import file_mapping, named_mapping, preset, preset_names, preset_text

MappingName = Annotated[
    str, typer.Option("--mapping", help="A preset's name, or the path of a mapping file.")
]
mappings = typer.Typer(no_args_is_help=True, help="How a source's columns become our fields.")


@mappings.command("check")
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    json_: Json = False,
) -> None:
    """Check a mapping file; every mistake with its line and key."""
    mapping = mapping_of(str(file), json_=json_)
    if json_:
        print_json({"mapping": mapping.name, "source": mapping.source, "mode": mapping.mode})
    else:
        print(f"{mapping.name}: {mapping.mode} files of {mapping.source}, nothing wrong.")


@mappings.command("list")
def list_(json_: Json = False) -> None:
    """Show the presets."""
    found = [preset(name) for name in preset_names()]
    columns = ["name", "source", "mode", "rows", "description"]
    if json_:
        print_json([{name: getattr(each, name) for name in columns} for each in found])
    else:
        print_table(columns, [[getattr(each, name) for name in columns] for each in found], "None.")


@mappings.command("show")
def show(name: str) -> None:
    """Print a preset as the file it is, to start one's own from."""
    try:
        sys.stdout.write(preset_text(name))
    except KeyError:
        raise fail(f"No preset is called so; there are {', '.join(preset_names())}.") from None


def mapping_of(name: str, *, json_: bool) -> Mapping:
    """The mapping of a preset's name or a file's path; mistakes end the command."""
    try:
        if name in preset_names():
            return named_mapping(name, None)
        return file_mapping(Path(name))
    except InvalidMapping as invalid:
        if json_:
            print_json(invalid.as_json())
        for error in [] if json_ else invalid.errors:
            errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise fail("The mapping cannot be used.") from None
