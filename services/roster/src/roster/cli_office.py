"""What the office keeps in the roster: proposals to merge, committee seats, roles."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from chassis.cli import Actor, Json, Reason, print_json, print_table, with_database
from chassis.settings import load
from roster.cli_people import act, print_merged
from roster.handlers import committees
from roster.handlers import proposals as deciding
from roster.handlers import roles as roles_
from roster.handlers.committees import Seat
from roster.settings import RosterSettings
from roster.store.proposals import ProposalState, list_proposals
from roster.store.roles import list_roles
from schemas.roster import RoleName

DAY = ["%Y-%m-%d"]
LastDay = Annotated[datetime, typer.Argument(formats=DAY, metavar="LAST_DAY")]

proposals = typer.Typer(no_args_is_help=True, help="Pairs of ids that may be one human.")
seats = typer.Typer(no_args_is_help=True, help="Committee seats, which the office gives.")
roles = typer.Typer(no_args_is_help=True, help="Roles that do not follow from a department.")


def add_to(app: typer.Typer) -> None:
    """Add the office's commands to the roster's."""
    app.add_typer(proposals, name="proposals")
    app.add_typer(seats, name="seats")
    app.add_typer(roles, name="roles")


@proposals.command("list")
def list_of_proposals(
    state: ProposalState = ProposalState.OPEN, limit: int = 100, json_: Json = False
) -> None:
    """Show proposals that are open, accepted or declined; the oldest first."""
    found = with_database(load(RosterSettings), lambda c: list_proposals(c, state, limit))
    rows = [asdict(each) for each in found]
    if json_:
        print_json(rows)
        return
    columns = ["id", "person_id", "other_id", "cause", "proposed_at"]
    print_table(columns, [[row[name] for name in columns] for row in rows], "No proposals.")


@proposals.command("accept")
def accept(
    proposal_id: int,
    *,
    keep: Annotated[str, typer.Option(help="The id of the two that stays.")],
    reason: Reason,
    actor: Actor,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    json_: Json = False,
) -> None:
    """Merge the two."""
    done = act(
        actor, lambda c, who: deciding.accept(c, who, proposal_id, keep), reason, dry_run=dry_run
    )
    print_merged(done, json_=json_)


@proposals.command("decline")
def decline(proposal_id: int, reason: Reason, actor: Actor) -> None:
    """Say that the two are two; they are not proposed again."""
    act(actor, lambda c, who: deciding.decline(c, who, proposal_id), reason)
    print(f"Declined {proposal_id}.")


@seats.command("appoint")
def appoint(
    person_id: str,
    committee: Annotated[str, typer.Argument(help="The committee, a department's id.")],
    start: Annotated[datetime, typer.Argument(formats=DAY, metavar="FIRST_DAY")],
    *,
    actor: Actor,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Last day; an ex-officio seat has none.")
    ] = None,
    nominated_by: Annotated[str | None, typer.Option(help="The nominating body, by id.")] = None,
) -> None:
    """Give a person a committee seat."""
    last = until.date() if until else None
    seat = Seat(committee, start.date(), last, nominated_by)
    print(act(actor, lambda c, who: committees.appoint(c, who, person_id, seat)))


@seats.command("resign")
def resign(person_id: str, seat_id: str, last_day: LastDay, actor: Actor) -> None:
    """End a seat with that day."""
    act(actor, lambda c, who: committees.resign(c, who, person_id, seat_id, last_day.date()))
    print(f"{seat_id} of {person_id} ends on {last_day.date()}.")


@seats.command("renew")
def renew(person_id: str, seat_id: str, last_day: LastDay, actor: Actor) -> None:
    """Give a seat its next term, which begins when the present one ends."""
    print(act(actor, lambda c, who: committees.renew(c, who, person_id, seat_id, last_day.date())))


@roles.command("list")
def list_of_roles(json_: Json = False) -> None:
    """Show who has which role."""
    found = with_database(load(RosterSettings), list_roles)
    if json_:
        print_json([{"person_id": who, "roles": list(held)} for who, held in found])
        return
    print_table(["person_id", "roles"], [[who, ", ".join(held)] for who, held in found], "Nobody.")


@roles.command("grant")
def grant(person_id: str, role: RoleName, actor: Actor) -> None:
    """Give a person a role."""
    done = act(actor, lambda c, who: roles_.grant(c, who, person_id, role))
    print(f"{person_id} has the role {role}{'.' if done else ' already.'}")


@roles.command("revoke")
def revoke(person_id: str, role: RoleName, actor: Actor) -> None:
    """Take a role from a person."""
    done = act(actor, lambda c, who: roles_.revoke(c, who, person_id, role))
    print(f"{person_id} {'no longer has' if done else 'does not have'} the role {role}.")
