"""Our own message, for systems that can be told what to send.

{"type": "module.completed", "timestamp": "2023-10-20T14:03:00Z",
 "data": {"person": "900001234", "module": "psh23-b", "status": "completed",
          "completed_at": "2023-10-20T10:02:11-04:00", "attempt": 1}}
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from completion.adapters.malformed import Malformed
from completion.adapters.strict_json import loads
from completion.domain import Kind, Report


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must hold printable characters only")
    return text


def _civilised(at: AwareDatetime) -> AwareDatetime:
    # Outside of this, other zones' civil dates and other systems' timestamps overflow.
    if not 1970 <= at.year <= 9000:
        raise ValueError("must lie between the years 1970 and 9000")
    return at


Instant = Annotated[AwareDatetime, Field(strict=True), AfterValidator(_civilised)]


class Data(BaseModel):
    """Who did what, and when; fields not named here are passed over."""

    person: Annotated[str, Field(min_length=1, max_length=254), AfterValidator(_printable)]
    module: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    completed_at: Instant
    status: Kind
    attempt: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class Message(BaseModel):
    """The envelope Standard Webhooks recommends."""

    type: Literal["module.completed", "module.revoked", "module.failed"]
    timestamp: Instant
    data: Data


# A system that reports every end of an attempt as "completed" says in `status` how it ended.
_KINDS = {
    ("module.completed", Kind.COMPLETED): Kind.COMPLETED,
    ("module.completed", Kind.FAILED): Kind.FAILED,
    ("module.failed", Kind.FAILED): Kind.FAILED,
    ("module.revoked", Kind.REVOKED): Kind.REVOKED,
}


def read(body: bytes) -> Report:
    """The report in `body`.

    Raises:
        Malformed: names the field and what is wrong with it, not its value.
    """
    loads(body)
    try:
        message = Message.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _malformed(error) from None
    data = message.data
    kind = _KINDS.get((message.type, data.status))
    if kind is None:
        raise Malformed("data.status", "contradicts type")
    return Report(data.person, data.module, kind, data.completed_at)


def _malformed(error: ValidationError) -> Malformed:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    return Malformed(field, "is wrong: " + first["msg"])
