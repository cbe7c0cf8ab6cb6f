"""The pages, over real Kafka and Postgres."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from support.databases import Database
from support.events import send_raw
from support.reporting import (
    CYCLE,
    MACHINE,
    MIDNIGHT,
    RECEIVED,
    TOPICS,
    Reporting,
    University,
    crawl,
    names_in,
    populate,
    running,
)
from support.waiting import eventually

NEXT_MIDNIGHT = datetime(2023, 10, 4, 4, tzinfo=UTC)


class BrokenPool:
    """A pool whose server is away."""

    def acquire(self) -> None:
        raise ConnectionRefusedError


@pytest.fixture
async def campus(reporting: Reporting) -> Reporting:
    """Two departments with canary names, after the edition of 2 October."""
    await populate(reporting)
    return reporting


async def test_an_officer_who_moves_department_sees_the_new_one_at_once(
    campus: Reporting, university: University
) -> None:
    await campus.take(
        university.department("alpha", version=2, officer_ids=()),
        university.department("beta", version=2, officer_ids=("officer-alpha", "officer-beta")),
    )
    assert names_in(await crawl(campus, "officer", "officer-alpha")) == {
        "Canary Beta",
        "Canary Both",
    }


async def test_restated_rows_are_marked_and_earlier_editions_stay_as_they_were(
    campus: Reporting, university: University
) -> None:
    await campus.take(university.obligation("a1", "alpha", version=2, status="released"))
    await campus.step(NEXT_MIDNIGHT)
    await campus.sign_in("officer", "officer-alpha")
    newest = await campus.page("/departments/alpha")
    assert "1 row says something else" in newest
    assert re.search(r"Canary Alpha.*?restated</strong>", newest, re.DOTALL)
    earlier = await campus.page("/departments/alpha?on=2023-10-02")
    assert "restated</strong>" not in earlier
    assert "Done</span>" in earlier


async def test_an_erased_person_has_no_name_any_more_and_still_counts(campus: Reporting) -> None:
    await send_raw(campus.bootstrap, "roster.contact.v1", key=b"a1", value=None, headers=[])
    await campus.sign_in("officer", "officer-alpha")

    async def erased() -> bool:
        return ">erased person<" in await campus.page("/departments/alpha")

    await eventually(erased)
    html = await campus.page("/departments/alpha")
    assert "Canary Alpha" not in html
    before = (await campus.client.get("/departments/alpha/editions/2023-10-02.csv")).content
    await campus.step(NEXT_MIDNIGHT)
    after = (await campus.client.get("/departments/alpha/editions/2023-10-03.csv")).content
    assert before == after


async def test_names_and_ids_that_are_code_stay_text(
    campus: Reporting, university: University
) -> None:
    await campus.take(
        university.contact("=1+1", display_name="<script>alert(1)</script>"),
        university.obligation("=1+1", "alpha"),
    )
    await campus.step(NEXT_MIDNIGHT)
    await campus.sign_in("officer", "officer-alpha")
    html = await campus.page("/departments/alpha")
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    csv = (await campus.client.get("/departments/alpha/editions/2023-10-03.csv")).text
    assert "\n'=1+1,released," in csv


async def test_my_page_says_what_why_by_when_what_was_sent_and_where_help_is(
    campus: Reporting, university: University
) -> None:
    await campus.take(university.obligation("n1", "alpha"), university.mail("n1"))
    await campus.sign_in("person", "n1")
    html = await campus.page("/me")
    for expected in (
        "complete one of three options by the end of <strong>Friday 6 October 2023</strong>",
        "All paid staff are expected",
        "Option A: LBGTQ+ 101",
        "Your training is open",
        "Monday 2 October 2023, 09:00 EDT",
        "training@example.edu",
        "(617) 253-2300",
        "vpradvocate@mit.edu",
        "idhr@mit.edu",
        "responsible employee",
    ):
        assert expected in html, expected
    assert "Your receipt" not in html


CASES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"status": "exempt", "rule": "recently_onboarded_employee"}, "encouraged to take part"),
    ({"status": "supplemental", "rule": "lincoln_laboratory"}, "supplemental learning"),
    ({"status": "not_in_scope", "rule": "undergraduate"}, "another programme"),
    ({"status": "not_in_scope", "rule": "graduate_first_year"}, "another programme"),
    ({"status": "not_in_scope", "rule": "unpaid_appointee"}, "would like access"),
    ({"status": "overdue"}, "This was due on"),
    ({"status": "scheduled", "released_at": None}, "There is nothing to do yet"),
    ({"status": "scheduled", "completed_at": RECEIVED}, "It counts as soon as"),
    ({"status": "completed_late", "completed_at": RECEIVED}, "(after the due day)"),
    ({"status": "ended"}, "Nothing is asked of you any more"),
    ({"rule": "a_rule_of_2026"}, "a_rule_of_2026"),
    ({"hold": True}, "Nothing is asked of you at present."),
)


async def test_my_page_has_words_for_every_case(
    reporting: Reporting, university: University
) -> None:
    await reporting.take(
        university.cycle(),
        *[
            university.obligation(f"case-{number}", "alpha", **changes)
            for number, (changes, _) in enumerate(CASES)
        ],
    )
    for number, (_, expected) in enumerate(CASES):
        await reporting.sign_in("person", f"case-{number}")
        assert expected in await reporting.page("/me"), expected


async def test_empty_pages_say_what_will_come(reporting: Reporting, university: University) -> None:
    await reporting.sign_in("office", "training-office")
    assert "No cycle has been published yet" in await reporting.page("/departments")
    await reporting.take(university.cycle(), university.department("alpha"))
    assert "There is no edition yet" in await reporting.page("/departments")
    assert "There is no edition for this department" in await reporting.page("/departments/alpha")
    await reporting.step(MIDNIGHT)
    assert "Nobody of this department is required" in await reporting.page("/departments/alpha")
    await reporting.sign_in("person", "stranger")
    assert "Nothing is known of the id stranger" in await reporting.page("/me")


async def test_a_requirement_whose_cycle_is_not_known_yet_is_not_passed_over(
    reporting: Reporting, university: University
) -> None:
    await reporting.take(university.obligation("early", "alpha"))
    await reporting.sign_in("person", "early")
    html = await reporting.page("/me")
    assert "has not arrived here yet" in html
    assert "Nothing is asked of you" not in html


async def test_a_department_without_an_area_is_an_alarm(
    reporting: Reporting, university: University
) -> None:
    await reporting.take(
        university.cycle(), university.department("lost", area_id=None, area_name=None)
    )
    await reporting.step(MIDNIGHT)
    await reporting.sign_in("office", "training-office")
    assert "no area" in await reporting.page("/departments")
    assert "This department has no area" in await reporting.page("/departments/lost")


async def test_a_second_cycle_has_pages_and_editions_of_its_own(
    campus: Reporting, university: University
) -> None:
    groups = [
        {"group": "all", "title": "All", "start_on": date(2024, 9, 1), "due_on": "2024-10-01"}
    ]
    await campus.take(university.cycle(cycle="2024-25", title="The next one", groups=groups))
    await campus.step(NEXT_MIDNIGHT)
    await campus.sign_in("office", "training-office")
    assert "The next one" in await campus.page("/departments")
    older = await campus.page(f"/departments/alpha?cycle={CYCLE}")
    assert "Canary Alpha" in older
    assert 'aria-current="true">2023-24' in older


async def test_without_our_form_nobody_is_signed_in(reporting: Reporting) -> None:
    form = {"role": "office", "person_id": "x", "token": "forged"}
    answer = await reporting.client.post("/sign-in", data=form)
    assert (answer.status_code, "rollcall_session_reporting" in answer.cookies) == (400, False)
    other = (await reporting.client.get("/sign-in")).text
    form["token"] = other.split('name="token" value="')[1].split('"')[0]
    reporting.client.cookies.clear()  # the token of one browser, sent by another
    answer = await reporting.client.post("/sign-in", data=form)
    assert (answer.status_code, "rollcall_session_reporting" in answer.cookies) == (400, False)


async def test_a_cookie_that_we_did_not_sign_is_nobody(reporting: Reporting) -> None:
    for value in ("", "office", "WyJvZmZpY2UiLCAieCJd.ZZZZZZ.forged"):
        reporting.client.cookies.set("rollcall_session_reporting", value)
        answer = await reporting.client.get("/departments")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/departments")


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(
    reporting: Reporting,
) -> None:
    drawn = await reporting.client.get("/sign-in")
    token = drawn.text.split('name="token" value="')[1].split('"')[0]
    form = {"role": "person", "person_id": "p1", "token": token}
    answer = await reporting.client.post("/sign-in?to=//evil.example/", data=form)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("person_id", ["", "Ada Lovelace", "ada@example.edu", "a\0b", "x" * 65])
async def test_what_cannot_be_an_id_signs_nobody_in(reporting: Reporting, person_id: str) -> None:
    drawn = await reporting.client.get("/sign-in")
    token = drawn.text.split('name="token" value="')[1].split('"')[0]
    form = {"role": "office", "person_id": person_id, "token": token}
    answer = await reporting.client.post("/sign-in", data=form)
    assert answer.status_code in (400, 404)
    assert "rollcall_session_reporting" not in answer.cookies


async def test_a_form_without_end_is_refused(reporting: Reporting) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"role=" + b"x" * 1_000 + b"&"

    headers = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("/sign-in", "/sign-out"):
        sent = 0
        answer = await reporting.client.post(path, content=endless(), headers=headers)
        assert answer.status_code == 413
        assert sent < 30


async def test_a_cookie_of_strange_letters_is_only_another_browser(reporting: Reporting) -> None:
    token = (await reporting.client.get("/sign-in")).text.split('name="token" value="')[1]
    reporting.client.cookies.clear()
    answer = await reporting.client.post(
        "/sign-in",
        data={"role": "person", "person_id": "p1", "token": token.split('"')[0]},
        headers={b"cookie": "rollcall_form_reporting=caf\xe9".encode("latin-1")},
    )
    assert answer.status_code == 400


async def test_an_address_that_no_database_could_hold_is_a_page_that_is_not_there(
    reporting: Reporting,
) -> None:
    await reporting.sign_in("office", "training-office")
    assert "Not found" in await reporting.page("/departments/%00", 404)
    assert "Not found" in await reporting.page(f"/departments/{'x' * 65}", 404)
    for path in ("/editions/2023-10-02/%00", "/editions.ndjson?cycle=%00"):
        assert (await reporting.client.get(path, headers=MACHINE)).status_code == 422


async def test_while_it_cannot_answer_people_are_told_so_on_a_page(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reporting.sign_in("office", "training-office")
    with monkeypatch.context() as patched:
        patched.setattr(reporting.runtime, "running", False)
        waiting = await reporting.client.get("/departments")
        patched.undo()
        patched.setattr(reporting.runtime, "pool", BrokenPool())
        broken = await reporting.client.get("/departments")
    for answer in (waiting, broken):
        assert answer.status_code == 503
        assert "Please come back later" in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_signing_out_forgets_who_it_was(reporting: Reporting) -> None:
    await reporting.sign_in("person", "p1")
    html = await reporting.page("/me")
    token = html.split('name="token" value="')[1].split('"')[0]
    assert (await reporting.client.post("/sign-out", data={"token": token})).status_code == 303
    assert (await reporting.client.get("/me")).status_code == 303


@pytest.fixture(
    params=[
        {"peer": "192.0.2.7"},
        {"demo_sign_in": False},
        {"host": "training.example.edu"},
        {"host": "192.0.2.8"},
    ]
)
async def closed(
    request: pytest.FixtureRequest,
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
) -> AsyncIterator[Reporting]:
    bootstrap = await fresh_topics(*TOPICS)
    async with running(await database("reporting"), bootstrap, **request.param) as service:
        yield service


async def test_from_elsewhere_or_with_the_demo_off_nobody_can_sign_in(closed: Reporting) -> None:
    assert (await closed.client.get("/sign-in")).status_code == 404
    form = {"role": "office", "person_id": "x", "token": "y"}
    assert (await closed.client.post("/sign-in", data=form)).status_code == 404
    for path in ("/", "/me", "/departments", "/departments/alpha"):
        assert (await closed.client.get(path)).status_code == 401
