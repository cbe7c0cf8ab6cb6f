"""Use cases of the completion service; each runs inside its caller's one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from chassis import schedule
from chassis.outbox import publish
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.schedule import Due
from completion.adapters import canonical
from completion.adapters.malformed import Malformed
from completion.domain import (
    Fact,
    Kind,
    Module,
    Outcome,
    Report,
    Standing,
    Statement,
    Target,
    decide,
    fold,
    learn,
    match,
    pseudonym,
)
from completion.sources import Sources, target_of
from completion.store import matching, statements, webhooks
from completion.store.webhooks import Interpreted, Request
from schemas.completion import CompletionState, ModuleCompleted, ModuleRevoked
from schemas.roster import ContactChanged, PersonState

BATCH = 1_000
FORGET_REQUESTS = "forget_requests"  # the first is planned by migration 0003
FORGET_CHUNK = 5_000
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Institution:
    """What requests are interpreted by: the learning systems, and the zone of civil dates."""

    sources: Sources
    zone: str


async def interpret_next(
    connection: Connection, institution: Institution, now: datetime, limit: int = BATCH
) -> int:
    """Interpret the oldest stored requests and publish what they changed; returns how many."""
    await matching.lock_matching(connection)
    requests = await webhooks.next_requests(connection, limit)
    if not requests:
        return 0
    reports = [_read(request) for request in requests]
    people = await _people(connection, [report for report in reports if report])
    work = await _Work.load(connection, _modules(requests, reports, people))
    results = [
        _interpret(work, institution, request, report, people)
        for request, report in zip(requests, reports, strict=True)
    ]
    await statements.add_statements(connection, work.said)
    await statements.save_facts(
        connection, {fact.module: fact for _, fact in work.changes}.values()
    )
    await webhooks.settle(connection, results)
    for run in _runs(work.changes):
        first = run[0][0]
        events = [_event(fact, institution.zone, now) for _, fact in run]
        await publish(connection, events, cause=f"{first.source}/{first.webhook_id}")
    return len(requests)


async def apply_sources(
    connection: Connection, institution: Institution, now: datetime, limit: int = BATCH
) -> int:
    """Correct and publish facts whose course counts towards something else by now.

    A course or source that has left the file keeps what it counted for. Returns how many
    facts changed; call it again until that is 0.
    """
    await matching.lock_matching(connection)
    targets = {
        (source.name, course): target
        for source in institution.sources.values()
        for course, target in source.courses.items()
    }
    outdated = await statements.facts_with_other_targets(connection, targets, limit)
    facts = [
        Fact(f.module, f.standing, targets[f.module.source, f.module.course], f.version + 1)
        for f in outdated
    ]
    await statements.save_facts(connection, facts)
    events = [_event(fact, institution.zone, now) for fact in facts]
    return await publish(connection, events, cause=f"sources file/{uuid4()}")


async def people_changed(connection: Connection, records: Sequence[Record]) -> None:
    """Note who exists and who is an alias; requests that waited for them are interpreted anew.

    They waited by institute id, or because a name fitted two ids that now are one human's.
    """
    newest: dict[str, PersonState] = {}
    for record in records:
        if record.key not in newest or newest[record.key].version < record.event.version:
            newest[record.key] = record.event
    await matching.lock_matching(connection)
    await matching.save_people(
        connection, [(e.person_id, e.version, e.merged_into) for e in newest.values()]
    )
    merged = [person_id for person_id, event in newest.items() if event.merged_into]
    names = await matching.aliases_of(connection, merged) if merged else set()
    await webhooks.wait_again(connection, names | {fold(person_id) for person_id in newest})


async def own_facts(connection: Connection, records: Sequence[Record]) -> None:
    """Learn from our own topic what an older or empty database has forgotten.

    Otherwise the next change of a module would get a version that is taken already, and every
    reader would pass it over.
    """
    published: dict[Module, list[Fact]] = {}
    for record in records:
        fact = _fact(record.event)
        published.setdefault(fact.module, []).append(fact)
    known = await statements.load_facts(connection, published)
    if not _behind(known, published):
        return
    await matching.lock_matching(connection)
    known = await statements.load_facts(connection, published)
    modules = _behind(known, published)
    histories = await statements.load_histories(connection, modules)
    learned = [learn(histories[each], known.get(each), published[each]) for each in modules]
    said = [(module, statement) for module in modules for statement in histories[module]]
    await statements.add_statements(connection, said)
    await statements.save_facts(connection, [fact for fact in learned if fact])


def _behind(known: Mapping[Module, Fact], published: Mapping[Module, list[Fact]]) -> set[Module]:
    return {
        module
        for module, facts in published.items()
        if module not in known or known[module].version < max(fact.version for fact in facts)
    }


def _fact(event: CompletionState) -> Fact:
    return Fact(
        Module(event.person_id, event.source, event.course),
        Standing(event.completed_at, revoked=isinstance(event, ModuleRevoked)),
        Target(event.cycle, event.option),
        event.version,
    )


async def contacts_changed(
    connection: Connection, institution: Institution, records: Sequence[Record]
) -> None:
    """Note logins and addresses, or erase them; requests that waited for one are interpreted.

    Whatever came in before an erasure is interpreted before it: afterwards nobody could tell whom
    it names, and its text would stay.
    """
    newest: dict[str, ContactChanged] = {}
    for record in records:
        if record.tombstone:
            newest.pop(record.key, None)
        elif record.key not in newest or newest[record.key].version < record.event.version:
            newest[record.key] = record.event
    contacts = list(newest.values())
    erased = {record.key for record in records if record.tombstone}
    await matching.lock_matching(connection)
    if erased:
        await _interpret_all(connection, institution)
    # Those given up matter too: what two people shared may now be one's alone.
    aliases = await matching.aliases_of(connection, {record.key for record in records})
    await matching.erase_people(connection, erased)
    await matching.save_contacts(connection, [_contact_row(contact) for contact in contacts])
    aliases |= {fold(alias) for c in contacts for alias in (c.login, c.email) if alias}
    await webhooks.wait_again(connection, aliases)


async def forget_requests(
    connection: Connection, _: Due, now: datetime, *, keep: timedelta
) -> bool:
    """Delete a chunk of interpreted requests that came in longer than `keep` ago; False when full.

    Facts rest on statements, which stay. Unmatched requests stay until their person is known.
    """
    if await webhooks.delete_requests(connection, now - keep, FORGET_CHUNK) == FORGET_CHUNK:
        return False
    oldest = await webhooks.oldest_interpreted(connection)
    again = max((oldest or now) + keep, now + ONE_DAY)
    await schedule.plan(connection, [Due(FORGET_REQUESTS, "all", again)])
    return True


async def list_unmatched(
    connection: Connection, now: datetime, key: bytes, limit: int
) -> dict[str, object]:
    """Who is being waited for, the longest first: counts, ages in days, pseudonyms made with `key`.

    No reference is shown: it may be an address.
    """
    total, waits = await webhooks.list_unmatched(connection, limit)
    return {
        "requests": total,
        "references": [
            {
                "source": wait.source,
                "reference": pseudonym(f"{wait.source}/{wait.reference}", key),
                "requests": wait.requests,
                "first_request": wait.first_request,
                "first_received_at": wait.first_received_at.isoformat(),
                "age_days": max(0, (now - wait.first_received_at).days),
            }
            for wait in waits
        ],
    }


async def _interpret_all(connection: Connection, institution: Institution) -> None:
    now = await webhooks.calendar_now(connection)
    while await interpret_next(connection, institution, now):
        pass


@dataclass
class _Work:
    """Histories and facts of a batch's modules, brought forward request by request."""

    histories: dict[Module, set[Statement]]
    facts: dict[Module, Fact]
    said: list[tuple[Module, Statement]] = field(default_factory=list)
    changes: list[tuple[Request, Fact]] = field(default_factory=list)

    @classmethod
    async def load(cls, connection: Connection, modules: set[Module]) -> _Work:
        histories = await statements.load_histories(connection, modules)
        return cls(histories, await statements.load_facts(connection, modules))

    def hear(
        self, request: Request, module: Module, report: Report, target: Target | None
    ) -> Outcome:
        if report.kind is Kind.FAILED:
            return Outcome.UNCHANGED
        statement = Statement(report.kind, report.at)
        self.said.append((module, statement))
        self.histories[module].add(statement)
        before = self.facts.get(module)
        after = decide(module, self.histories[module], target, before)
        if after is None or after is before:
            return Outcome.UNCHANGED
        self.facts[module] = after
        self.changes.append((request, after))
        return Outcome.CHANGED


def _read(request: Request) -> Report | None:
    try:
        return canonical.read(request.body)
    except Malformed:
        return None


async def _people(connection: Connection, reports: Iterable[Report]) -> dict[str, str]:
    """Person ids by reference as the reports have it; nobody and two people are left out."""
    references = {report.reference.strip(): fold(report.reference) for report in reports}
    candidates = await matching.find_people(connection, references)
    matched = {reference: match(found) for reference, found in candidates.items()}
    return {reference: person for reference, person in matched.items() if person}


def _modules(
    requests: Sequence[Request], reports: Sequence[Report | None], people: dict[str, str]
) -> set[Module]:
    return {
        Module(people[report.reference.strip()], request.source, report.course)
        for request, report in zip(requests, reports, strict=True)
        if report and report.reference.strip() in people
    }


def _interpret(
    work: _Work,
    institution: Institution,
    request: Request,
    report: Report | None,
    people: dict[str, str],
) -> Interpreted:
    if report is None:
        return Interpreted(request, Outcome.UNREADABLE)
    person_id = people.get(report.reference.strip())
    if person_id is None:
        return Interpreted(request, Outcome.UNMATCHED, reference=fold(report.reference))
    module = Module(person_id, request.source, report.course)
    target = target_of(institution.sources, request.source, report.course)
    return Interpreted(request, work.hear(request, module, report, target), person_id)


def _runs(changes: Sequence[tuple[Request, Fact]]) -> Iterator[list[tuple[Request, Fact]]]:
    """Split, so that no module is twice in a run: its events would get the same id."""
    run: list[tuple[Request, Fact]] = []
    seen: set[Module] = set()
    for change in changes:
        module = change[1].module
        if module in seen:
            yield run
            run, seen = [], set()
        run.append(change)
        seen.add(module)
    if run:
        yield run


def _event(fact: Fact, zone: str, now: datetime) -> CompletionState:
    model = ModuleRevoked if fact.standing.revoked else ModuleCompleted
    return model(
        version=fact.version,
        effective_on=fact.effective_on(zone),
        received_at=now,
        person_id=fact.module.person_id,
        source=fact.module.source,
        course=fact.module.course,
        cycle=fact.target.cycle,
        option=fact.target.option,
        completed_at=fact.standing.completed_at.astimezone(UTC),
    )


def _contact_row(contact: ContactChanged) -> tuple[str, int, str | None, str | None]:
    login, email = (fold(alias) if alias else None for alias in (contact.login, contact.email))
    return contact.person_id, contact.version, login, email
