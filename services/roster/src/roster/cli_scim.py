"""`roster scim`: who may push people in over SCIM."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from chassis.cli import Json, fail, print_json, print_table, with_database
from chassis.settings import load
from roster.scim import secret
from roster.scim.service import SCOPES
from roster.scim.store import tokens
from roster.scim.store.tokens import Token
from roster.settings import RosterSettings

PersonId = Literal["externalId", "employeeNumber"]

Name = Annotated[str, typer.Argument(help="A name for the token, like campus-idp.")]
Source = Annotated[str, typer.Option(help="The feed its reports belong to, like identity.")]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", help=f"What it may do, repeatable: {', '.join(SCOPES)}. All if absent."
    ),
]
PersonIdFrom = Annotated[
    PersonId, typer.Option(help="The attribute that holds the institute id of a person.")
]
LoginDomain = Annotated[
    str | None,
    typer.Option(help="Of a userName with this domain, the part before @ is the login."),
]

app = typer.Typer(no_args_is_help=True, help="The SCIM 2.0 door at /scim/v2.")
token = typer.Typer(no_args_is_help=True, help="Tokens of identity systems.")
app.add_typer(token, name="token")


@token.command("create")
def create(
    name: Name,
    source: Source,
    *,
    scope: Scopes = None,
    person_id_from: PersonIdFrom = "externalId",
    login_domain: LoginDomain = None,
    json_: Json = False,
) -> None:
    """Make a token and show it, this once; only its digest is stored."""
    _check(name, source, scope, login_domain)
    made = secret.new_token()
    scopes = frozenset(scope or SCOPES)
    row = Token(name, source, scopes, person_id_from, login_domain, datetime.now(UTC), None, None)
    settings = load(RosterSettings)
    if not with_database(settings, lambda c: tokens.add(c, row, secret.sha256_of(made))):
        raise fail("There is a token of that name; names are not used twice.")
    if json_:
        print_json({"token": made, **_shown(row)})
        return
    typer.echo(made)
    typer.echo("Store it now: it cannot be shown again.", err=True)


@token.command("list")
def list_(json_: Json = False) -> None:
    """List the tokens, revoked ones too, without their secrets."""
    rows = with_database(load(RosterSettings), tokens.every)
    if json_:
        print_json([_shown(row) for row in rows])
        return
    columns = ["name", "source", "scopes", "person_id_from", "created", "last_used", "revoked"]
    print_table(columns, [_row(row) for row in rows], "No tokens.")


@token.command("revoke")
def revoke(name: Name, json_: Json = False) -> None:
    """Revoke a token for good; the next request with it is refused."""
    at = datetime.now(UTC)
    if not with_database(load(RosterSettings), lambda c: tokens.revoke(c, name, at)):
        raise fail("No token of that name works.")
    print_json({"name": name, "revoked_at": at.isoformat()}) if json_ else typer.echo("Revoked.")


def _check(name: str, source: str, scopes: list[str] | None, login_domain: str | None) -> None:
    if not secret.NAME.fullmatch(name):
        raise fail("A token's name is of lower-case letters, digits and hyphens.")
    if not secret.SOURCE.fullmatch(source):
        raise fail("A source is 1 to 32 lower-case letters, digits and hyphens.")
    if wrong := sorted(set(scopes or ()) - set(SCOPES)):
        raise fail(f"No such scope: {', '.join(wrong)}. There are {', '.join(SCOPES)}.")
    if login_domain is not None and not secret.DOMAIN.fullmatch(login_domain):
        raise fail("A login domain looks like example.edu.")


def _shown(row: Token) -> dict[str, object]:
    return {
        "name": row.name,
        "source": row.source,
        "scopes": sorted(row.scopes),
        "person_id_from": row.person_id_from,
        "login_domain": row.login_domain,
        "created_at": row.created_at.isoformat(),
        "last_used_at": _instant(row.last_used_at),
        "revoked_at": _instant(row.revoked_at),
    }


def _row(row: Token) -> list[object]:
    shown = _shown(row)
    return [
        row.name,
        row.source,
        " ".join(sorted(row.scopes)),
        row.person_id_from,
        shown["created_at"],
        shown["last_used_at"] or "-",
        shown["revoked_at"] or "-",
    ]


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
