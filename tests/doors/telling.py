"""One report told through any door: as a row of a file, a SCIM user, a record on Kafka."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka.structs import ConsumerRecord
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest

from chassis.clock import SteppedCalendar
from chassis.parked import Raw
from chassis.postgres import Connection
from embedded.demo.records import inbound_record, scim_user
from roster.csv_import import people_from
from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_file import parse_mapping
from roster.csv_import.presets import preset_text
from roster.domain import Report
from roster.handlers.import_files import import_people
from roster.handlers.intake import receive
from roster.scim.mapping import Rules
from roster.scim.service import SCOPES, RosterService
from roster.scim.storage import RosterStorage
from roster.scim.store.tokens import Token
from roster.settings import RosterSettings
from roster.store.receipts import Receipt
from roster.subscribers import TOPIC, create_handler, read

ZONE = "America/New_York"
BASE = "https://roster.example.edu/scim/v2"
SCIM = RosterService(b"a secret for tests only, 32 bytes")
TYPE = b"edu.rollcall.person.reported.v1"


def rows_of(report: Report) -> list[dict[str, str]]:
    """The rows of our own format, with a column for the instant it was said."""
    facts, contact = report.facts, report.contact
    about = {
        "person_id": report.person_id,
        "login": contact.login or "",
        "email": contact.email or "",
        "display_name": contact.display_name,
        "onboarded_on": _text(facts.onboarded_on),
        "separated_on": _text(facts.separated_on),
        "effective_on": _text(report.effective_on),
        "reported_at": _text(report.reported_at and report.reported_at.isoformat()),
        "leave_kind": "",
        "leave_start_on": "",
        "leave_end_on": "",
    }
    for leave in facts.leaves:
        about["leave_kind"] = leave.kind.value
        about["leave_start_on"] = _text(leave.start_on)
        about["leave_end_on"] = _text(leave.end_on)
    return [
        about
        | {
            "appointment_id": each.appointment_id,
            "kind": each.kind,
            "paid": "true" if each.paid else "false",
            "department_id": each.department_id,
            "start_on": _text(each.start_on),
            "end_on": _text(each.end_on),
            "year_of_study": _text(each.year_of_study),
            "supervisor_id": each.supervisor_id or "",
            "nominated_by": "",
            "ex_officio": "",
        }
        for each in facts.appointments
    ]


@dataclass
class Doors:
    """The doors of one roster, as its source `source` uses them, on a connection."""

    connection: Connection
    settings: RosterSettings
    source: str
    _users: dict[str, str] = field(default_factory=dict)

    async def file(self, reports: Sequence[Report], now: datetime, *, whole: bool = False) -> None:
        """A file of these people, received at that instant; `whole`: and of nobody else."""
        rows = [row for report in reports for row in rows_of(report)]
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        stream = io.BytesIO(text.getvalue().encode())
        source = people_from(stream, "people.csv", self._mapping(whole=whole), zone=ZONE)
        done = await import_people(self.connection, source, SteppedCalendar(now), zone=ZONE)
        assert done.run.state == "applied", done.as_json()

    def _mapping(self, *, whole: bool) -> Mapping:
        mode = "full" if whole else "delta"
        text = f'extends = "rollcall"\nsource = "{self.source}"\nmode = "{mode}"\n'
        text += '[reported_at]\ncolumn = "reported_at"\n'
        return parse_mapping(text, "told.toml", preset_text)

    async def user(self, report: Report) -> None:
        """A SCIM user, written at the instant at which the source says so: SCIM knows no other."""
        body = json.dumps(scim_user(rows_of(report))).encode()
        known = self._users.get(report.person_id)
        method, path = ("PUT", f"/Users/{known}") if known else ("POST", "/Users")
        request = ScimRequest(method, BASE, path, body=body, subject=self._token())
        assert report.reported_at is not None
        calendar = SteppedCalendar(report.reported_at)

        async def receipt(within: Connection) -> Receipt:
            return await receive(within, calendar, ZONE)

        storage = RosterStorage(self.connection, Rules(self.source), receipt, writing=True)
        answer = await AsyncScimHandler(SCIM, storage).handle(request)
        assert answer.status < 300, answer.body
        assert answer.body is not None
        self._users[report.person_id] = answer.body["id"]

    def _token(self) -> Token:
        made_at = datetime.fromisoformat("2023-08-01T00:00:00Z")
        scopes = frozenset(SCOPES)
        return Token("campus", self.source, scopes, "externalId", None, made_at, None, None)

    async def records(self, reports: Sequence[Report]) -> None:
        """Records on Kafka, as one batch of the service's reader and handler."""
        batch = [read(self.raw(report, offset)) for offset, report in enumerate(reports)]
        async with self.connection.transaction():
            await create_handler(self.settings)(self.connection, batch)

    def raw(self, report: Report, offset: int = 0) -> Raw:
        """The record as Kafka hands it over."""
        assert report.reported_at is not None
        said: dict[str, Any] = inbound_record(rows_of(report), report.reported_at.isoformat())
        value = json.dumps(said | {"source": self.source}).encode()
        key = report.person_id.encode()
        headers = [("ce_id", f"{self.source}/{offset}".encode()), ("ce_type", TYPE)]
        return ConsumerRecord(
            TOPIC, 0, offset, 0, 0, key, value, None, len(key), len(value), tuple(headers)
        )


def _text(value: object) -> str:
    return "" if value is None else str(value)
