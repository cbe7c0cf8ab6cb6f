"""Runs in Canaille's own environment: does to Canaille what a line of JSON on stdin says.

Canaille pushes each change out over SCIM by itself. `canaille_driver.py URL`, the token in TOKEN.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import sys
from typing import Any

from canaille import create_app
from canaille.app import models


def main(url: str, token: str) -> None:
    """One answer line for each command line, until stdin ends."""
    app = create_app(
        {
            "SECRET_KEY": secrets.token_urlsafe(24),
            "SERVER_NAME": "canaille.test",
            "TESTING": True,
            "CANAILLE": {"DATABASE": "memory", "TIMEZONE": "UTC"},
            "CANAILLE_OIDC": {"ENABLE_OIDC": True, "TRUSTED_DOMAINS": ["127.0.0.1"]},
            "CANAILLE_SCIM": {"ENABLE_CLIENT": True},
        }
    )
    with app.app_context(), app.backend.session():
        _trust(app.backend, url, token)
        _answer({"ready": True})
        for line in sys.stdin:
            command = json.loads(line)
            _answer(COMMANDS[command.pop("do")](app.backend, **command))


def _trust(backend: Any, url: str, token: str) -> None:
    """Make the roster a client that Canaille tells of every change."""
    now = dt.datetime.now(dt.UTC)
    client = models.Client(
        client_id="rollcall",
        client_name="Rollcall",
        client_uri=url,
        redirect_uris=[f"{url}/callback"],
        client_id_issued_at=now,
        client_secret=secrets.token_urlsafe(24),
        grant_types=["client_credentials"],
        response_types=["code"],
        scope=["openid", "profile"],
        token_endpoint_auth_method="client_secret_basic",
    )
    backend.save(client)
    backend.save(
        models.Token(
            token_id=secrets.token_urlsafe(24),
            access_token=token,
            audience=[client],
            client=client,
            refresh_token=secrets.token_urlsafe(24),
            scope=["openid", "profile"],
            issue_date=now,
            lifetime=3600,
        )
    )


def create_user(backend: Any, user_name: str, **more: Any) -> dict[str, Any]:
    user = models.User(user_name=user_name, **more)
    backend.save(user)
    return {"id": user.id}


def change_user(backend: Any, user_id: str, **changes: Any) -> dict[str, Any]:
    user = backend.get(models.User, user_id)
    for name, value in changes.items():
        setattr(user, name, value)
    backend.save(user)
    return {"id": user.id}


def lock_user(backend: Any, user_id: str) -> dict[str, Any]:
    locked = dt.datetime.now(dt.UTC)
    return change_user(backend, user_id, lock_date=locked)


def unlock_user(backend: Any, user_id: str) -> dict[str, Any]:
    return change_user(backend, user_id, lock_date=None)


def delete_user(backend: Any, user_id: str) -> dict[str, Any]:
    backend.delete(backend.get(models.User, user_id))
    return {}


def create_group(backend: Any, name: str, members: list[str]) -> dict[str, Any]:
    users = [backend.get(models.User, each) for each in members]
    group = models.Group(display_name=name, members=users)
    backend.save(group)
    return {"id": group.id}


def set_members(backend: Any, group_id: str, members: list[str]) -> dict[str, Any]:
    group = backend.get(models.Group, group_id)
    group.members = [backend.get(models.User, each) for each in members]
    backend.save(group)
    return {"id": group.id}


COMMANDS = {
    command.__name__: command
    for command in (
        create_user,
        change_user,
        lock_user,
        unlock_user,
        delete_user,
        create_group,
        set_members,
    )
}


def _answer(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], os.environ["TOKEN"])
