"""Signed cookies: who has signed in here, and that a form came from our own page."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeTimedSerializer

from chassis.proxies import is_https

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

    from chassis.sign_in import SignInSettings

SESSION_S = 12 * 60 * 60
FORM_S = 60 * 60


def session_cookie(request: Request) -> str:
    """A cookie's name: cookies know no ports, so on one machine every service has its own."""
    return f"rollcall_session_{_service(request)}"


def form_cookie(request: Request) -> str:
    """The name of the cookie that ties forms to a browser."""
    return f"rollcall_form_{_service(request)}"


def read_session(request: Request) -> tuple[str, str] | None:
    """Person id and role granted by the demo, if any; None without a valid, fresh cookie."""
    try:
        person_id, role = _signer(request, "session").loads(
            request.cookies.get(session_cookie(request), ""), max_age=SESSION_S
        )
        return str(person_id), str(role)
    except (BadSignature, ValueError, TypeError):
        return None


def write_session(request: Request, response: Response, person_id: str, role: str = "") -> None:
    """Sign somebody in."""
    value = _signer(request, "session").dumps([person_id, role])
    _set_cookie(request, response, session_cookie(request), str(value), SESSION_S)


def end_session(request: Request, response: Response) -> None:
    """Sign whoever it is out."""
    response.delete_cookie(session_cookie(request), path="/", httponly=True, samesite="lax")


def form_nonce(request: Request) -> str:
    """What ties a form to this browser: the nonce of its cookie, or a new one."""
    return request.cookies.get(form_cookie(request)) or secrets.token_urlsafe(16)


def form_token(request: Request, nonce: str, person_id: str) -> str:
    """The hidden field of a form drawn for `person_id`, empty for somebody not signed in."""
    return str(_signer(request, "form").dumps([nonce, person_id]))


def keep_nonce(request: Request, response: Response, nonce: str) -> None:
    """Set the cookie that goes with `form_token`."""
    _set_cookie(request, response, form_cookie(request), nonce, FORM_S)


def form_is_ours(request: Request, token: str, person_id: str) -> bool:
    """Whether the form was drawn by us, for this very browser and this very person."""
    try:
        nonce, drawn_for = _signer(request, "form").loads(token, max_age=FORM_S)
    except (BadSignature, ValueError, TypeError):
        return False
    given = request.cookies.get(form_cookie(request), "")
    same = secrets.compare_digest(str(nonce).encode(), given.encode())
    return same and str(drawn_for) == person_id


def _service(request: Request) -> str:
    name: str = request.app.state.runtime.service.name
    return name


def _settings(request: Request) -> SignInSettings:
    settings: SignInSettings = request.app.state.runtime.settings
    return settings


def _signer(request: Request, purpose: str) -> URLSafeTimedSerializer:
    secret = _settings(request).session_secret.get_secret_value()
    return URLSafeTimedSerializer(secret, salt=f"{purpose} of {_service(request)}")


def _set_cookie(
    request: Request, response: Response, name: str, value: str, max_age_s: int
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(request.scope, _settings(request).trusted_proxies),
    )
