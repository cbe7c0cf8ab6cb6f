"""The demo's own checks: each can fail, and does when its sentence is not true."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.checks import Mails, check_all, check_kills, check_nights

FIGURES: list[dict[str, Any]] = [
    {"group": "pilot", "released": 3},
    {"group": "graduate", "released": 2},
    {"group": None, "released": 0},
]
LEDGER = {"accepted": 9, "uncertain": 1, "open": 0, "failed": 0}
MAILS = Mails(accepted=9, repeated=[], releases=5)


def troubles(
    figures: list[dict[str, Any]] = FIGURES,
    ledger: Mapping[str, int] = LEDGER,
    parked: Mapping[str, int] | None = None,
    mails: Mails = MAILS,
) -> list[str]:
    checks = check_all(figures, ledger, parked or {"roster": 0}, mails)
    return [check.sentence for check in checks if check.trouble]


def test_a_sound_run_has_no_trouble() -> None:
    assert troubles() == []


@pytest.mark.parametrize("figures", [[], [*FIGURES, {"group": "schools", "released": 0}]])
def test_no_groups_at_all_and_a_group_without_release_are_found(
    figures: list[dict[str, Any]],
) -> None:
    assert "Somebody was released in every group" in troubles(figures=figures)


@pytest.mark.parametrize(("releases", "found"), [(3, True), (4, False), (5, False), (6, True)])
def test_an_uncertain_mail_may_be_missing_and_no_release_mail_too_many(
    releases: int, found: bool
) -> None:
    said = troubles(mails=Mails(accepted=9, repeated=[], releases=releases))
    assert ("Everybody released got one release mail" in said) is found


@pytest.mark.parametrize(("accepted", "found"), [(8, True), (9, False), (10, False), (11, True)])
def test_the_server_has_what_the_ledger_says_and_perhaps_what_is_uncertain(
    accepted: int, found: bool
) -> None:
    said = troubles(mails=Mails(accepted=accepted, repeated=[], releases=5))
    assert ("What the ledger says was accepted, the mail server has" in said) is found


def test_what_is_doubled_open_failed_or_parked_is_found() -> None:
    assert troubles(
        ledger=LEDGER | {"open": 1, "failed": 2},
        parked={"rollout": 1},
        mails=Mails(accepted=9, repeated=[("p1",)], releases=5),
    ) == [
        "No mail went out twice",
        "The mail ledger has nothing open",
        "No mail failed",
        "No record is parked",
    ]


def test_a_night_without_editions_and_one_too_many_are_found(tmp_path: Path) -> None:
    for night in ("2023-09-01", "2023-09-02"):
        (tmp_path / night).mkdir()
        (tmp_path / night / "d1.csv").write_text("")
    first, last = date(2023, 9, 1), date(2023, 9, 2)
    assert not check_nights(tmp_path, first, last).trouble
    assert check_nights(tmp_path, first, date(2023, 9, 3)).trouble.endswith("2023-09-03")
    assert check_nights(tmp_path, last, last).trouble.endswith("2023-09-01")
    (tmp_path / "2023-09-02" / "d1.csv").unlink()
    assert check_nights(tmp_path, first, last).trouble.endswith("2023-09-02")


def test_a_kill_that_did_not_happen_is_found() -> None:
    assert not check_kills(["roster", "kafka"], ["roster", "kafka"]).trouble
    assert check_kills(["roster"], ["roster", "kafka"]).trouble
