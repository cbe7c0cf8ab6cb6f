"""What a proxy says is believed when a trusted one says it, and is something it can have said."""

from ipaddress import ip_network
from typing import Any

import pytest

from chassis.proxies import (
    HeaderRefused,
    is_from,
    is_https,
    parse_networks,
    read_user,
    values_of,
)

TRUSTED = (ip_network("10.1.2.0/24"), ip_network("fd00::/64"), ip_network("127.0.0.1"))


def scope(peer: str | None, *headers: tuple[bytes, bytes], scheme: str = "http") -> dict[str, Any]:
    client = (peer, 40_000) if peer is not None else None
    return {"type": "http", "scheme": scheme, "client": client, "headers": list(headers)}


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.1", True),
        ("10.1.2.255", True),
        ("10.1.3.1", False),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("::1", False),
        ("fd00::1", True),
        ("fd00:0:0:1::1", False),
        ("::ffff:10.1.2.1", True),
        ("::ffff:10.1.3.1", False),
        ("10.1.2.1, 10.1.3.1", False),
        ("testclient", False),
        ("", False),
        (None, False),
    ],
)
def test_the_peer_is_in_the_networks_or_it_is_not(peer: str | None, trusted: bool) -> None:
    assert is_from(scope(peer), TRUSTED) is trusted
    assert not is_from(scope(peer), ())


HOSTILE: tuple[tuple[list[bytes], str], ...] = (
    ([b"900001", b"900002"], "duplicate"),
    ([b"900001", b"900001"], "duplicate"),
    ([b"", b"900001"], "duplicate"),
    ([b"900001", b""], "duplicate"),
    ([b"x" * 65], "oversize"),
    ([b"x" * 100_000], "oversize"),
    ([b"900001\x00"], "malformed"),
    ([b"900001\r\nX-Role: office"], "malformed"),
    ([b"900001\n"], "malformed"),
    ([b"900\t001"], "malformed"),
    ([b"\x1b[2J900001"], "malformed"),
    ([b"900001\x7f"], "malformed"),
    ([b" 900001"], "malformed"),
    ([b"900001 "], "malformed"),
    ([b"900001,900002"], "malformed"),
    ([b"900001;900002"], "malformed"),
    ([b"900001, 900002"], "malformed"),
    ([b"Ada Lovelace"], "malformed"),
    ([b"ada@example.edu"], "malformed"),
    ([b'"900001"'], "malformed"),
    ([b"<script>"], "malformed"),
    ([b"../900001"], "malformed"),
    ([b"900001/audit"], "malformed"),
    ([b"900001%00"], "malformed"),
    ([b"%{REMOTE_USER}s"], "malformed"),
    ([b"$remote_user"], "malformed"),
    ([b"(null) "], "malformed"),
    ([b"-"], "malformed"),
    ([b"=1+1"], "malformed"),
    ([b"' OR '1'='1"], "malformed"),
    ([b"\xef\xbb\xbf900001"], "malformed"),
    (["\N{FULLWIDTH DIGIT NINE}00001".encode()], "malformed"),
    (["\N{CYRILLIC SMALL LETTER A}da".encode()], "malformed"),
    (["caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1")], "malformed"),
    (["\N{RIGHT-TO-LEFT OVERRIDE}100009".encode()], "malformed"),
    ([b"\xff\xfe"], "malformed"),
    ([b"=?utf-8?q?ada?="], "malformed"),
)


@pytest.mark.parametrize(("values", "why"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_header_is_refused_with_a_code(values: list[bytes], why: str) -> None:
    with pytest.raises(HeaderRefused) as refused:
        read_user(values)
    assert refused.value.why == why
    assert str(refused.value) == why  # never what the header held


@pytest.mark.parametrize("value", [b"900001", b"ada", b"a.b-c_d:e+f", b"x" * 64, b"0"])
def test_an_id_or_a_login_is_read(value: bytes) -> None:
    assert read_user([value]) == value.decode()


@pytest.mark.parametrize("values", [[], [b""], [b"(null)"]])
def test_a_proxy_that_knows_nobody_says_nobody(values: list[bytes]) -> None:
    assert read_user(values) is None


def test_only_the_very_header_counts() -> None:
    headers = ((b"x-remote-user", b"a"), (b"x_remote_user", b"b"), (b"x-remote-user2", b"c"))
    assert values_of(scope("10.1.2.1", *headers), "X-Remote-User") == [b"a"]


def test_networks_are_read_from_a_line() -> None:
    assert parse_networks("10.1.2.0/24, fd00::/64,127.0.0.1") == TRUSTED
    assert parse_networks("") == ()
    assert parse_networks(" , ") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.0/24, proxy.example.edu", "number 2 is no address"),
        ("10.1.2.3/24", "number 1 is no address"),
        ("0.0.0.0/0", "number 1 is everybody"),
        ("10.0.0.1, ::/0", "number 2 is everybody"),
        ("10.1.2.0/33", "number 1 is no address"),
    ],
)
def test_a_network_that_is_none_or_everybody_is_told_by_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_networks(text)


def test_https_is_what_we_speak_or_what_a_trusted_proxy_says() -> None:
    said = (b"x-forwarded-proto", b"https")
    assert is_https(scope("192.0.2.1", scheme="https"), ())
    assert is_https(scope("10.1.2.1", said), TRUSTED)
    assert not is_https(scope("192.0.2.1", said), TRUSTED)
    assert not is_https(scope("10.1.2.1", said, (b"x-forwarded-proto", b"http")), TRUSTED)
    assert not is_https(scope("10.1.2.1"), TRUSTED)
