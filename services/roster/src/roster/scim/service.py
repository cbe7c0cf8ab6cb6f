"""The protocol as this door speaks it: who may do what, and errors that name no value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from scim2_models import (
    ForbiddenException,
    InvalidSyntaxException,
    Resource,
    ResourceType,
    SCIMException,
)
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target
from scim2_server.service import ScimService

from chassis.errors import describe, is_transient
from roster.scim.keep import count_unknown
from roster.scim.provider import BODY_BYTES_MAX, create_provider
from roster.scim.store.tokens import Token

log = structlog.get_logger(__name__)

READS = frozenset({Operation.query, Operation.search, Operation.search_with_body})
SCOPES = ("users:read", "users:write", "groups:read", "groups:write")


class Unavailable(SCIMException):
    """The database cannot be asked just now; the same request may work later."""

    status = 503
    _default_detail = "The roster cannot answer just now; send it again."


class RosterService(ScimService):
    """scim2-server's rules, with our scopes and limits."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(create_provider(), secret=secret)

    def service_provider_config(self, location: str, query: Mapping[str, str]) -> ScimResponse:
        """The configuration, less its `pagination`.

        That attribute is younger (RFC 9865) than many clients, and strict ones among them refuse
        a configuration with an attribute they do not know. Cursors work all the same.
        """
        self.forbid_filter(query)
        shown = self.config.model_copy(update={"pagination": None})
        return self.discovery_response(self.locate(shown, location))

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        """Raise ForbiddenException unless a scope of the token allows the operation."""
        token: Token = request.subject
        access = "read" if target.operation in READS else "write"
        scope = f"{str(resource_type.name).lower()}s:{access}"
        if scope not in token.scopes:
            raise ForbiddenException(detail=f"the token lacks the scope {scope}")

    def max_body_size(self, request: ScimRequest) -> int | None:
        """The larger limit of bulk, and one for everything else."""
        limit = super().max_body_size(request)
        return BODY_BYTES_MAX if limit is None else limit

    def apply_patch(self, current: Resource[Any], patch_op: Any, conditions: Any) -> Any:
        """Patch the resource, counting attributes that no schema declares."""
        count_unknown(patch_op)
        return super().apply_patch(current, patch_op, conditions)

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """The outcome of an operation that failed; what nobody expected is logged by its type."""
        return super().bulk_failure(outcome, answerable(exception))


def answerable(error: Exception) -> Exception:
    """The error as a client may see it; what nobody expected is logged, without its text."""
    if isinstance(error, SCIMException):
        return error
    if isinstance(error, RecursionError):
        return InvalidSyntaxException(detail="nested too deeply")
    if is_transient(error):
        log.warning("scim_unavailable", error=describe(error))
        return Unavailable()
    log.error("scim_failed", error=describe(error))
    return error
