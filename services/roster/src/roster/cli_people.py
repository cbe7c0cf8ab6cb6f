"""`roster person` and what the office does to one: hold, lift, merge, split, erase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from chassis.calendars import calendar_of
from chassis.cli import Actor, Json, Reason, fail, print_json, print_table, with_database
from chassis.postgres import Connection
from chassis.settings import load
from roster.handlers import erasures, holds, merges
from roster.handlers.acts import Who
from roster.handlers.holds import HoldReason
from roster.handlers.merges import Merged
from roster.handlers.show import show_as_of, show_former, show_person
from roster.settings import RosterSettings
from roster.store.holds import list_holds

COLUMNS = ["version", "change", "effective_on", "received_at", "onboarded_on", "separated_on"]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")]

T = TypeVar("T")

erased = typer.Typer(no_args_is_help=True, help="People whose name and address are forgotten.")


def add_to(app: typer.Typer) -> None:
    """Add the commands about one person to the roster's."""
    for command in (person, hold, lift, holds_, merge, split, erase):
        app.command(command.__name__.rstrip("_"))(command)
    app.add_typer(erased, name="erasures")


def act(
    actor: str,
    work: Callable[[Connection, Who], Awaitable[T]],
    reason: str | None = None,
    *,
    dry_run: bool = False,
) -> T:
    """Do what a human of the office asks for, on one connection, by the service's calendar."""
    settings = load(RosterSettings)

    async def connected(connection: Connection) -> T:
        calendar = await calendar_of(connection, settings)
        return await work(connection, Who(actor, calendar, settings.timezone, reason, dry_run))

    return with_database(settings, connected)


def person(
    person_id: str,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As the person was on that day.")
    ] = None,
    known_at: Annotated[
        datetime | None, typer.Option(help="With --as-of: as known at that instant (UTC).")
    ] = None,
    former: Annotated[
        bool, typer.Option("--former", help="Former logins and addresses: personal data.")
    ] = False,
    json_: Json = False,
) -> None:
    """Show one person by ids: as published with its history, or as of a day."""
    if known_at and not as_of:
        raise fail("--known-at says what was known then of a day: give the day with --as-of.")
    if former:
        _print_former(person_id, json_=json_)
    elif as_of:
        at = known_at.replace(tzinfo=UTC) if known_at else None
        shown = _looked_up(lambda c: show_as_of(c, person_id, as_of.date(), at))
        print_json(shown) if json_ else print(_appointments(shown) or "No appointments.")
    else:
        _print_history(_looked_up(lambda c: show_person(c, person_id)), json_=json_)


def hold(person_id: str, code: HoldReason, actor: Actor) -> None:
    """Hold a person: no mail, no trace in any report, whatever a feed says."""
    held = act(actor, lambda c, who: holds.hold(c, who, person_id, code))
    print(f"{held} is on hold.")


def lift(person_id: str, reason: Reason, actor: Actor) -> None:
    """Take a person off hold."""
    lifted = act(actor, lambda c, who: holds.lift(c, who, person_id), reason)
    print(f"{lifted} is no longer on hold.")


def holds_(limit: int = 1_000, json_: Json = False) -> None:
    """List who is on hold, since when, and why."""
    found = with_database(load(RosterSettings), lambda c: list_holds(c, limit))
    rows: list[list[object]] = [[who, why, since.isoformat()] for who, why, since in found]
    columns = ["person_id", "code", "held_at"]
    if json_:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows, "Nobody is on hold.")


def merge(
    person_id: str,
    *,
    into: Annotated[str, typer.Option(help="The id that stays.")],
    reason: Reason,
    actor: Actor,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Make an id an alias of another, whose reports and obligations it shares from then on."""
    done = act(actor, lambda c, who: merges.merge(c, who, person_id, into), reason, dry_run=dry_run)
    print_merged(done, json_=json_)


def split(
    person_id: str, reason: Reason, actor: Actor, dry_run: DryRun = False, json_: Json = False
) -> None:
    """Undo the merge of an alias."""
    done = act(actor, lambda c, who: merges.split(c, who, person_id), reason, dry_run=dry_run)
    print_merged(done, json_=json_)


def erase(
    person_id: str,
    reason: Reason,
    actor: Actor,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget how a person and its aliases are called and reached, everywhere and for good."""
    if not yes:
        typer.confirm(f"Erase {person_id} for good?", abort=True, err=True)
    done = act(actor, lambda c, who: erasures.erase(c, who, person_id), reason)
    print(f"Erased{' again' if done.already else ''}: {', '.join(done.ids)}.")


@erased.command("republish")
def republish(reason: Reason, actor: Actor) -> None:
    """Say every erasure again, as after a restore of any service's database."""
    count = act(actor, erasures.republish, reason)
    print(f"Erasures said again: {count}.")


def print_merged(done: Merged, *, json_: bool) -> None:
    """What a merge or a split did, by ids."""
    if json_:
        print_json(done.as_json())
        return
    shown: Any = done.as_json()["people"]
    rows: list[list[object]] = [
        [each["person_id"], each["merged_into"], ", ".join(each["aliases"]), _appointments(each)]
        for each in shown
    ]
    print_table(["person_id", "merged_into", "aliases", "appointments"], rows, "Nothing.")
    if done.dry_run:
        print("Nothing was changed.")


def _looked_up(work: Callable[[Connection], Awaitable[dict[str, Any] | None]]) -> dict[str, Any]:
    shown = with_database(load(RosterSettings), work)
    if shown is None:
        raise fail("No such person.")
    return shown


def _print_history(shown: dict[str, Any], *, json_: bool) -> None:
    if json_:
        print_json(shown)
        return
    rows = [[each[name] for name in COLUMNS] + [_appointments(each)] for each in shown["history"]]
    print_table([*COLUMNS, "appointments"], rows, "No versions.")


def _print_former(person_id: str, *, json_: bool) -> None:
    found = with_database(load(RosterSettings), lambda c: show_former(c, person_id))
    if json_:
        print_json(found)
        return
    columns = ["kind", "value", "until_on"]
    print_table(columns, [[each[name] for name in columns] for each in found], "None.")


def _appointments(shown: dict[str, Any]) -> str:
    return "\n".join(
        f"{each['kind']} in {each['department_id']}, {each['start_on']} to {each['end_on'] or '-'}"
        for each in shown["appointments"]
    )
