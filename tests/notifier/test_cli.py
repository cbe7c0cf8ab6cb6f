"""The `notifier` command, as an operator runs it."""

import asyncio
import json
import os
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from support.faulty_smtp import Fault
from support.notifiers import TOKEN, Notifier, Sending, cycle


async def notifier_command(notifier: Notifier, *arguments: str) -> tuple[int | None, str, str]:
    """Exit status, standard output and standard error."""
    settings = notifier.runtime.settings
    environment = {
        "NOTIFIER_DATABASE_URL": settings.database_url.get_secret_value(),
        "NOTIFIER_KAFKA_BOOTSTRAP": notifier.bootstrap,
        "NOTIFIER_MACHINE_TOKEN": TOKEN,
        "NOTIFIER_SMTP_HOST": "127.0.0.1",
        "ROLLCALL_ACTOR": "900001",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifier", *arguments),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_ledger_is_shown_as_a_table_and_as_json(sending: Sending) -> None:
    await sending.release()
    await sending.notifier.rest()

    status, table, _ = await notifier_command(sending.notifier, "ledger")
    assert status == 0
    assert "release" in table
    _, out, _ = await notifier_command(sending.notifier, "ledger", "--json", "--cycle", "2023-24")
    assert json.loads(out)["balanced"]
    _, out, _ = await notifier_command(sending.notifier, "ledger", "--cycle", "1999")
    assert "No mail was ever planned." in out


async def test_uncertain_mails_are_listed_by_id(sending: Sending) -> None:
    sending.smtp.fault("DOT", Fault(drop=True))
    who = await sending.release()
    await sending.notifier.becomes(who, release_1="uncertain")

    _, out, _ = await notifier_command(sending.notifier, "uncertain", "--json")
    (listed,) = [row for row in json.loads(out) if row["person_id"] == who]
    assert listed["reason"] == "dot_no_reply"
    assert len(listed["sha256"]) == 64
    assert "@" not in out


async def test_stop_and_resume_are_obeyed_and_seen_in_status(sending: Sending) -> None:
    notifier = sending.notifier
    assert (await notifier_command(notifier, "status"))[0] == 0
    status, out, _ = await notifier_command(notifier, "stop", "--reason", "a drill")
    assert (status, out.strip()) == (0, "Stopped: all mail.")
    assert "already" in (await notifier_command(notifier, "stop"))[1]
    status, out, _ = await notifier_command(notifier, "status", "--json")
    assert status == 1
    assert json.loads(out)["stopped"][0]["reason"] == "a drill"

    who = await sending.release()
    await notifier.becomes(who, release_1="planned")
    assert (await notifier_command(notifier, "resume"))[0] == 0
    await notifier.becomes(who, release_1="accepted")
    assert (await notifier_command(notifier, "resume"))[0] == 1

    _, out, _ = await notifier_command(notifier, "audit", "list", "--json")
    resumed, stopped = json.loads(out)
    assert (resumed["action"], resumed["subject"]) == ("mail.resume", "mail_switch/all")
    assert (stopped["action"], stopped["actor"], stopped["reason"]) == (
        *("mail.stop", "900001", "a drill"),
    )
    assert (await notifier_command(notifier, "audit", "verify"))[0] == 0


async def test_a_kind_or_a_cycle_is_stopped_not_both(sending: Sending) -> None:
    status, _, err = await notifier_command(
        sending.notifier, "stop", "--kind", "reminder", "--cycle", "2023-24"
    )
    assert status == 1
    assert "not both" in err


async def test_a_cycle_that_nobody_published_is_not_said_to_be_stopped(sending: Sending) -> None:
    await sending.notifier.rest()
    status, out, err = await notifier_command(sending.notifier, "stop", "--cycle", "2023-42")
    assert (status, out) == (1, "")
    assert "there is: 2023-24" in err
    status, out, _ = await notifier_command(sending.notifier, "stop", "--cycle", "2023-24")
    assert (status, out.strip()) == (0, "Stopped: 2023-24.")
    assert (await notifier_command(sending.notifier, "resume", "--cycle", "2023-24"))[0] == 0


async def test_a_cycle_without_groups_is_previewed_too(sending: Sending, tmp_path: Path) -> None:
    await sending.notifier.take(cycle(cycle="committees", groups=()))
    await sending.notifier.rest()
    out = tmp_path / "mail.txt"
    command = ("preview", "release", "--cycle", "committees", "--out", str(out))
    status, _, err = await notifier_command(sending.notifier, *command)
    assert status == 0, err
    assert "Alex Example" in out.read_text()


@pytest.mark.parametrize("suffix", [".eml", ".html", ".txt"])
async def test_a_preview_is_written_in_three_forms(
    sending: Sending, tmp_path: Path, suffix: str
) -> None:
    await sending.release()
    await sending.notifier.rest()
    out = tmp_path / f"mail{suffix}"
    command = ("preview", "release", "--cycle", "2023-24", "--out", str(out))
    status, _, err = await notifier_command(sending.notifier, *command)
    assert status == 0, err
    assert "Alex Example" in out.read_text()
    if suffix == ".eml":
        assert message_from_bytes(out.read_bytes())["X-Rollcall-Kind"] == "release"


async def test_a_preview_of_an_unknown_cycle_or_form_is_refused(
    sending: Sending, tmp_path: Path
) -> None:
    for which, name, said in (("1999", "a.eml", "No cycle 1999"), ("2023-24", "a.pdf", ".eml")):
        command = ("preview", "release", "--cycle", which, "--out", str(tmp_path / name))
        status, _, err = await notifier_command(sending.notifier, *command)
        assert status == 1
        assert said in err
