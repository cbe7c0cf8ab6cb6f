"""The recount finds nothing in sound evidence, and every planted fault where it lies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from recount.check import Check
from recount.compare import compare
from recount.evidence import Evidence
from recount.log import GROUP, MAIL, OBLIGATION, REPORT, Entry, Log
from recount.mutants import MUTANTS
from recount_tests.platform import sound_evidence

NIGHT = date(2024, 1, 5)


def faults(evidence: Evidence) -> dict[str, list[str]]:
    """The differences by the name of the check that found them."""
    return {check.name: check.differences for check in compare(evidence) if not check.ok}


def lost(evidence: Evidence, wanted: Callable[[Entry], bool]) -> Evidence:
    """The same evidence without the last event that is wanted."""
    victim = [entry for entry in evidence.log.entries if wanted(entry)][-1]
    kept = [entry for entry in evidence.log.entries if entry is not victim]
    return replace(evidence, log=Log(kept, []))


def with_edition(evidence: Evidence, department: str, change: Callable[[str], str]) -> Evidence:
    """The same evidence with one department's file of one night changed."""
    files = evidence.editions[NIGHT]
    changed = files | {department: change(files[department])}
    return replace(evidence, editions=evidence.editions | {NIGHT: changed})


def test_sound_evidence_has_no_difference() -> None:
    checks = compare(sound_evidence())
    assert [line for check in checks if not check.ok for line in check.lines()] == []
    assert all(check.compared for check in checks)


def test_each_mutant_is_found_by_the_checks_it_concerns() -> None:
    found = {name: set(faults(plant(sound_evidence()))) for name, plant in MUTANTS.items()}
    assert found == {
        "dropped-event": {"versions"},
        "doubled-mail": {"mails once"},
        "wrong-group": {"obligations", "editions", "published editions"},
    }


def test_whichever_single_event_is_lost_it_is_missed() -> None:
    sound = sound_evidence()
    unnoticed = []
    for victim in sound.log.entries:
        kept = [entry for entry in sound.log.entries if entry is not victim]
        if not faults(replace(sound, log=Log(kept, []))):
            unnoticed.append(f"{victim.place} {victim.subject} {victim.version}")
    assert len(sound.log.entries) > 80
    assert unnoticed == []


def test_a_row_that_is_missing_is_named_with_its_night_and_department() -> None:
    dropped = with_edition(
        sound_evidence(), "n1", lambda text: "".join(text.splitlines(keepends=True)[:-1])
    )
    assert faults(dropped)["editions"] == [
        "2024-01-05 n1 never: expected ('never', 'released', 'blue', '2024-01-03', '2024-01-10', "
        "''), found None"
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("intime,completed", "intime,released"),
        ("2024-01-10", "2024-01-11"),
        ("2024-01-03", "2024-01-04"),
        (",s1", ",x1"),
        ("due_on", "due"),
    ],
)
def test_a_wrong_cell_is_found(right: str, wrong: str) -> None:
    changed = with_edition(sound_evidence(), "n1", lambda text: text.replace(right, wrong))
    assert "editions" in faults(changed)


def test_rows_out_of_order_are_found() -> None:
    def turn(text: str) -> str:
        header, *rows = text.splitlines(keepends=True)
        return header + "".join(reversed(rows))

    assert "editions" in faults(with_edition(sound_evidence(), "n1", turn))


def test_a_missing_night_a_surplus_night_and_a_missing_department_are_found() -> None:
    sound = sound_evidence()
    without = {night: files for night, files in sound.editions.items() if night != NIGHT}
    more = sound.editions | {date(2024, 1, 13): sound.editions[NIGHT]}
    files = {name: text for name, text in sound.editions[NIGHT].items() if name != "x1"}
    for editions in (without, more, sound.editions | {NIGHT: files}):
        assert "editions" in faults(replace(sound, editions=editions))


def test_a_mail_that_never_went_out_is_found() -> None:
    sound = sound_evidence()
    short = faults(replace(sound, mails=sound.mails[:-1]))
    assert set(short) == {"mails once", "mails expected"}
    assert "late mini 1 confirmation 1: had to go out, did not" in short["mails expected"]


def test_a_mail_that_nobody_had_to_get_is_found() -> None:
    sound = sound_evidence()
    stray = replace(sound.mails[0], line=99, mail_id="stray", person_id="exempt")
    found = faults(replace(sound, mails=[*sound.mails, stray]))
    assert set(found) == {"mails once", "addresses", "mails expected"}


def test_an_uncertain_mail_may_be_in_the_journal_once_but_not_twice() -> None:
    sound = sound_evidence()
    ledger = next(e for e in sound.log.on(MAIL) if e.data["state"] == "uncertain")
    copy = replace(
        sound.mails[0],
        mail_id=ledger.data["mail_id"],
        person_id="never",
        kind="overdue",
        recipients=("never@example.edu",),
    )
    assert not faults(replace(sound, mails=[*sound.mails, copy]))
    assert set(faults(replace(sound, mails=[*sound.mails, copy, copy]))) == {"mails once"}


def test_a_mail_left_open_in_the_ledger_is_found() -> None:
    unfinished = lost(sound_evidence(), lambda e: e.topic == MAIL and e.data["state"] == "accepted")
    assert set(faults(unfinished)) == {"mails once"}


def test_a_mail_to_a_strange_address_is_found_and_the_address_not_told() -> None:
    sound = sound_evidence()
    elsewhere = replace(sound.mails[0], recipients=("someone@example.org",))
    (differences,) = faults(replace(sound, mails=[elsewhere, *sound.mails[1:]])).values()
    assert differences == ["journal:1: not an address of intime"]


def test_batches_that_do_not_add_up_are_found() -> None:
    sound = sound_evidence()
    entries = [
        replace(entry, data=entry.data | {"people": 2}) if entry.topic == GROUP else entry
        for entry in sound.log.entries
    ]
    assert len(faults(replace(sound, log=Log(entries, [])))["batches"]) == 4


def test_an_obligation_of_nobody_is_found() -> None:
    sound = sound_evidence()
    one = sound.log.on(OBLIGATION)[0]
    ghost = replace(one, id="ghost", subject="ghost/mini/1", data=one.data | {"person_id": "ghost"})
    found = faults(replace(sound, log=Log([*sound.log.entries, ghost], [])))
    assert found["obligations"] == ["ghost/mini/1 is of nobody the roster was told of"]


def test_counts_published_otherwise_than_in_the_file_are_found() -> None:
    sound = sound_evidence()
    entries = [
        replace(entry, data=entry.data | {"overdue": 7}) if entry.topic == REPORT else entry
        for entry in sound.log.entries
    ]
    found = faults(replace(sound, log=Log(entries, [])))
    assert {name: len(differences) for name, differences in found.items()} == {
        "published editions": 33
    }


def test_a_check_shows_twenty_differences_and_counts_the_rest() -> None:
    check = Check("rows")
    for number in range(25):
        check.expect(f"row {number}", "yes", "no")
    lines = check.lines()
    assert lines[0] == "rows: 25 compared, 25 DIFFERENCES"
    assert lines[1] == "  row 0: expected yes, found no"
    assert lines[-1] == "  … and 5 more"
    assert len(lines) == 22
    assert check.as_json()["count"] == 25


def test_a_check_without_anything_to_compare_is_no_success() -> None:
    assert not Check("nothing").ok
    assert Check("nothing").lines() == ["nothing: 0 compared, NOTHING TO COMPARE"]
