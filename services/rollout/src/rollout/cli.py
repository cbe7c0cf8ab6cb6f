"""`rollout`: check and publish cycle files, and ask why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.tree import Tree

from chassis.cli import (
    Actor,
    Json,
    create_cli,
    errors,
    fail,
    print_json,
    print_table,
    with_database,
)
from chassis.postgres import Connection
from chassis.settings import load
from rollout.app import create_service
from rollout.cycle_file import CycleFileError, Policy, read_cycle
from rollout.domain import release_days
from rollout.handlers import explain
from rollout.handlers.run_cycle import Published, publish_cycle
from rollout.settings import RolloutSettings
from rollout.store.facts import calendar_now

File = Annotated[str, typer.Argument(help="A cycle file, or the name of a shipped one: 2023-24.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")]
CycleName = Annotated[
    str | None,
    typer.Option("--cycle", help="The cycle, such as 2023-24; needed when there are several."),
]
Limit = Annotated[int, typer.Option(min=1, help="At most so many ids of each kind.")]

_SHOWN = (
    "group",
    "planned_on",
    "released_at",
    "due_on",
    "paused",
    "completed_at",
    "department_ids",
    "merged_from",
)

app = create_cli("rollout", RolloutSettings, create_service)
cycle_app = typer.Typer(no_args_is_help=True, help="Cycle files: who must do what by when.")
app.add_typer(cycle_app, name="cycle")


def main() -> None:
    """The console script."""
    app()


@cycle_app.command("check")
def check(file: File, json_: Json = False) -> None:
    """Read a cycle file and show its plan, or every error with its line; touches no database."""
    cycle = _read(file, json_=json_).cycle
    columns = ["group", "title", "start_on", "due_on", "release_days", "first", "last"]
    rows: list[list[object]] = []
    for group in cycle.groups:
        days = release_days(group, cycle)
        window = [group.start_on, group.due_on, len(days), days[0], days[-1]]
        rows.append([group.group, group.title, *window])
    if json_:
        groups = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"cycle": cycle.cycle, "title": cycle.title, "groups": groups, "errors": []})
        return
    print_table(columns, rows, "No groups.")


@cycle_app.command("show")
def show(file: File) -> None:
    """Print a cycle file as it is; a shipped one is where the next cycle starts from."""
    print(_text(file), end="")


@cycle_app.command("apply")
def apply(file: File, actor: Actor, dry_run: DryRun = False, json_: Json = False) -> None:
    """Publish a cycle file: everybody is decided by it. Nothing is applied on any error."""
    policy = _read(file, json_=json_)
    settings = load(RolloutSettings)

    async def work(connection: Connection) -> Published:
        async with connection.transaction():
            now = await calendar_now(connection, stepped=settings.calendar == "stepped")
            return await publish_cycle(connection, policy, now, actor=actor, dry_run=dry_run)

    try:
        published = with_database(settings, work)
    except CycleFileError as error:
        raise _refused(error, json_=json_) from None
    if json_:
        print_json({**vars(published), "dry_run": dry_run})
        return
    did = "would be" if dry_run else "is"
    state = f"{did} published" if published.changed else "is unchanged"
    print(f"Cycle {published.cycle} {state} as policy version {published.policy_version}.")


@cycle_app.command("list")
def list_(json_: Json = False) -> None:
    """Show the published cycles, their groups, and how many people each has released."""
    listed = with_database(load(RolloutSettings), explain.list_cycles)
    if json_:
        print_json(listed)
        return
    columns = ["start_on", "due_on", "release_days", "released"]
    rows: list[list[object]] = [
        [
            cycle["cycle"],
            cycle["policy_version"],
            "yes" if cycle["decided"] else "under way",
            group["group"],
            *(group[column] for column in columns),
        ]
        for cycle in listed
        for group in cycle["groups"]
    ]
    print_table(["cycle", "policy", "decided", "group", *columns], rows, "No cycle is published.")


@app.command("why")
def why(person_id: str, cycle: CycleName = None, json_: Json = False) -> None:
    """Show why a person's obligation stands as it does, and the one fact that would flip it."""
    settings = load(RolloutSettings)

    async def work(connection: Connection) -> dict[str, Any]:
        async with connection.transaction():
            now = await calendar_now(connection, stepped=settings.calendar == "stepped")
            chosen = await explain.choose_cycle(connection, cycle)
            return await explain.why(connection, person_id, chosen, now)

    found = _ask(settings, work)
    print_json(found) if json_ else _print_why(found)


@app.command("exceptions")
def exceptions(cycle: CycleName = None, limit: Limit = 1_000, json_: Json = False) -> None:
    """Show who has no group, and people and departments of whom a fact is missing."""

    async def work(connection: Connection) -> dict[str, Any]:
        chosen = await explain.choose_cycle(connection, cycle)
        return await explain.exceptions(connection, chosen, limit)

    found = _ask(load(RolloutSettings), work)
    if json_:
        print_json(found)
        return
    kinds = [kind for kind in found if kind != "cycle"]
    rows: list[list[object]] = [
        [kind.replace("_", " "), each] for kind in kinds for each in found[kind]
    ]
    print_table(["what", "id"], rows, "No exceptions.")


def _read(file: str, *, json_: bool) -> Policy:
    try:
        return read_cycle(_text(file), file)
    except CycleFileError as error:
        raise _refused(error, json_=json_) from None


def _text(file: str) -> str:
    path = Path(file)
    shipped = files("rollout").joinpath("cycles", f"{path.name}.yaml")
    try:
        if not path.exists() and path.name == file and shipped.is_file():
            return shipped.read_text(encoding="utf-8")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise fail(f"{file} is not UTF-8.") from None
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}.") from None


def _refused(error: CycleFileError, *, json_: bool) -> typer.Exit:
    if json_:
        print_json({"errors": [each.as_dict() for each in error.errors]})
    else:
        for each in error.errors:
            errors.print(str(each), highlight=False, markup=False, soft_wrap=True)
    return fail(f"Mistakes: {len(error.errors)}. Nothing was applied.")


def _ask(
    settings: RolloutSettings, work: Callable[[Connection], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    try:
        return with_database(settings, work)
    except explain.Unknown as unknown:
        raise fail(str(unknown)) from None


def _print_why(found: dict[str, Any]) -> None:
    standing = found["obligation"]
    status = standing["status"] if standing else "not decided yet"
    if found["alias"]:
        print(f"{found['alias']} is an alias of {found['person_id']}")
    print(f"{found['person_id']} in {found['cycle']}: {status}")
    print(f"because of rule {found['rule']}, which says {found['outcome']}")
    if found["quote"]:
        print(f'  "{found["quote"]}" ({found["source"]})')
    if found["other_programme"]:
        print("  another programme covers this person")
    for name in _SHOWN:
        value = standing[name] if standing else None
        if value:
            print(f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}")
    if flip := found["flip"]:
        print(
            f"  {flip['fact']} {flip['instead'] or 'empty'} instead of {flip['present'] or 'empty'}"
            f" would make it {flip['outcome']}"
        )
    print(
        f"  as of {found['as_of']}, person version {found['person_version']}, "
        f"policy version {found['policy_version']}"
    )
    Console(soft_wrap=True, highlight=False, markup=False).print(_tree(found["proof"]))


def _tree(node: dict[str, Any], parent: Tree | None = None) -> Tree:
    facts = ", ".join(f"{name}={value}" for name, value in node["facts"].items())
    label = f"{'yes' if node['holds'] else 'no '} {node['code']}" + (f": {facts}" if facts else "")
    here = Tree(label) if parent is None else parent.add(label)
    for child in node["because"]:
        _tree(child, here)
    return here
