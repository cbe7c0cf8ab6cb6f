"""What the door for webhooks lets in, and that a refused one leaves nothing behind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from support.completions import (
    CAMPUS,
    OTHER,
    Completion,
    LearningSystem,
    new_person,
    running_here,
    said,
    settings_for,
    write_sources,
)
from support.databases import Databases

BODY = said("900001234")


async def stored(service: Completion, webhook_id: str) -> list[bytes]:
    rows = await service.fetch(
        "SELECT body FROM webhook_request WHERE webhook_id = $1 ORDER BY id", webhook_id
    )
    return [row["body"] for row in rows]


async def counted(service: Completion, known: str, status: int) -> float:
    wanted = f'rollcall_webhooks_total{{source="{known}",status="{status}"}} '
    for line in (await service.client.get("/metrics")).text.splitlines():
        if line.startswith(wanted):
            return float(line.removeprefix(wanted))
    return 0.0


async def test_a_signed_webhook_is_stored_as_it_came_and_answered_202(
    completion: Completion,
) -> None:
    before = await counted(completion, "known", 202)
    body = said(new_person()) + b"  \n"
    answer = await completion.post(body, "msg_good")
    assert (answer.status_code, answer.content) == (202, b"")
    assert await stored(completion, "msg_good") == [body]
    assert await counted(completion, "known", 202) == before + 1


def good(**changes: str) -> dict[str, str]:
    return CAMPUS.headers(BODY, "msg_forged") | {
        f"webhook-{name}": value for name, value in changes.items()
    }


def other_version() -> str:
    return good()["webhook-signature"].replace("v1,", "v1a,")


# Made when the test runs: a signature made at collection could be stale by then.
FORGED: dict[str, Callable[[], dict[str, str]]] = {
    "signed by a stranger": lambda: CAMPUS.headers(BODY, "msg_forged", key=b"x" * 32),
    "signed by another source": lambda: CAMPUS.headers(BODY, "msg_forged", key=OTHER.keys[0]),
    "signed for another body": lambda: CAMPUS.headers(b"{}", "msg_forged"),
    "signed for another id": lambda: CAMPUS.headers(BODY, "x") | {"webhook-id": "msg_forged"},
    "stale": lambda: CAMPUS.headers(BODY, "msg_forged", at=time.time() - 301),
    "from the future": lambda: CAMPUS.headers(BODY, "msg_forged", at=time.time() + 310),
    "without headers": dict,
    "without an id": lambda: good(id=""),
    "without a timestamp": lambda: good(timestamp=""),
    "with a word for a timestamp": lambda: good(timestamp="now"),
    "with infinity for a timestamp": lambda: good(timestamp="inf"),
    "with no number for a timestamp": lambda: good(timestamp="nan"),
    "with malformed base64": lambda: good(signature="v1,a"),
    "without a comma": lambda: good(signature="v1"),
    "with too many commas": lambda: good(signature="v1,a,b"),
    "with another version": lambda: good(signature=other_version()),
    "with an empty signature": lambda: good(signature="v1,"),
    "with letters of latin-1": lambda: good(signature="v1,\xe9\xe9\xe9\xe9"),
}


@pytest.mark.parametrize("what", FORGED)
async def test_whatever_is_wrong_with_the_signature_the_answer_is_the_same_401(
    completion: Completion, what: str
) -> None:
    encoded = [(n.encode(), value.encode("latin-1")) for n, value in FORGED[what]().items()]
    answer = await completion.client.post("/webhooks/campus-lms", content=BODY, headers=encoded)
    assert answer.status_code == 401
    assert answer.json() == {"title": "Unauthorized", "status": 401}
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(completion, "msg_forged") == []


@pytest.mark.parametrize("source", ["no-such-lms", "..%5c..", "%00", "campus-lms%20"])
async def test_an_unknown_source_gets_that_same_401(completion: Completion, source: str) -> None:
    answer = await completion.client.post(f"/webhooks/{source}", content=BODY, headers=good())
    assert answer.status_code == 401
    assert answer.json() == {"title": "Unauthorized", "status": 401}


async def test_refusals_are_counted_by_whether_the_source_is_known(
    completion: Completion,
) -> None:
    known, unknown = [await counted(completion, which, 401) for which in ("known", "unknown")]
    stranger = LearningSystem("stranger", CAMPUS.keys)
    await completion.post(BODY, headers={"webhook-id": "x"})
    await completion.post(BODY, system=stranger)
    await completion.post(BODY, system=stranger)
    assert await counted(completion, "known", 401) == known + 1
    assert await counted(completion, "unknown", 401) == unknown + 2
    assert "stranger" not in (await completion.client.get("/metrics")).text


@pytest.mark.parametrize("key", CAMPUS.keys)
async def test_every_active_secret_of_a_source_is_good(completion: Completion, key: bytes) -> None:
    body = said(new_person())
    webhook_id = f"msg_key_{CAMPUS.keys.index(key)}"
    answer = await completion.post(body, headers=CAMPUS.headers(body, webhook_id, key=key))
    assert answer.status_code == 202


async def test_one_good_signature_among_several_is_enough(completion: Completion) -> None:
    body = said(new_person())
    headers = CAMPUS.headers(body, "msg_several")
    headers["webhook-signature"] = f"v1a,abcd v1,AAAA {headers['webhook-signature']}"
    assert (await completion.post(body, headers=headers)).status_code == 202


def oversized() -> bytes:
    return said("9" * 60_000 + "x" * 10_000)


async def test_a_body_over_the_limit_is_refused_by_its_declared_length(
    completion: Completion,
) -> None:
    answer = await completion.post(oversized(), "msg_huge")
    assert answer.status_code == 413
    assert await stored(completion, "msg_huge") == []


async def test_a_body_over_the_limit_is_refused_while_it_streams_in(
    completion: Completion,
) -> None:
    headers = CAMPUS.headers(b"", "msg_stream") | {"host": "x", "transfer-encoding": "chunked"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    url = httpx.URL(completion.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST /webhooks/campus-lms HTTP/1.1\r\n{head}\r\n".encode())
    for _ in range(5):
        writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
    # The body never ends, yet the answer comes.
    assert b"413" in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert await stored(completion, "msg_stream") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        (b"\xff\xfe\x00", "body"),
        (b'{"type": "module.completed", "type": "module.revoked"}', "body"),
        (BODY.replace(b'"attempt": 1', b'"attempt": NaN'), "body"),
        (BODY.replace(b'"attempt": 1', b'"attempt": ' + b"[" * 40 + b"]" * 40), "body"),
        (b"[]", "body"),
        (said("900001234", completed_at="2023-10-02T09:00:00"), "data.completed_at"),
        (said("900001234", status="secret-value", type="module.completed"), "data.status"),
        (said("secret-value" * 30), "data.person"),
        (said("secret-value\u0000"), "data.person"),
        (said("900001234", type="secret-value"), "type"),
        (said("900001234", status="revoked", type="module.completed"), "data.status"),
    ],
)
async def test_a_malformed_message_is_answered_400_naming_the_field_and_not_the_value(
    completion: Completion, body: bytes, field: str
) -> None:
    answer = await completion.post(body, "msg_malformed")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert "secret-value" not in answer.text
    assert await stored(completion, "msg_malformed") == []


@pytest.mark.parametrize("status", ["completed", "revoked", "failed"])
async def test_what_has_not_happened_yet_is_refused(completion: Completion, status: str) -> None:
    early = said(new_person(), status=status, completed_at="2023-10-20T12:05:00Z")
    assert (await completion.post(early, f"msg_clock_{status}")).status_code == 202
    later = said(new_person(), status=status, completed_at="2023-10-20T12:05:01Z")
    answer = await completion.post(later, f"msg_future_{status}")
    assert answer.status_code == 400
    assert answer.json()["field"] == "data.completed_at"
    assert "lies in the future" in answer.text
    assert await stored(completion, f"msg_future_{status}") == []


async def test_an_id_too_long_to_keep_is_answered_400(completion: Completion) -> None:
    answer = await completion.post(BODY, "m" * 3_000)
    assert answer.status_code == 400
    assert answer.json()["field"] == "webhook-id"


async def test_the_same_id_again_is_answered_202_and_the_first_body_stands(
    completion: Completion,
) -> None:
    person = new_person()
    first, second = said(person), said(person, "psh23-a")
    for body in (first, second, first):
        assert (await completion.post(body, "msg_twice")).status_code == 202
    assert await stored(completion, "msg_twice") == [first]


async def test_two_sources_may_use_the_same_id(completion: Completion) -> None:
    person = new_person()
    for system in (CAMPUS, OTHER):
        assert (await completion.post(said(person), "msg_both", system=system)).is_success
    assert len(await stored(completion, "msg_both")) == 2


async def test_a_hundred_at_once_are_all_stored_once(completion: Completion) -> None:
    person = new_person()
    answers = await asyncio.gather(
        *(completion.post(said(person), f"msg_many_{n % 50}") for n in range(100))
    )
    assert {answer.status_code for answer in answers} == {202}
    rows = await completion.fetch(
        "SELECT count(*) FROM webhook_request WHERE webhook_id LIKE 'msg_many_%'"
    )
    assert rows[0]["count"] == 50


async def test_only_post_is_answered(completion: Completion) -> None:
    assert (await completion.client.get("/webhooks/campus-lms")).status_code == 405


@pytest.fixture(scope="module")
async def hurried(
    databases: Databases, kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Completion]:
    """A service that lets each source send one request every ten seconds."""
    sources_file = write_sources(tmp_path_factory.mktemp("hurried") / "sources.toml")
    database = await databases.fresh("completion")
    settings = settings_for(database, kafka, sources_file, webhook_rate_per_s=0.1)
    async with running_here(settings) as service:
        await service.step()
        yield service
    await databases.drop(database)


async def test_a_source_that_sends_too_much_is_told_when_to_come_back(
    completion: Completion, hurried: Completion
) -> None:
    statuses = [(await hurried.post(BODY, f"msg_{n}")).status_code for n in range(3)]
    assert statuses == [202, 429, 429]
    refused = await hurried.post(BODY, "msg_late")
    assert 0 < int(refused.headers["retry-after"]) <= 10
    assert json.loads(refused.content)["title"] == "Too many requests"
    assert (await hurried.post(said("1"), system=OTHER)).status_code == 202


async def test_the_limit_comes_before_the_signature_for_strangers_too(
    completion: Completion, hurried: Completion
) -> None:
    strangers = [LearningSystem(f"stranger-{n}", CAMPUS.keys) for n in range(3)]
    answers: list[Any] = [await hurried.post(BODY, system=each) for each in strangers]
    assert [answer.status_code for answer in answers] == [401, 429, 429]
