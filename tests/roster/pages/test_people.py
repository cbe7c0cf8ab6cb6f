"""Finding people, and what is on a person's card."""

import re

from support.roster_pages import Site
from support.rosters import ADA, take_in


async def test_who_is_of_the_office_begins_with_a_search(office: Site) -> None:
    answer = await office.browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert "Search for a person" in await office.get("/people")


async def test_people_are_found_by_id_login_address_and_any_part_of_the_name(office: Site) -> None:
    for text in ("p1", "ADA", "ada@EXAMPLE.edu", "lovel", "  Ada Love "):
        assert 'href="/person/p1"' in await office.post("/people", 200, q=text), text
    nobody = await office.post("/people", 200, q="Nobody Here")
    assert "Nobody is known by that." in nobody


async def test_signs_in_a_search_are_only_signs(office: Site) -> None:
    for text in ("%", "_", "\\", "a%a", "' OR 1=1 --", "p1%"):
        assert "Nobody is known by that." in await office.post("/people", 200, q=text), text


async def test_a_long_list_is_shown_page_by_page(office: Site) -> None:
    crowd = [
        ADA | {"person_id": f"x{n:03}", "login": f"x{n}", "email": f"x{n}@example.edu"}
        for n in range(70)
    ]
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, *crowd)
    first = await office.post("/people", 200, q="x0")
    assert first.count('href="/person/x') == 50
    rest = await office.post("/people", 200, q="x0", after="x049")
    assert rest.count('href="/person/x') == 20
    assert "Show more" not in rest


async def test_a_former_login_still_finds_the_person(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, ADA | {"login": "countess"})
    assert 'href="/person/p1"' in await office.post("/people", 200, q="ada")
    assert "login ada, to 1 Sep 2023" in await office.get("/person/p1")


async def test_a_card_shows_where_a_person_stands_and_who_said_so(office: Site) -> None:
    card = await office.get("/person/p1")
    for shown in (
        "Ada Lovelace",
        "Physics",
        "15 Jan 2020",
        "ada@example.edu",
        '<th scope="row">hr</th>',
    ):
        assert shown in card, shown
    assert "Nobody of the office has done anything" in card


async def test_a_leave_is_shown_by_whether_it_pauses_and_never_by_its_kind(office: Site) -> None:
    leave = {"leave_kind": "medical", "leave_start_on": "2023-09-10", "leave_end_on": "2023-09-20"}
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, ADA | leave)
    for path in ("/person/p1", "/person/p1?day=2023-09-10"):
        card = await office.get(path)
        assert "10 Sep 2023 to 20 Sep 2023: pauses deadlines" in card
        assert "medical" not in card


async def test_a_card_says_how_it_was_on_a_day_and_what_was_known_then(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, ADA | {"effective_on": "2023-08-01", "department_id": "alchemy"})
    now = await office.get("/person/p1?day=2023-09-01")
    assert "On Friday 1 September 2023: member" in now
    early = await office.get("/person/p1?day=2023-08-15&known=2023-08-20T09:00")
    assert "Nobody had reported this person for that day by then." in early
    wrong = await office.get("/person/p1?day=yesterday", 400)
    assert "Give a day" in wrong


async def test_a_hostile_name_is_text_everywhere(office: Site) -> None:
    found = await office.post("/people", 200, q="Brien")
    await office.post("/person/p66/hold", code="other")
    for shown in (
        found,
        await office.get("/person/p66"),
        await office.get("/holds"),
        await office.get("/person/p66/erase"),
    ):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown
        assert "49" not in re.sub(r'value="[^"]*"', "", shown)


async def test_pages_need_no_script_and_no_style_of_their_own(office: Site) -> None:
    for path in (
        "/people",
        "/person/p1",
        "/person/p1/erase",
        "/alarms",
        "/proposals",
        "/holds",
        "/files",
    ):
        answer = await office.browser.get(path)
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert " onclick" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
