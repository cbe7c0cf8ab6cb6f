"""JSON as two readers would both understand it: what is ambiguous or bottomless is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from completion.adapters.malformed import Malformed

DEPTH_MAX = 16


def loads(body: bytes) -> Any:
    """The value of `body`; UTF-8 only, no key twice, no NaN or Infinity, at most 16 levels deep.

    Raises:
        Malformed: says what is wrong, quoting nothing of the body.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Malformed("body", "is not UTF-8") from None
    # Only a body with that many brackets can be deeper; the rest need not be walked.
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _refuse_depth(text)
    try:
        return _DECODER.decode(text)
    except ValueError:
        raise Malformed("body", "is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise Malformed("body", "has a key twice in one object")
    return read


def _constant(_: str) -> NoReturn:
    raise Malformed("body", "holds NaN or Infinity, which are not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _refuse_depth(text: str) -> None:
    depth = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise Malformed("body", f"is nested deeper than {DEPTH_MAX} levels")
        elif character in "]}":
            depth -= 1
