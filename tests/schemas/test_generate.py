"""`python -m schemas generate`: what is committed is what the models say, and never breaks."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.__main__ import main
from schemas.generate import contracts, stale, write
from support.examples import CONTRACTS

OBLIGATION = "edu.rollcall.obligation.changed.v1"

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything freshly generated."""
    write(tmp_path)
    return tmp_path


def _edit(folder: Path, edit: Edit) -> None:
    path = folder / "jsonschema" / f"{OBLIGATION}.json"
    schema = json.loads(path.read_text())
    edit(schema)
    path.write_text(json.dumps(schema))


def test_what_is_committed_is_fresh() -> None:
    assert stale(CONTRACTS) == []


def test_generating_twice_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--out", str(folder)]) == 0
    assert capsys.readouterr().out == "Nothing to do.\n"


def test_a_missing_file_is_named_by_the_check_and_made_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "asyncapi" / "roster.json").unlink()
    assert main(["generate", "--check", "--out", str(folder)]) == 1
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"{folder / 'asyncapi' / 'roster.json'} is stale",
        "Run: python -m schemas generate",
    ]
    assert main(["generate", "--out", str(folder)]) == 0
    assert main(["generate", "--check", "--out", str(folder)]) == 0


def test_a_document_of_nothing_is_stale_and_removed(folder: Path) -> None:
    (folder / "asyncapi" / "payroll.json").write_text("{}")
    assert stale(folder) == [Path("asyncapi/payroll.json")]
    assert main(["generate", "--out", str(folder)]) == 0
    assert stale(folder) == []


def test_a_new_optional_field_is_written(folder: Path) -> None:
    _edit(folder, lambda schema: schema["properties"].pop("reopened"))
    assert main(["generate", "--out", str(folder)]) == 0
    assert stale(folder) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda schema: schema["properties"].update(colour={"type": "string", "default": ""}),
            "colour: was removed",
        ),
        (
            lambda schema: schema["required"].remove("cycle"),
            "cycle: may be missing, and is required",
        ),
        (
            lambda schema: schema["$defs"]["ObligationStatus"]["enum"].append("waived"),
            "status: may be 'waived', which is not known",
        ),
        (
            lambda schema: schema["properties"]["policy_version"].update(type="string"),
            "policy_version: may be integer, read as string",
        ),
    ],
)
def test_a_schema_that_readers_could_not_live_with_is_not_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str], edit: Edit, said: str
) -> None:
    _edit(folder, edit)
    path = folder / "jsonschema" / f"{OBLIGATION}.json"
    released = path.read_text()
    assert main(["generate", "--out", str(folder)]) == 1
    assert f"{OBLIGATION}: {said}" in capsys.readouterr().err
    assert path.read_text() == released


def test_a_refusal_writes_nothing_at_all(folder: Path) -> None:
    _edit(folder, lambda schema: schema["required"].remove("cycle"))
    (folder / "asyncapi" / "roster.json").unlink()
    assert main(["generate", "--out", str(folder)]) == 1
    assert not (folder / "asyncapi" / "roster.json").exists()


def test_a_released_type_never_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = folder / "jsonschema" / "edu.rollcall.person.promoted.v1.json"
    gone.write_text("{}")
    assert main(["generate", "--out", str(folder)]) == 1
    assert "edu.rollcall.person.promoted.v1 was released and is gone" in capsys.readouterr().err
    assert gone.exists()


def test_a_file_that_is_not_json_is_a_sentence_and_not_a_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "jsonschema" / f"{OBLIGATION}.json").write_text("<<<<<<< HEAD")
    assert main(["generate", "--out", str(folder)]) == 1
    said = capsys.readouterr().err
    assert f"{OBLIGATION}.json is not JSON" in said


def test_the_command_runs_from_any_folder_and_finds_the_checkout(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "schemas", "generate", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_schema_is_found_under_the_reference_its_records_carry() -> None:
    for path, document in contracts().items():
        if path.parent.name == "jsonschema":
            assert document["$id"] == f"/schemas/{path.name}"
            assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
