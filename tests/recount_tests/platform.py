"""What a platform without a fault leaves behind of a cycle of two weeks, written down by hand.

Five people: one finishes in time, one never, one before the release, one is exempt, and one with
two departments finishes late. Nothing here is computed by the recount.
"""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from recount.cycle import Cycle, cycle_from
from recount.evidence import Editions, Evidence
from recount.facts import Facts, take_in
from recount.log import GROUP, MAIL, MODULE, OBLIGATION, PERSON, REMINDER, REPORT, Entry, Log
from recount.mails import Mail

CYCLE_TEXT: dict[str, Any] = {
    "cycle": "mini",
    "timezone": "America/New_York",
    "opens_on": date(2024, 1, 2),
    "closes_on": date(2024, 2, 29),
    "daily_at": "09:00",
    "required_options": 1,
    "options": [{"option": "A"}],
    "counted_on": date(2024, 1, 2),
    "rules": [
        {
            "rule": "recent",
            "when": {"kinds": ["staff"], "onboarded_from": date(2024, 1, 1)},
            "outcome": "exempt",
        },
        {"rule": "staff", "when": {"kinds": ["staff"]}, "outcome": "required"},
        {"rule": "others", "when": {}, "outcome": "not_in_scope"},
    ],
    # A window of exactly the notice has a single release day, so that nobody needs a digest.
    "groups": [
        {
            "group": "blue",
            "start_on": date(2024, 1, 3),
            "due_on": date(2024, 1, 10),
            "when": {"areas": ["north"]},
        },
        {
            "group": "green",
            "start_on": date(2024, 1, 4),
            "due_on": date(2024, 1, 11),
            "when": {"areas": ["south"]},
        },
    ],
    "release": {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "minimum_notice_days": 7},
    "reminders": {
        "before_due": [{"kind": "reminder", "ordinal": 1, "business_days": 1}],
        "after_due": [{"kind": "overdue", "ordinal": 1, "business_days": 1}],
    },
    "closed": [],
}
CYCLE: Cycle = cycle_from(CYCLE_TEXT)

# Person, departments, onboarded on.
PEOPLE = (
    ("intime", ("n1",), "2020-01-01"),
    ("never", ("n1",), "2020-01-01"),
    ("early", ("s1",), "2020-01-01"),
    ("exempt", ("n1",), "2024-01-02"),
    ("late", ("n1", "s1"), "2020-01-01"),
)
AREAS = {"n1": "north", "s1": "south", "x1": ""}
HEADER = "person_id,status,group,released_on,due_on,other_departments\n"
BLUE, GREEN = "blue,2024-01-03,2024-01-10", "green,2024-01-04,2024-01-11"

# The lines of each department by the first night they hold.
LINES = {
    ("n1", 2): (
        "exempt,exempt,,,,",
        "intime,scheduled,blue,,,",
        "late,scheduled,blue,,,s1",
        "never,scheduled,blue,,,",
    ),
    ("n1", 3): (
        "exempt,exempt,,,,",
        f"intime,released,{BLUE},",
        f"late,released,{BLUE},s1",
        f"never,released,{BLUE},",
    ),
    ("n1", 5): (
        "exempt,exempt,,,,",
        f"intime,completed,{BLUE},",
        f"late,released,{BLUE},s1",
        f"never,released,{BLUE},",
    ),
    ("n1", 11): (
        "exempt,exempt,,,,",
        f"intime,completed,{BLUE},",
        f"late,overdue,{BLUE},s1",
        f"never,overdue,{BLUE},",
    ),
    ("n1", 12): (
        "exempt,exempt,,,,",
        f"intime,completed,{BLUE},",
        f"late,completed_late,{BLUE},s1",
        f"never,overdue,{BLUE},",
    ),
    ("s1", 2): ("early,scheduled,green,,,", "late,scheduled,blue,,,n1"),
    ("s1", 3): ("early,scheduled,green,,,", f"late,released,{BLUE},n1"),
    ("s1", 4): (f"early,completed,{GREEN},", f"late,released,{BLUE},n1"),
    ("s1", 11): (f"early,completed,{GREEN},", f"late,overdue,{BLUE},n1"),
    ("s1", 12): (f"early,completed,{GREEN},", f"late,completed_late,{BLUE},n1"),
    ("x1", 2): (),
}

# Person, how the obligation changed: January day and time, status, and what else is new.
CHANGES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("intime", "02T09:00", "scheduled", {"group": "blue", "planned_on": "2024-01-03"}),
    ("intime", "03T09:00", "released", {"due_on": "2024-01-10"}),
    ("intime", "05T08:30", "completed", {"completed_at": "04T10:00"}),
    ("never", "02T09:00", "scheduled", {"group": "blue", "planned_on": "2024-01-03"}),
    ("never", "03T09:00", "released", {"due_on": "2024-01-10"}),
    ("never", "11T09:00", "overdue", {}),
    ("early", "02T09:00", "scheduled", {"group": "green", "planned_on": "2024-01-04"}),
    ("early", "03T16:30", "scheduled", {"completed_at": "03T12:00"}),
    ("early", "04T09:00", "completed", {"due_on": "2024-01-11"}),
    ("exempt", "02T09:00", "exempt", {"rule": "recent"}),
    ("late", "02T09:00", "scheduled", {"group": "blue", "planned_on": "2024-01-03"}),
    ("late", "03T09:00", "released", {"due_on": "2024-01-10"}),
    ("late", "11T09:00", "overdue", {}),
    ("late", "12T08:30", "completed_late", {"completed_at": "11T20:00"}),
)
COMPLETED = (("early", "03T16:30", "03T12:00"), ("intime", "05T08:30", "04T10:00"))
COMPLETED_LATE = ("late", "12T08:30", "11T20:00")
REMINDED = (
    ("never", "09T09:00", "reminder"),
    ("late", "09T09:00", "reminder"),
    ("never", "11T09:00", "overdue"),
    ("late", "11T09:00", "overdue"),
)
MAILS = (
    ("intime", "03T09:00", "release"),
    ("never", "03T09:00", "release"),
    ("late", "03T09:00", "release"),
    ("early", "03T16:30", "confirmation"),
    ("early", "04T09:00", "release"),
    ("intime", "05T08:30", "confirmation"),
    *REMINDED,
    ("late", "12T08:30", "confirmation"),
)


def at(text: str) -> datetime:
    """A moment of January 2024, `03T09:00`."""
    return datetime.fromisoformat(f"2024-01-{text}").replace(tzinfo=CYCLE.zone)


class Platform:
    """Collects the entries, numbering each aggregate's versions as a service does."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._versions: dict[tuple[str, str], int] = {}

    def say(self, topic: str, what: str, subject: str, when: datetime, **data: Any) -> None:
        """Append one event."""
        version = self._versions.get((topic, subject), 0) + 1
        self._versions[topic, subject] = version
        data |= {"version": version, "received_at": when.isoformat()}
        place, name = len(self.entries), f"edu.rollcall.{what}.v1"
        key = subject.partition("/")[0]
        self.entries.append(
            Entry(topic, 0, place, key, str(uuid.uuid4()), name, subject, version, data)
        )


def sound_evidence() -> Evidence:
    """Everything as it must be. The last mail of `never` is uncertain and in no journal."""
    platform = Platform()
    _tell_roster(platform)
    _tell_obligations(platform)
    for person_id, received, completed in (*COMPLETED, COMPLETED_LATE):
        platform.say(
            MODULE,
            "module.completed",
            f"{person_id}/lms/course-a",
            at(received),
            person_id=person_id,
            source="lms",
            course="course-a",
            cycle="mini",
            option="A",
            completed_at=at(completed).isoformat(),
        )
    _tell_batches_and_reminders(platform)
    mails = list(_tell_mails(platform))
    editions = _editions()
    _tell_editions(platform, editions)
    return Evidence(CYCLE, facts(), Log(platform.entries, []), mails, [], editions)


def facts() -> Facts:
    """The imports of the first morning."""
    told = Facts()
    rows = [{"department_id": name, "area_id": area} for name, area in AREAS.items()]
    take_in(told, "departments", rows, at("02T08:00"))
    people = [
        {
            "person_id": person_id,
            "email": f"{person_id}@example.edu",
            "effective_on": "2024-01-02",
            "onboarded_on": onboarded,
            "separated_on": "",
            "appointment_id": department,
            "kind": "staff",
            "paid": "true",
            "department_id": department,
            "start_on": onboarded,
            "end_on": "",
            "year_of_study": "",
        }
        for person_id, departments, onboarded in PEOPLE
        for department in departments
    ]
    take_in(told, "people", people, at("02T08:00"))
    return told


def _tell_roster(platform: Platform) -> None:
    for name, area in AREAS.items():
        platform.say(
            "roster.department.v1",
            "department.changed",
            name,
            at("02T08:00"),
            department_id=name,
            area_id=area or None,
        )
    for person_id, departments, onboarded in PEOPLE:
        platform.say(
            PERSON,
            "person.onboarded",
            person_id,
            at("02T08:00"),
            person_id=person_id,
            onboarded_on=onboarded,
            separated_on=None,
            appointments=[
                {
                    "appointment_id": department,
                    "kind": "staff",
                    "paid": True,
                    "department_id": department,
                    "start_on": onboarded,
                    "end_on": None,
                    "year_of_study": None,
                }
                for department in departments
            ],
        )


def _tell_obligations(platform: Platform) -> None:
    standing: dict[str, dict[str, Any]] = {
        person_id: {"person_id": person_id, "cycle": "mini", "department_ids": departments}
        for person_id, departments, _ in PEOPLE
    }
    for person_id, when, status, news in CHANGES:
        now = standing[person_id]
        now |= {"rule": "staff", "status": status} | news
        if "completed_at" in news:
            now |= {"completed_at": at(news["completed_at"]).isoformat(), "option": "A"}
        if "due_on" in news:
            now["released_at"] = at(when).isoformat()
        subject = f"{person_id}/mini/1"
        platform.say(OBLIGATION, "obligation.changed", subject, at(when), **now)


def _tell_batches_and_reminders(platform: Platform) -> None:
    for group, day, people in (("blue", "03", 3), ("green", "04", 1)):
        platform.say(
            GROUP,
            "group.released",
            f"mini/{group}",
            at(f"{day}T09:00"),
            cycle="mini",
            group=group,
            released_on=f"2024-01-{day}",
            people=people,
            total=people,
        )
    for person_id, when, kind in REMINDED:
        platform.say(
            REMINDER,
            "reminder.due",
            f"{person_id}/mini/1/{kind}/1",
            at(when),
            person_id=person_id,
            cycle="mini",
            kind=kind,
            ordinal=1,
            due_on="2024-01-10",
        )


def _tell_mails(platform: Platform) -> Iterator[Mail]:
    for number, (person_id, when, kind) in enumerate(MAILS, 1):
        mail_id = f"mail-{number}"
        uncertain = (person_id, kind) == ("never", "overdue")
        for state in ("planned", "sending", "uncertain" if uncertain else "accepted"):
            platform.say(
                MAIL,
                "mail.changed",
                mail_id,
                at(when),
                mail_id=mail_id,
                person_id=person_id,
                cycle="mini",
                occurrence="1",
                kind=kind,
                ordinal=1,
                state=state,
            )
        if not uncertain:
            to = (f"{person_id}@example.edu",)
            yield Mail(number, mail_id, kind, person_id, "mini", "1", 1, to)


def _editions() -> Editions:
    editions: Editions = {}
    present: dict[str, tuple[str, ...]] = {}
    for day in range(2, 13):
        for name in AREAS:
            present[name] = LINES.get((name, day), present.get(name, ()))
        editions[date(2024, 1, day)] = {
            name: HEADER + "".join(f"{line}\n" for line in lines) for name, lines in present.items()
        }
    return editions


def _tell_editions(platform: Platform, editions: Editions) -> None:
    for night, files in editions.items():
        midnight = at(f"{night.day:02}T00:00") + timedelta(days=1)
        for name, text in files.items():
            statuses = [line.split(",")[1] for line in text.splitlines()[1:]]
            done = sum(status.startswith("completed") for status in statuses)
            scheduled, exempt = statuses.count("scheduled"), statuses.count("exempt")
            required = len(statuses) - exempt
            platform.say(
                REPORT,
                "edition.published",
                f"{name}/mini/{night}",
                midnight,
                department_id=name,
                cycle="mini",
                business_date=str(night),
                required=required,
                released=required - scheduled,
                done=done,
                overdue=statuses.count("overdue"),
                exempt=exempt,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
