"""Signed cookies: who has signed in, and that a form came from our own page."""

from __future__ import annotations

import ipaddress
import secrets
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeTimedSerializer

from reporting.domain import Role

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

    from reporting.settings import ReportingSettings

SESSION = "rollcall_session"
FORM = "rollcall_form"
SESSION_S = 12 * 60 * 60
FORM_S = 60 * 60

SIGN_IN_ROLES = (Role.PERSON, Role.OFFICER, Role.OFFICE)


def demo_sign_in_allowed(request: Request, settings: ReportingSettings) -> bool:
    """Whether the demo's sign-in is switched on and this machine asks itself.

    The peer alone does not say so: behind a proxy on this machine every peer is local, and so is
    a browser here that another site's name, made to point here, has sent.
    """
    if not settings.demo_sign_in or request.client is None:
        return False
    try:
        asked = request.url.hostname or ""
        return _is_loopback(request.client.host) and (asked == "localhost" or _is_loopback(asked))
    except ValueError:
        return False


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def read_session(request: Request, settings: ReportingSettings) -> tuple[Role, str] | None:
    """Role and person id of whoever signed in; None without a valid, fresh cookie.

    Only the demo signs people in so far, so its conditions hold for every request.
    """
    if not demo_sign_in_allowed(request, settings):
        return None
    try:
        role, person_id = _signer(settings, SESSION).loads(
            request.cookies.get(SESSION, ""), max_age=SESSION_S
        )
        return Role(role), str(person_id)
    except (BadSignature, ValueError, TypeError):
        return None


def write_session(
    request: Request, response: Response, settings: ReportingSettings, role: Role, person_id: str
) -> None:
    """Sign somebody in."""
    value = _signer(settings, SESSION).dumps([role.value, person_id])
    _set_cookie(request, response, SESSION, str(value), SESSION_S)


def end_session(response: Response) -> None:
    """Sign whoever it is out."""
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="lax")


def form_nonce(request: Request) -> str:
    """What ties a form to this browser: the nonce of its cookie, or a new one."""
    return request.cookies.get(FORM) or secrets.token_urlsafe(16)


def form_token(settings: ReportingSettings, nonce: str) -> str:
    """The hidden field of a form."""
    return str(_signer(settings, FORM).dumps(nonce))


def keep_nonce(request: Request, response: Response, nonce: str) -> None:
    """Set the cookie that goes with `form_token`."""
    _set_cookie(request, response, FORM, nonce, FORM_S)


def form_is_ours(request: Request, settings: ReportingSettings, token: str) -> bool:
    """Whether the form was drawn by us for this very browser."""
    try:
        nonce = _signer(settings, FORM).loads(token, max_age=FORM_S)
    except BadSignature:
        return False
    return secrets.compare_digest(str(nonce).encode(), request.cookies.get(FORM, "").encode())


def _signer(settings: ReportingSettings, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.session_secret.get_secret_value(), salt=purpose)


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
        secure=request.url.scheme == "https",
    )
