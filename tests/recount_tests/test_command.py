"""The command, from files and a real broker to its exit code."""

import asyncio
import base64
import csv
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from ruamel.yaml import YAML

from recount.__main__ import main
from recount.evidence import Evidence
from recount.log import DEPARTMENT, MODULE, TOPICS, Entry, read_log, sift
from recount.mails import Mail, read_journal
from recount_tests.platform import AREAS, CYCLE_TEXT, PEOPLE, sound_evidence
from support.events import completed, headers_for, producer, send_events, send_raw
from support.waiting import eventually

FreshTopics = Callable[..., Awaitable[str]]


@pytest.fixture
async def bootstrap(fresh_topics: FreshTopics) -> str:
    return await fresh_topics(*TOPICS)


async def publish(bootstrap: str, entries: Iterable[Entry]) -> None:
    async with producer(bootstrap) as client:
        for entry in entries:
            await client.send_and_wait(
                entry.topic,
                key=entry.key.encode(),
                value=json.dumps(entry.data).encode(),
                headers=headers_of(entry),
            )


def headers_of(entry: Entry) -> list[tuple[str, bytes]]:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": entry.id,
        "ce_source": "/rollcall/test",
        "ce_type": entry.type,
        "ce_subject": entry.subject,
        "ce_time": entry.data["received_at"],
        "ce_sequence": str(entry.version),
    }
    return [(name, value.encode()) for name, value in headers.items()]


def arguments(folder: Path, bootstrap: str, *more: str) -> list[str]:
    """Write the files of the sound evidence and point the command at them."""
    sound = sound_evidence()
    YAML().dump(CYCLE_TEXT, folder / "cycle.yaml")
    write_imports(folder / "imports")
    write_editions(folder / "editions", sound)
    (folder / "journal.jsonl").write_bytes(b"".join(line_of(mail) for mail in sound.mails))
    files = {"imports": "imports", "cycle": "cycle.yaml", "journal": "journal.jsonl"}
    paths = [f"--{name}={folder / file}" for name, file in files.items()]
    return [f"--bootstrap={bootstrap}", *paths, f"--editions={folder / 'editions'}", *more]


def write_imports(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "2024-01-02T08-00_departments.csv").open("w", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("department_id", "area_id"), *((name, area) for name, area in AREAS.items())]
        )
    columns = (
        "person_id,email,effective_on,onboarded_on,separated_on,appointment_id,kind,paid,"
        "department_id,start_on,end_on,year_of_study"
    )
    with (folder / "2024-01-02T08-00_people.csv").open("w", encoding="utf-8") as file:
        file.write(f"{columns}\n")
        for person_id, departments, since in PEOPLE:
            about = f"{person_id},{person_id}@example.edu,2024-01-02,{since},"
            for each in departments:
                file.write(f"{about},{each},staff,true,{each},{since},,\n")


def write_editions(folder: Path, evidence: Evidence) -> None:
    for night, files in evidence.editions.items():
        (folder / str(night)).mkdir(parents=True, exist_ok=True)
        for department, text in files.items():
            (folder / str(night) / f"{department}.csv").write_bytes(text.encode())


def line_of(mail: Mail) -> bytes:
    """The sink's line for a message with that mail's headers."""
    message = EmailMessage()
    for name, value in (
        ("Mail", mail.mail_id),
        ("Kind", mail.kind),
        ("Person", mail.person_id),
        ("Cycle", mail.cycle),
        ("Occurrence", mail.occurrence),
        ("Ordinal", str(mail.ordinal)),
    ):
        message[f"X-Rollcall-{name}"] = value
    message.set_content("Hello")
    raw = base64.b64encode(message.as_bytes()).decode()
    return json.dumps({"rcpt_to": mail.recipients, "raw": raw}).encode() + b"\n"


async def test_a_sound_run_exits_with_zero_and_a_planted_fault_with_one(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await publish(bootstrap, sound_evidence().log.entries)
    command = arguments(tmp_path, bootstrap)
    assert await asyncio.to_thread(main, command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert all(": ok" in line or ", ok" in line for line in lines)
    for fault in ("dropped-event", "doubled-mail", "wrong-group"):
        assert await asyncio.to_thread(main, [*command, "--json", "--plant", fault]) == 1
        said = json.loads(capsys.readouterr().out)
        assert not said["ok"]
        assert any(check["count"] for check in said["checks"])


async def test_what_is_missing_is_said_in_a_sentence_with_exit_code_two(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(tmp_path, bootstrap)
    (tmp_path / "journal.jsonl").unlink()
    assert await asyncio.to_thread(main, command) == 2
    assert "journal.jsonl" in capsys.readouterr().err


async def test_a_platform_that_published_nothing_is_no_sound_run(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(main, arguments(tmp_path, bootstrap)) == 2
    assert "no event" in capsys.readouterr().err


async def test_the_log_is_read_whole_and_repetitions_count_once(bootstrap: str) -> None:
    events = [completed(f"p{number}") for number in range(200)]
    await send_events(bootstrap, events)
    await send_events(bootstrap, events[:50])
    log = await read_log(bootstrap)
    assert {entry.data["person_id"] for entry in log.on(MODULE)} == {e.person_id for e in events}
    assert len(log.entries) == 200
    assert log.unreadable == []


async def test_what_is_no_cloudevent_is_named_by_its_coordinates(bootstrap: str) -> None:
    headers = headers_for(completed("p1"))
    body = completed("p1").model_dump_json().encode()
    without = [(name, value) for name, value in headers if name != "ce_id"]
    other = completed("p1", option="C").model_dump_json().encode()
    broken: list[tuple[list[tuple[str, bytes | None]], bytes]] = [
        ([*headers], body),
        ([*headers], other),
        ([*without], body),
        ([*headers], b"{"),
        ([*without, ("ce_id", None)], body),
        ([*headers], completed("p1", version=2).model_dump_json().encode()),
    ]
    for each, value in broken:
        await send_raw(bootstrap, MODULE, key=b"p1", value=value, headers=each, partition=0)
    complaints = (await read_log(bootstrap)).unreadable
    places = [complaint.split(" ")[0] for complaint in complaints]
    assert sorted(places) == [f"{MODULE}[0]@{offset}" for offset in (1, 2, 3, 4, 5)]


async def test_a_missing_topic_is_a_complaint(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_topics([DEPARTMENT])

    async def gone() -> bool:
        return DEPARTMENT not in await admin.list_topics()

    await eventually(gone)
    await admin.close()
    log = await read_log(bootstrap)
    assert log.unreadable == [f"{DEPARTMENT} does not exist"]


def test_a_torn_last_line_of_the_journal_was_never_accepted(tmp_path: Path) -> None:
    mails = sound_evidence().mails[:2]
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(line_of(mails[0]) + line_of(mails[1])[:-10])
    assert read_journal(journal) == (mails[:1], [])


def test_a_message_without_its_headers_is_a_complaint(tmp_path: Path) -> None:
    raw = base64.b64encode(b"Subject: hello\r\n\r\nhello").decode()
    journal = tmp_path / "journal.jsonl"
    journal.write_text(json.dumps({"rcpt_to": [], "raw": raw}) + "\nnonsense\n")
    mails, complaints = read_journal(journal)
    assert mails == []
    assert complaints[0].startswith("journal:1 has no X-Rollcall-Mail, X-Rollcall-Kind")
    assert complaints[1].startswith("journal:2 cannot be read")


async def test_an_import_that_is_neither_of_people_nor_of_departments_is_refused(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(tmp_path, bootstrap)
    (tmp_path / "imports" / "2024-01-03T08-00_pets.csv").write_text("pet_id\n")
    assert await asyncio.to_thread(main, command) == 2
    assert "people or departments, not of pets" in capsys.readouterr().err


async def test_an_import_without_a_column_is_no_difference_but_nothing_to_read(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(tmp_path, bootstrap)
    (tmp_path / "imports" / "2024-01-03T08-00_departments.csv").write_text("department_id\nn1\n")
    assert await asyncio.to_thread(main, command) == 2
    assert "a column or field is missing: 'area_id'" in capsys.readouterr().err


def test_an_id_repeated_with_another_key_or_topic_is_a_complaint() -> None:
    entry = sound_evidence().log.entries[0]
    same = replace(entry, offset=entry.offset + 1)
    others = [replace(same, key="somebody"), replace(same, topic=MODULE), replace(same, data={})]
    log = sift([entry, same, *others])
    assert log.entries == [entry]
    assert len(log.unreadable) == len(others)
