"""The audit's page: for auditors, whole, page by page."""

from datetime import UTC, datetime
from typing import Any

import httpx

from chassis import audit
from support.signed_in import BEHIND, named, runtime_of

AT = datetime(2023, 10, 2, 13, tzinfo=UTC)


async def test_auditors_read_the_audit_page_by_page_and_nobody_else_does(serve: Any) -> None:
    async with serve(**BEHIND) as client:
        for person_id in ("p1", "officer", "lead", "office"):
            assert (await client.get("/audit", headers=named(person_id))).status_code == 404
        assert "Nobody has done anything yet" in await audit_page(client, "")
        async with runtime_of(client).pool.acquire() as connection:
            for number in range(1, 104):
                async with connection.transaction():
                    await audit.record(
                        connection,
                        at=AT,
                        actor="office",
                        action="person.merge",
                        subject=f"person/{number}",
                        reason="<b>Two accounts</b>",
                        details={"into": "7", "kept": ["a-1", "a-2"]},
                    )
            head = await audit.head(connection)
        newest = await audit_page(client, "")
        assert str(head) in newest
        assert "person/103<" in newest
        assert "person/3<" not in newest
        assert "kept: a-1, a-2" in newest
        assert "Monday 2 October 2023, 09:00 EDT" in newest
        assert "&lt;b&gt;Two accounts" in newest
        link = newest.split('href="/audit?')[1].split('"')[0].replace("&amp;", "&")
        earlier = await audit_page(client, f"?{link}")
        assert "person/3<" in earlier
        assert "Earlier entries" not in earlier
        one = await audit_page(client, "?subject=person/7&actor=office")
        assert "person/7<" in one
        assert "person/8<" not in one
        assert "Nothing of that kind" in await audit_page(client, "?actor=nobody")
        for wrong in ("?before=x", "?before=0", "?actor=%00", f"?actor={'x' * 201}"):
            answer = await client.get(f"/audit{wrong}", headers=named("auditor"))
            assert answer.status_code == 404, wrong


async def audit_page(client: httpx.AsyncClient, query: str) -> str:
    answer = await client.get(f"/audit{query}", headers=named("auditor"))
    assert answer.status_code == 200, answer.text
    assert '<a href="/audit" aria-current="page">Audit</a>' in answer.text
    return answer.text
