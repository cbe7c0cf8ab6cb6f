"""Uploading files of people, and letting go what the brake holds back."""

from support.roster_pages import Site
from support.rosters import ADA, people_csv, take_in


def crowd(*, department: str = "physics") -> list[dict[str, str]]:
    return [
        ADA
        | {"person_id": f"c{n}", "login": f"c{n}", "email": f"c{n}@example.edu"}
        | {"department_id": department}
        for n in range(200)
    ]


async def test_a_file_is_compared_applied_and_followed(office: Site) -> None:
    assert "No file has come yet" not in await office.get("/files")
    shown = await office.upload(people_csv(*crowd()))
    assert "File of hr" in shown
    await office.settled()
    finished = await office.get(office.path)
    assert "What it did" in finished
    assert 'href="/person/c0"' in finished
    assert "900001" in await office.get("/files")


async def test_only_to_compare_changes_nothing(office: Site) -> None:
    shown = await office.upload(people_csv(*crowd()), 200, compare="yes")
    assert "What the file would do" in shown
    await office.get("/person/c0", 404)


async def test_mistakes_are_listed_and_nothing_is_quoted(office: Site) -> None:
    bad = people_csv(ADA | {"person_id": "p9", "email": "Canary Birdsong"})
    shown = await office.upload(bad, 422)
    assert "line 2, email: expected one address" in shown
    assert "Canary" not in shown
    assert "Choose one of the mappings." in await office.upload(bad, 422, mapping="nonesuch")


async def test_a_file_that_moves_many_waits_for_a_second_person(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, *crowd())
    waiting = await office.upload(people_csv(*crowd(department="alchemy")))
    assert "200 of 204 present people" in waiting
    assert "You uploaded this file" in waiting
    import_id = office.path.removeprefix("/files/")
    own = await office.post(f"/files/{import_id}/approve", 409, reason="reorganisation")
    assert "ask a second person" in own
    assert "File waits for a second person" in await _alarms(office)

    await office.sign_in("office", "900002")
    refused = await office.post(f"/files/{import_id}/reject", 409, reason="because")
    assert "The reason must be one of" in refused
    approved = await office.post(f"/files/{import_id}/approve", reason="reorganisation")
    assert "by 900002 on" in approved
    await office.settled()
    assert "What it did" in await office.get(f"/files/{import_id}")
    assert "alchemy" in await office.get("/person/c0")
    assert "Nothing needs looking after." in await _alarms(office)


async def test_a_file_that_is_refused_is_gone(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, *crowd())
    await office.upload(people_csv(*crowd(department="alchemy")))
    import_id = office.path.removeprefix("/files/")
    await office.sign_in("office", "900002")
    assert "rejected" in await office.post(f"/files/{import_id}/reject", reason="wrong_file")
    assert "alchemy" not in await office.get("/person/c0")


async def _alarms(office: Site) -> str:
    await office.settled()
    return await office.get("/alarms")
