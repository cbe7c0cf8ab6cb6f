"""The `completion` command, as an operator runs it."""

import json
from pathlib import Path

import pytest

from support.completions import (
    TOKEN,
    Completion,
    completion_command,
    new_person,
    said,
    write_sources,
)


async def test_a_good_sources_file_is_shown_without_its_secrets(tmp_path: Path) -> None:
    path = write_sources(tmp_path / "sources.toml")
    status, out, _ = await completion_command("sources", "check", str(path))
    assert status == 0
    assert "psh23-b" in out
    assert "whsec" not in out
    status, out, _ = await completion_command("sources", "check", str(path), "--json")
    assert json.loads(out)["sources"] == ["campus-lms", "other-lms"]


async def test_a_bad_sources_file_is_refused_with_a_line_per_mistake(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text('[sources.lms]\nsecrets = ["short"]\n')
    status, out, err = await completion_command("sources", "check", str(path))
    assert (status, out) == (1, "")
    assert "sources.lms.secrets[0]" in err
    assert "sources.lms.courses" in err
    status, out, _ = await completion_command("sources", "check", str(path), "--json")
    assert status == 1
    assert len(json.loads(out)["problems"]) == 2


async def test_the_service_does_not_start_with_a_bad_sources_file(
    completion: Completion, tmp_path: Path
) -> None:
    path = tmp_path / "sources.toml"
    path.write_text("[sources]\n")
    status, _, err = await completion_command(
        "run",
        COMPLETION_DATABASE_URL=completion.dsn,
        COMPLETION_KAFKA_BOOTSTRAP=completion.bootstrap,
        COMPLETION_MACHINE_TOKEN=TOKEN,
        COMPLETION_SOURCES_FILE=str(path),
    )
    assert status == 2
    assert "must name at least one source" in err


async def test_a_setting_that_is_missing_is_named() -> None:
    status, _, err = await completion_command("run")
    assert status == 2
    assert "COMPLETION_SOURCES_FILE is not set" in err


async def test_the_unmatched_are_listed_for_people_and_for_programs(
    completion: Completion,
) -> None:
    address = f"canary{new_person()}@example.edu"
    await completion.tell(address)
    status, out, _ = await completion_command("unmatched", service=completion)
    assert status == 0
    assert "campus-lms" in out
    assert address not in out
    status, out, _ = await completion_command("unmatched", "--json", service=completion)
    assert json.loads(out)["requests"] >= 1
    assert address not in out


async def test_a_stored_request_is_shown_and_its_body_only_when_asked_for(
    completion: Completion,
) -> None:
    address = f"canary{new_person()}@example.edu"
    body = said(address)
    assert (await completion.post(body, "msg_shown")).is_success
    await completion.at_rest()
    (row,) = await completion.fetch("SELECT id FROM webhook_request WHERE webhook_id = 'msg_shown'")
    show = ("request", "show", str(row["id"]))
    status, out, _ = await completion_command(*show, service=completion)
    assert status == 0
    assert "unmatched" in out
    assert address not in out
    _, out, _ = await completion_command(*show, "--json", service=completion)
    assert json.loads(out)["body_bytes"] == len(body)
    _, out, _ = await completion_command(*show, "--body", service=completion)
    assert out.strip() == body.decode()


@pytest.mark.parametrize("more", [(), ("--body",), ("--json",)])
async def test_a_request_that_does_not_exist_is_named(
    completion: Completion, more: tuple[str, ...]
) -> None:
    status, out, err = await completion_command(
        "request", "show", "999999", *more, service=completion
    )
    assert (status, out) == (1, "")
    assert "999999" in err
