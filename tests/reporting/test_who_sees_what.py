"""Who sees what: every page crawled as every role. These tests share one service, and only read."""

import re
from collections.abc import AsyncIterator

import pytest
import structlog
from structlog.testing import capture_logs

from chassis import sign_in
from support.databases import Databases
from support.reporting import (
    PEOPLE,
    RECEIVED,
    TOPICS,
    Reporting,
    crawl,
    names_in,
    paths,
    populate,
    running,
)
from support.topics import recreate_topics

# What no officer may ever read of anybody: options, rules and their words, holds.
SECRETS = (
    *("LBGTQ", "Responding to Disclosures", "Power Dynamics", "Option A"),
    *("paid_staff", "recently_onboarded", "onboarding", "paid staff", "hold", "Canary Held"),
)


@pytest.fixture(scope="module")
async def campus(databases: Databases, kafka: str) -> AsyncIterator[Reporting]:
    """Two departments with canary names, after the edition of 2 October."""
    await recreate_topics(kafka, TOPICS)
    database = await databases.fresh("reporting")
    async with running(database, kafka) as service:
        await service.step(RECEIVED)
        await populate(service)
        yield service
    await databases.drop(database)


def without_token(html: str) -> str:
    return re.sub(r'name="token" value="[^"]+"', "", html)


async def test_an_officer_sees_the_people_of_own_departments_and_nobody_else(
    campus: Reporting,
) -> None:
    assert names_in(await crawl(campus, "officer", "officer-alpha")) == {
        "Canary Alpha",
        "Canary Both",
    }
    assert names_in(await crawl(campus, "officer", "officer-beta")) == {
        "Canary Beta",
        "Canary Both",
    }
    assert names_in(await crawl(campus, "officer", "officer-of-nothing")) == set()


async def test_the_training_office_sees_every_department_and_nobody_on_hold(
    campus: Reporting,
) -> None:
    said = await crawl(campus, "office", "training-office")
    assert names_in(said) == set(PEOPLE.values()) - {"Canary Held"}
    assert "Everybody, each person counted once" in said["/departments"]


async def test_a_person_sees_the_own_page_and_no_report(campus: Reporting) -> None:
    said = await crawl(campus, "person", "a1")
    assert names_in(said) == {"Canary Alpha"}
    assert "Canary Alpha" not in "".join(t for p, t in said.items() if not p.startswith("/me"))


@pytest.mark.parametrize(
    ("role", "person_id"),
    [("officer", "officer-alpha"), ("officer", "officer-beta"), ("office", "training-office")],
)
async def test_no_report_tells_options_rules_or_holds(
    campus: Reporting, role: str, person_id: str
) -> None:
    said = await crawl(campus, role, person_id)
    reports = {path: text for path, text in said.items() if path.startswith("/departments")}
    assert reports
    for secret in SECRETS:
        for path, text in reports.items():
            assert secret.lower() not in text.lower(), (secret, path)


async def test_a_denial_is_logged_with_ids_and_looks_like_what_does_not_exist(
    campus: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger of its own, as the module's is bound to what was configured first.
    monkeypatch.setattr(sign_in, "log", structlog.get_logger())
    await campus.sign_in("officer", "officer-alpha")
    with capture_logs() as logs:
        denied = await campus.page("/departments/beta", 404)
    missing = await campus.page("/departments/nowhere", 404)
    assert without_token(denied) == without_token(missing).replace("nowhere", "beta")
    (entry,) = logs
    assert (entry["event"], entry["viewer_id"], entry["role"]) == (
        *("access_denied", "officer-alpha", "officer"),
    )
    assert (entry["kind"], entry["key"]) == ("department", "beta")


async def test_every_page_is_kept_by_no_browser_and_loads_nothing_from_elsewhere(
    campus: Reporting,
) -> None:
    for person_id in ("officer-alpha", "nobody"):
        await campus.sign_in("officer", person_id)
        for path in paths(campus):
            answer = await campus.client.get(path)
            assert answer.headers["cache-control"] == "no-store", path
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "<script" not in answer.text
            assert 'src="http' not in answer.text
            assert "style=" not in answer.text


async def test_the_department_page_says_where_it_stands_and_what_was_cut_off(
    campus: Reporting,
) -> None:
    await campus.sign_in("officer", "officer-alpha")
    html = await campus.page("/departments/alpha")
    assert "Edition of Monday 2 October 2023." in html
    assert "Cut-off: Tuesday 3 October 2023, 00:00 EDT" in html
    assert "Of 2 required: 1 done, 0 open, 1 overdue, 0 not started" in html
    assert "also in Department of Beta" in html
    assert "Why is somebody missing?" in html
    assert 'href="/departments/alpha/editions/2023-10-02.csv?cycle=2023-24"' in html


async def test_the_download_is_the_canonical_csv_with_ids_only(campus: Reporting) -> None:
    await campus.sign_in("officer", "officer-alpha")
    answer = await campus.client.get("/departments/alpha/editions/2023-10-02.csv")
    assert answer.text == (
        "person_id,status,group,released_on,due_on,other_departments\n"
        "a1,completed,pilot,2023-09-12,2023-10-06,\n"
        "ab,overdue,pilot,2023-09-12,2023-10-06,beta\n"
    )
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_my_page_is_the_receipt_of_a_completion(campus: Reporting) -> None:
    await campus.sign_in("person", "a1")
    html = await campus.page("/me")
    assert "You have completed this requirement." in html
    receipt = html.split("Your receipt")[1].split("</section>")[0]
    assert "Monday 2 October 2023, 09:00 EDT" in receipt
    assert "LBGTQ+ 101" in receipt
