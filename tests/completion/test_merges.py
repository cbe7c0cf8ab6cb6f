"""Two ids of one human: what is said of either is kept, and a name both have is no riddle."""

import json
from datetime import date
from typing import Any

from schemas.roster import PersonChanged
from support.completions import (
    NOW,
    Completion,
    completion_command,
    contact,
    new_person,
    onboarded,
    said,
)
from support.events import send_events, send_raw
from support.waiting import eventually


def merged(alias: str, survivor: str | None, version: int = 2) -> PersonChanged:
    return PersonChanged(
        person_id=alias,
        version=version,
        effective_on=date(2023, 10, 1),
        received_at=NOW,
        onboarded_on=date(2020, 9, 1),
        merged_into=survivor,
    )


async def whose(service: Completion, webhook_id: str) -> tuple[str | None, str | None]:
    (row,) = await service.fetch(
        "SELECT outcome, person_id FROM webhook_request WHERE webhook_id = $1", webhook_id
    )
    return row["outcome"], row["person_id"]


async def becomes(service: Completion, webhook_id: str, *expected: Any) -> None:
    async def settled() -> bool:
        assert await whose(service, webhook_id) == expected
        return True

    await eventually(settled, timeout=30)


async def test_a_name_that_two_ids_share_is_settled_by_their_merge(
    completion: Completion,
) -> None:
    alias, survivor = new_person(), new_person()
    shared = f"both-{alias}@example.edu"
    await completion.meet(alias, email=shared)
    await completion.meet(survivor, email=shared)
    assert (await completion.post(said(shared), f"riddle-{alias}")).is_success
    await completion.at_rest()
    assert await whose(completion, f"riddle-{alias}") == ("unmatched", None)

    await send_events(completion.bootstrap, [merged(alias, survivor)])
    await becomes(completion, f"riddle-{alias}", "changed", survivor)


async def test_the_merge_may_be_heard_before_the_names(completion: Completion) -> None:
    alias, survivor = new_person(), new_person()
    shared = f"early-{alias}@example.edu"
    await send_events(
        completion.bootstrap,
        [merged(alias, survivor), onboarded(alias), onboarded(survivor)],
    )
    assert (await completion.post(said(shared), f"early-{alias}")).is_success
    await completion.meet(alias, email=shared)
    await completion.meet(survivor, email=shared)

    facts = [*await completion.facts(alias), *await completion.facts(survivor)]
    assert [fact["what"] for fact in facts] == ["completed"]


async def test_what_is_said_of_the_alias_stays_its_own_and_shows_whom_it_counts_for(
    completion: Completion,
) -> None:
    alias, survivor = new_person(), new_person()
    await completion.meet(alias, login=f"login{alias}")
    await completion.meet(survivor)
    await send_events(completion.bootstrap, [merged(alias, survivor)])

    async def known() -> bool:
        query = "SELECT FROM person WHERE person_id = $1 AND merged_into = $2"
        return bool(await completion.fetch(query, alias, survivor))

    await eventually(known, timeout=30)
    await completion.tell(alias, "psh23-a")
    await completion.tell(f"login{alias}", "psh23-b")
    assert [fact["course"] for fact in await completion.facts(alias)] == ["psh23-a", "psh23-b"]
    assert await completion.facts(survivor) == []
    (row,) = await completion.fetch(
        "SELECT max(id) AS id FROM webhook_request WHERE person_id = $1", alias
    )
    show = ("request", "show", str(row["id"]), "--json")
    _, out, _ = await completion_command(*show, service=completion)
    shown = json.loads(out)
    assert (shown["person_id"], shown["counts_for"]) == (alias, survivor)


async def test_after_a_split_a_shared_name_is_a_riddle_again(completion: Completion) -> None:
    alias, survivor = new_person(), new_person()
    shared = f"split-{alias}@example.edu"
    await completion.meet(alias, email=shared)
    await completion.meet(survivor, email=shared)
    await send_events(completion.bootstrap, [merged(alias, survivor), merged(alias, None, 3)])

    async def known() -> bool:
        query = "SELECT FROM person WHERE person_id = $1 AND version = 3"
        return bool(await completion.fetch(query, alias))

    await eventually(known, timeout=30)
    assert (await completion.post(said(shared), f"split-{alias}")).is_success
    await becomes(completion, f"split-{alias}", "unmatched", None)


async def test_an_erasure_said_again_erases_again(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person, email=f"canary{person}@example.edu")
    await send_events(
        completion.bootstrap, [contact(person, version=2, email=f"canary{person}@example.edu")]
    )
    for _ in range(2):
        await erase(completion, person)

        async def erased() -> bool:
            return not await completion.fetch("SELECT FROM contact WHERE person_id = $1", person)

        await eventually(erased, timeout=30)


async def erase(service: Completion, person: str) -> None:
    await send_raw(
        service.bootstrap,
        "roster.contact.v1",
        key=person.encode(),
        value=None,
        headers=[("ce_id", b"7b8e6a86-5a9c-4d0e-8f5e-0d8c8f1d2b3c")],
    )
