"""Writes of users and groups: the row as the source reads it back, and its report to the roster.

Every function is part of the caller's transaction. A group is locked before users, users in the
order of their ids, and people after them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from scim2_models import ConflictException, PreconditionFailedException

from chassis.postgres import Connection
from roster.domain import Department, Report, flaws_of, flaws_of_department, is_id
from roster.handlers.departments import take_in_departments
from roster.handlers.intake import take_in
from roster.scim import mapping
from roster.scim.errors import refuse, wrong
from roster.scim.mapping import Json, Rules
from roster.scim.state import Places, Standing, places_after, standing_after
from roster.scim.store import groups, users
from roster.scim.store.groups import GroupRow
from roster.scim.store.users import UserRow
from roster.store.departments import stored_departments
from roster.store.erasures import erased_of
from roster.store.receipts import Receipt

FIRST = 1


@dataclass(frozen=True, slots=True)
class Writer:
    """One request's writes: for a source, received at one instant."""

    connection: Connection
    rules: Rules
    receipt: Receipt

    async def create_user(self, said: Json) -> UserRow:
        """Add a user, and with it a person or a rehire.

        Raises asyncpg.UniqueViolationError when the source has such a user, and ConflictException
        for somebody who was erased.
        """
        person_id = mapping.person_id_of(said, self.rules)
        if await erased_of(self.connection, [person_id]):
            raise ConflictException(detail="This person was erased; no door brings them back.")
        effective_on = mapping.effective_named(said)
        day, now = effective_on or self.receipt.received_on, self.receipt.received_at
        first = mapping.onboarded_named(said)
        standing = standing_after(None, active=_active(said), onboarded_on=first, day=day)
        department = await self._department(said, None)
        places = places_after(Places(department=department), day=day, first=standing.onboarded_on)
        row = UserRow(
            uuid4(),
            self.rules.source,
            person_id,
            FIRST,
            now,
            now,
            now,
            standing,
            places,
            _in(said, places, day),
            said,
        )
        report = await self._report(row, effective_on)
        await users.insert(self.connection, row)
        await take_in(self.connection, [report], self.receipt)
        return row

    async def replace_user(self, row: UserRow, said: Json) -> UserRow:
        """Make the user what is said now; `row` is as it was and is held."""
        if mapping.person_id_of(said, self.rules) != row.person_id:
            raise wrong(
                self.rules.person_id_from, "the institute id it has; merge ids in the roster"
            )
        effective_on = mapping.effective_named(said)
        repeated = effective_on == mapping.effective_named(row.resource)
        if effective_on is not None and repeated and said != row.resource:
            # It belonged to the write before this one, unless that is sent again.
            said, effective_on = mapping.without_effective(said), None
        day = effective_on or self.receipt.received_on
        standing = standing_after(
            row.standing,
            active=_active(said),
            onboarded_on=mapping.onboarded_named(said),
            day=day,
        )
        department = await self._department(said, row)
        places = places_after(replace(row.places, department=department), day=day)
        changed = self._next(row, said, standing, places, day)
        await self._save([changed], effective_on)
        return changed

    async def delete_user(self, row: UserRow) -> None:
        """Separate the person and take the user off the list."""
        day = self.receipt.received_on
        standing = standing_after(row.standing, active=False, onboarded_on=None, day=day)
        ended = self._next(row, row.resource, standing, row.places, day)
        report = await self._report(ended, None)
        await users.end(self.connection, row, self.receipt.received_at)
        await take_in(self.connection, [report], self.receipt)

    async def create_group(self, said: Json, member_ids: Collection[UUID]) -> GroupRow:
        """Add a group for a department, which is made when there is none such.

        Raises asyncpg.UniqueViolationError when the source has a group for it.
        """
        department_id, known = await self._department_of_group(said)
        if not known:
            await self._write_department(department_id, said)
        now = self.receipt.received_at
        row = GroupRow(uuid4(), self.rules.source, department_id, FIRST, now, now, said)
        await groups.insert(self.connection, row)
        await self._move(department_id, joining=member_ids, leaving=())
        return row

    async def replace_group(self, row: GroupRow, said: Json, member_ids: Collection[UUID]) -> None:
        """Make the group what is said now; `row` is as it was and is held."""
        if said.get("displayName") != row.resource.get("displayName"):
            await self._write_department(row.department_id, said)
        changed = replace(
            row, resource=said, version=row.version + 1, modified_at=self.receipt.received_at
        )
        await groups.update(self.connection, changed)
        before, after = set(row.members), set(member_ids)
        await self._move(row.department_id, joining=after - before, leaving=before - after)

    async def delete_group(self, row: GroupRow) -> None:
        """Take the group off the list and everybody out of it; the department stays."""
        await groups.end(self.connection, row.id, self.receipt.received_at)
        await self._move(row.department_id, joining=(), leaving=set(row.members))

    async def _move(
        self, department_id: str, *, joining: Collection[UUID], leaving: Collection[UUID]
    ) -> None:
        wanted = {*joining, *leaving}
        if not wanted:
            return
        found = await users.get(self.connection, self.rules.source, sorted(wanted), lock=True)
        if not found.keys() >= set(joining):
            raise wrong("members.value", "the id of a User of this source")
        moved = [self._joined(found[each], department_id) for each in joining]
        moved += [self._left(found[each], department_id) for each in leaving if each in found]
        await self._save([each for each in moved if each is not None], None)

    def _joined(self, row: UserRow, department_id: str) -> UserRow | None:
        if department_id in row.department_ids:
            return None
        day = self.receipt.received_on
        groups_ = row.places.groups | {department_id}
        places = places_after(replace(row.places, groups=groups_), day=day)
        return self._next(row, row.resource, row.standing, places, day)

    def _left(self, row: UserRow, department_id: str) -> UserRow:
        day = self.receipt.received_on
        named = row.places.department == department_id
        said = mapping.left(row.resource, department_id, named, day)
        places = replace(
            row.places,
            groups=row.places.groups - {department_id},
            department=None if named else row.places.department,
        )
        return self._next(row, said, row.standing, places_after(places, day=day), day)

    def _next(
        self, row: UserRow, said: Json, standing: Standing, places: Places, day: date
    ) -> UserRow:
        return replace(
            row,
            version=row.version + 1,
            modified_at=self.receipt.received_at,
            reported_at=_later(row.reported_at, self.receipt.received_at),
            standing=standing,
            places=places,
            department_ids=_in(said, places, day),
            resource=said,
        )

    async def _save(self, rows: Sequence[UserRow], effective_on: date | None) -> None:
        if not rows:
            return
        reports = [await self._report(each, effective_on) for each in rows]
        if not await users.update(self.connection, rows):
            raise PreconditionFailedException
        await take_in(self.connection, reports, self.receipt)

    async def _report(self, row: UserRow, effective_on: date | None) -> Report:
        supervisor_id = await self._supervisor(row.resource)
        report = Report(
            row.person_id,
            mapping.facts_of(row.resource, row.standing, row.places, supervisor_id),
            mapping.contact_of(row.resource, self.rules.login_domain),
            self.rules.source,
            effective_on,
            row.reported_at,
        )
        refuse(flaws_of(report))
        return report

    async def _supervisor(self, said: Json) -> str | None:
        named = mapping.manager_named(said)
        if named is None:
            return None
        user_id = as_uuid(named)
        if user_id is not None:
            found = await users.person_of(self.connection, self.rules.source, user_id)
            if found is not None:
                return found
        return named

    async def _department(self, said: Json, before: UserRow | None) -> str | None:
        named = mapping.department_named(said)
        if named is None:
            return None
        if before is not None and mapping.department_named(before.resource) == named:
            return before.places.department
        known = await users.department_of(self.connection, named)
        return known or (named if is_id(named) else mapping.slug(named))

    async def _department_of_group(self, said: Json) -> tuple[str, bool]:
        """The group's department, and whether it is there: by external id, then by name."""
        for text in (said.get("externalId"), said["displayName"]):
            known = await users.department_of(self.connection, text) if text else None
            if known is not None:
                return known, True
        external = said.get("externalId")
        return (
            external if external and is_id(external) else mapping.slug(said["displayName"])
        ), False

    async def _write_department(self, department_id: str, said: Json) -> None:
        stored = await stored_departments(self.connection, [department_id])
        _, before = stored.get(department_id, (0, Department(department_id, "")))
        department = replace(before, name=said["displayName"])
        refuse(flaws_of_department(department))
        await take_in_departments(self.connection, [department], self.receipt)


def as_uuid(text: str) -> UUID | None:
    """The id a text is in the form the server gives, or None."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def member_ids(values: Iterable[str | None]) -> set[UUID]:
    """The users a group names. Raises invalidValue for what is no id."""
    found = {as_uuid(value or "") for value in values}
    if None in found:
        raise wrong("members.value", "the id of a User of this source")
    return {each for each in found if each is not None}


def _active(said: Json) -> bool:
    return bool(said.get("active", True))


def _in(said: Json, places: Places, day: date) -> frozenset[str]:
    return places.present | mapping.departments_held(said, day)


def _later(before: datetime, now: datetime) -> datetime:
    """The calendar may stand still; of two writes the second is still the later one."""
    return max(now, before + timedelta(microseconds=1))
