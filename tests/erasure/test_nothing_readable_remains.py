"""Somebody goes through everything, is erased, and can be read nowhere any more.

What is promised (docs/runbooks/erase-a-person.md): rows of all five databases as soon as each
service has read the tombstone; the contact topic within three days, by compaction; what HR systems
published themselves within the 30 days that roster.inbound.v1 keeps it. Promised are rows and
records, not the pages of a disk that nothing points to any more; and no mailbox.
"""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from embedded.university.feeds import DEPARTMENT_COLUMNS, PEOPLE_COLUMNS
from erasure.campus import Campus, campus_in
from erasure.search import Needles, in_database, in_files, in_topics, keys_in
from schemas.topics import DAY_MS, TOPICS
from support.waiting import eventually

DATABASES = ("roster", "rollout", "completion", "notifier", "reporting")
CANARY = "p5"
LOGIN, ADDRESS = "zq7canary", "zq7canary.box@example.edu"
FORMER, NAME = "Zoë-Ånne Featherquill", "Zoë-Ånne Birdsong-Øyen"
NEEDLES = Needles("Featherquill", "Birdsong", "Zoë-Ånne", "Øyen", LOGIN)
CONTACTS, INBOUND = "roster.contact.v1", "roster.inbound.v1"
ROSTER_USER = "urn:edu:rollcall:params:scim:schemas:extension:roster:2.0:User"

pytestmark = pytest.mark.timeout(600)


def row(person_id: str, name: str, **changes: str) -> dict[str, str]:
    """One row of people.csv, of a member of staff in human resources."""
    return {
        "person_id": person_id,
        "login": f"login{person_id}",
        "email": f"{person_id}@example.edu",
        "display_name": name,
        "onboarded_on": "2015-03-02",
        "appointment_id": "a1",
        "kind": "affiliate",
        "paid": "false",
        "department_id": "hr-01",
        "start_on": "2015-03-02",
    } | changes


def canary(**changes: str) -> dict[str, str]:
    """The canary's row."""
    own = {"login": LOGIN, "email": ADDRESS, "kind": "staff", "paid": "true"}
    return row(CANARY, FORMER, **(own | changes))


def text_of(columns: tuple[str, ...], *rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def user(**changes: Any) -> dict[str, Any]:
    """The canary as the identity system says it."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": CANARY,
        "userName": LOGIN,
        "displayName": NAME,
        "emails": [{"value": ADDRESS, "primary": True}],
        ROSTER_USER: {"onboardedOn": "2015-03-02"},
    } | changes


def record(**changes: Any) -> dict[str, Any]:
    """The canary as the student system publishes it."""
    return {
        "source": "students",
        "person_id": CANARY,
        "effective_on": "2023-09-19",
        "onboarded_on": "2015-03-02",
        "display_name": NAME,
        "email": ADDRESS,
        "login": LOGIN,
    } | changes


@pytest.fixture(scope="module")
async def campus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Campus]:
    """A platform on which the canary has been through everything."""
    async with campus_in(tmp_path_factory.mktemp("campus")) as running:
        await running.until("2023-09-19T08:00")
        running.command("rollout", "cycle", "apply", "2023-24", "--actor", "p7")
        await come_in(running)
        await running.until("2023-09-22T09:00")
        waits = text_of(PEOPLE_COLUMNS, canary(department_id="hr-02", display_name=NAME))
        held = await running.upload(waits, "/imports?mapping=strict")
        assert held["state"] == "quarantined"
        # They finished, and are told so.
        await running.webhook(2, LOGIN, "2023-09-21T15:00")
        await running.until("2023-09-23T08:00")
        yield running


async def come_in(campus: Campus) -> None:
    """By webhook before anybody knows them, by every door, and among rejects."""
    await campus.webhook(1, ADDRESS, "2023-09-18T15:00", "failed")
    human_resources = {
        "department_id": "hr-01",
        "name": "Human Resources",
        "area_id": "human-resources",
        "area_name": "Human Resources",
        "officer_ids": "p6",
    }
    await campus.upload(text_of(DEPARTMENT_COLUMNS, human_resources), "/imports/departments")
    known = [canary(login=f"{LOGIN}.old"), row("p6", "Olga Officer"), row("p7", "Otto Office")]
    await campus.upload(text_of(PEOPLE_COLUMNS, *known))
    await campus.act("p7/roles/grant", role="office")
    await campus.upload(text_of(PEOPLE_COLUMNS, canary(display_name=NAME)))
    bad = text_of(PEOPLE_COLUMNS, canary(start_on=f"{NAME}?"))
    assert (await campus.upload(bad, "/imports?skip_bad=true"))["mistakes"]
    await by_scim(campus)
    await campus.record(record())
    await campus.record(record(effective_on=NAME))
    await campus.observer.rest()


async def by_scim(campus: Campus) -> None:
    """Made, changed, and refused under another id."""
    made = campus.command("roster", "scim", "token", "create", "idp", "--source", "identity")
    more = {
        "Authorization": f"Bearer {made.strip()}",
        "Content-Type": "application/scim+json",
    }
    path = "/scim/v2/Users"
    created = await campus.call("roster", "POST", path, json=user(), headers=more)
    assert created.status_code == 201, created.text
    own = f"{path}/{created.json()['id']}"
    changed = user(displayName=FORMER)
    assert (await campus.call("roster", "PUT", own, json=changed, headers=more)).is_success
    again = user(externalId="p8")
    refused = await campus.call("roster", "POST", path, json=again, headers=more)
    assert refused.status_code == 409


@pytest.fixture(scope="module")
async def backup(campus: Campus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notifier's database as it was before the erasure."""
    path = tmp_path_factory.mktemp("backup") / "notifier.sql"
    campus.dump("notifier", path)
    return path


@pytest.fixture(scope="module")
async def erased(campus: Campus, backup: Path) -> tuple[Any, Any]:
    """The canary is erased and the time has passed; the totals before and after."""
    before = await campus.figures()
    await campus.act(f"{CANARY}/erase")
    await eventually(lambda: erased_everywhere(campus), timeout=60, because="all have heard")
    after = await campus.figures()
    await campus.until("2023-09-26T08:00")
    return before, after


def erased_everywhere(campus: Campus) -> bool:
    for each in DATABASES:
        assert in_database(NEEDLES, campus.url(each)) == {}, each
    return True


async def test_the_canary_was_everywhere(campus: Campus) -> None:
    holders = {each for each in DATABASES if in_database(NEEDLES, campus.url(each))}
    assert holders == {"roster", "completion", "notifier", "reporting"}
    tables = " ".join(in_database(NEEDLES, campus.url("roster")))
    for table in ("contact", "reported_contact", "former_contact", "scim_user", "import_person"):
        assert f".{table} " in f"{tables} ", table
    assert "parked" in tables
    topics = await in_topics(NEEDLES, campus.platform.broker.bootstrap)
    assert set(topics) == {CONTACTS, INBOUND}
    mailed = [each for each in campus.platform.mail.accepted() if ADDRESS in each.rcpt_to]
    assert len(mailed) == 3, "the release, the first reminder, the confirmation"
    for name, path in (("reporting", "/departments/hr-01"), ("roster", f"/person/{CANARY}")):
        assert NEEDLES.found_in((await campus.page(name, path, "p7")).encode()), name
    assert NEEDLES.found_in((await campus.page("reporting", "/me", CANARY)).encode())


async def test_no_log_ever_named_anybody(campus: Campus) -> None:
    logs = campus.platform.folder / "logs"
    assert {path.stem for path in logs.iterdir()} >= set(DATABASES)
    assert in_files(NEEDLES, logs, but=()) == {}
    for server in campus.platform.servers:
        assert not NEEDLES.found_in(server.log.read_bytes()), server.name


async def test_the_totals_are_the_same_after_an_erasure(erased: tuple[Any, Any]) -> None:
    before, after = erased
    assert before == after
    assert sum(each["released"] for each in after) == 1


@pytest.mark.usefixtures("erased")
async def test_no_database_names_the_erased(campus: Campus) -> None:
    found = {each: in_database(NEEDLES, campus.url(each)) for each in DATABASES}
    assert found == {each: {} for each in DATABASES}


@pytest.mark.usefixtures("erased")
async def test_the_contact_topic_forgets_and_nothing_else_ever_knew(campus: Campus) -> None:
    bootstrap = campus.platform.broker.bootstrap

    async def only_inbound() -> bool:
        return set(await in_topics(NEEDLES, bootstrap)) <= {INBOUND}

    await eventually(only_inbound, timeout=60, every=0.5, because="the topic was compacted")


@pytest.mark.usefixtures("erased")
async def test_what_others_published_goes_within_thirty_days(campus: Campus) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=campus.platform.broker.bootstrap)
    await admin.start()
    try:
        topic = ConfigResource(ConfigResourceType.TOPIC, INBOUND)
        answers: Any = await admin.describe_configs([topic])
    finally:
        await admin.close()
    ((*_, entries),) = answers[0].resources
    config = {entry[0]: entry[1] for entry in entries}
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(30 * DAY_MS)


@pytest.mark.usefixtures("erased")
async def test_no_file_of_the_platform_names_the_erased(campus: Campus) -> None:
    folder = campus.platform.folder
    data = folder / "kafka" / "data"
    # Postgres: rows are promised, not pages. The journal is the mailboxes. Inbound: 30 days.
    spared = [folder / "postgres", folder / "mail", *data.glob(f"{INBOUND}-*")]

    async def nothing() -> bool:
        return in_files(NEEDLES, folder, spared) == {}

    await eventually(nothing, timeout=60, every=0.5, because="the old segments were deleted")


@pytest.mark.usefixtures("erased")
async def test_no_page_names_the_erased(campus: Campus) -> None:
    pages = {
        "edition": await campus.page("reporting", "/departments/hr-01", "p7"),
        "own page": await campus.page("reporting", "/me", CANARY),
        "card": await campus.page("roster", f"/person/{CANARY}", "p7"),
    }
    assert {name: NEEDLES.found_in(text.encode()) for name, text in pages.items()} == {
        name: set() for name in pages
    }
    assert "erased person" in pages["edition"]


@pytest.mark.usefixtures("erased")
async def test_a_rebuild_shows_an_erased_person_and_the_same_totals(campus: Campus) -> None:
    before = await campus.figures()
    campus.replace_database("reporting", None)
    await campus.until("2023-09-27T08:00")
    assert await campus.figures() == before
    assert "erased person" in await campus.page("reporting", "/departments/hr-01", "p7")
    assert in_database(NEEDLES, campus.url("reporting")) == {}


@pytest.mark.usefixtures("erased")
async def test_a_restored_backup_is_erased_again(campus: Campus, backup: Path) -> None:
    await eventually(lambda: tombstone_gone(campus), timeout=90, every=0.5)
    mails = len(campus.platform.mail.accepted())
    campus.replace_database("notifier", backup)
    await campus.until("2023-09-27T08:00")
    assert in_database(NEEDLES, campus.url("notifier")), "nobody told it yet"
    await campus.act("/erasures/republish")
    await campus.observer.rest()
    assert in_database(NEEDLES, campus.url("notifier")) == {}
    assert len(campus.platform.mail.accepted()) == mails


async def tombstone_gone(campus: Campus) -> bool:
    """Whether Kafka has dropped the tombstone itself; records of nobody make it look."""
    for partition in range(TOPICS[CONTACTS].partitions):
        headers = [("ce_id", str(uuid4()).encode())]
        await campus.producer.send_and_wait(
            CONTACTS, None, key=b"nobody", partition=partition, headers=headers
        )
    keys = await keys_in(CONTACTS, campus.platform.broker.bootstrap)
    return CANARY.encode() not in keys
