"""Who finishes which module when, and everything that goes wrong on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from embedded.university.departments import LINCOLN
from embedded.university.model import Happening, Person
from embedded.university.schedule import (
    ENDS_ON,
    OPENS_ON,
    REMINDED_BEFORE,
    Window,
    is_exempt,
    working_days,
)
from embedded.university.story import Habit, Story, single
from embedded.university.webhooks import LearningSystem, after_the_weekend, in_time, sent_after

COURSES = ("psh23-a", "psh23-b", "psh23-c")
LAST_CYCLE = "psh21-3"
NO_COURSE = "xyz-1"
_POPULARITY = (30, 45, 25)

# How people who are asked learn, in per cent; the first three make it before the due day is over.
_HABITS = {"early_bird": 4, "prompt": 49, "after_reminder": 32, "late": 8, "never": 7}
# Mishaps happen early enough to be told to their end.
_LAST_MISHAP = ENDS_ON - timedelta(days=24)


@dataclass(frozen=True, slots=True)
class Finished:
    """One person's first completion; `who` is the reference the learning system uses."""

    person_id: str
    who: str
    course: str
    moment: datetime


def tell_learning(story: Story, system: LearningSystem) -> Iterator[Happening]:
    """Every message of the learning system, in no particular order."""
    finished = list(_finishers(story))
    messages = Mishaps(story, system, finished)
    yield from messages.of_finishers()
    yield from messages.of_others()


def _finishers(story: Story) -> Iterator[Finished]:
    _volunteer(story)
    renamed = set(story.cases.get("name_change", ()))
    for person in story.newest.values():
        moment = _moment(story, person)
        if moment and in_time(sent_after(moment)):
            who = _reference(story, person, by_address=person.person_id not in renamed)
            course = story.rng.choices(COURSES, _POPULARITY)[0]
            yield Finished(person.person_id, who, course, moment)


def _reference(story: Story, person: Person, *, by_address: bool) -> str:
    if person.person_id in story.by_id:
        return person.person_id
    known_as = (person.person_id, person.email if by_address else person.login, person.login)
    return story.rng.choices(known_as, (60, 25, 15))[0]


def _moment(story: Story, person: Person) -> datetime | None:
    habit = story.habits.get(person.person_id) or _draw(story, person)
    if isinstance(habit, datetime):
        return habit
    window, released = story.window(person), story.release_day(person)
    if habit == "never" or window is None or released is None:
        return None
    due = window.due_day(released)
    day = _day(story, habit, window, released)
    if habit != "late" and day > due:
        day = due
    hour = story.rng.randrange(7 if day > released else 10, 23)
    return datetime.combine(day, time(hour, story.rng.randrange(60), story.rng.randrange(60)))


def _volunteer(story: Story) -> None:
    """Some of those who are welcome but not asked take a module all the same."""

    def is_lincoln(person: Person) -> bool:
        return single(person) and story.area_of(person) == LINCOLN

    def is_recent(person: Person) -> bool:
        return single(person) and is_exempt(person) and not is_lincoln(person)

    for case, of_all, fits in (
        ("supplemental_completes", 0.006, is_lincoln),
        ("exempt_completes", 0.004, is_recent),
    ):
        for person in story.cast(case, of_all, fits, at_least=2):
            day = story.working_day(OPENS_ON + timedelta(days=5), _LAST_MISHAP)
            moment = time(story.rng.randrange(9, 20), story.rng.randrange(60))
            story.habits[person.person_id] = datetime.combine(day, moment)


def _draw(story: Story, person: Person) -> Habit:
    if not story.window(person):
        return "never"
    habit = story.rng.choices(list(_HABITS), list(_HABITS.values()))[0]
    story.remember(habit, person.person_id)
    return habit


def _day(story: Story, habit: str, window: Window, released: date) -> date:
    rng, due = story.rng, window.due_day(released)
    if habit == "early_bird":
        return OPENS_ON + timedelta(days=rng.randrange(1, max(2, (released - OPENS_ON).days)))
    if habit == "late":
        # The central group's due day is three days before the script ends.
        patience = min(20, (ENDS_ON - due).days - 1)
        return due + timedelta(days=1 + int(min(rng.expovariate(1 / 4), patience - 1)))
    reminded = _before(due, rng.choice(REMINDED_BEFORE)) if habit == "after_reminder" else released
    if reminded <= released:
        return released + timedelta(days=int(rng.expovariate(1 / 3)))
    return reminded + timedelta(days=rng.randrange(3))


def _before(due: date, working: int) -> date:
    return [day for day in working_days() if day < due][-working]


class Mishaps:
    """Turns completions into messages: most arrive once and in order, some do not."""

    def __init__(self, story: Story, system: LearningSystem, finished: list[Finished]) -> None:
        self._story = story
        self._system = system
        self._finished = {each.person_id: each for each in finished}
        # Stories told already stay plain, so that each case can be told by itself.
        played = {who for players in _scripted(story).values() for who in players}
        free = [
            each.person_id
            for each in finished
            if each.person_id not in played and each.moment.date() <= _LAST_MISHAP
        ]
        story.rng.shuffle(free)
        self._free = free

    def of_finishers(self) -> Iterator[Happening]:
        """The messages of everybody who finishes, mishaps first."""
        yield from self._second_options()
        yield from self._duplicates()
        yield from self._older_after_newer()
        yield from self._failures()
        yield from self._revocations()
        for each in self._finished.values():
            yield self._plain(each)

    def of_others(self) -> Iterator[Happening]:
        """Messages about nobody we know and about modules that count for nothing."""
        never = self._story.cases.get("never", [])
        for case, module in (("last_cycle", LAST_CYCLE), ("wrong_course", NO_COURSE)):
            for _ in range(min(self._story.share(0.004, 2), len(never))):
                person = self._story.newest[self._story.rng.choice(never)]
                yield self._stray(case, person.person_id, module, person.person_id)
        for number in range(self._story.share(0.002, 2)):
            who = (f"99000{number:04d}", f"alum{number}@example.edu")[number % 2]
            yield self._stray("person_never_known", who, COURSES[number % 3], None)

    def _pick(self, case: str, of_all: float) -> list[Finished]:
        count = min(self._story.share(of_all, 2), len(self._free))
        chosen = [self._free.pop() for _ in range(count)]
        for person_id in chosen:
            self._story.remember(case, person_id)
        return [self._finished[person_id] for person_id in chosen]

    def _plain(self, each: Finished) -> Happening:
        return self._say(each, sent_after(each.moment))

    def _say(self, each: Finished, at: datetime, **changes: object) -> Happening:
        said = {"completed_at": each.moment} | changes
        return self._system.message(each.who, each.course, at=at, **said)  # type: ignore[arg-type]

    def _second_options(self) -> Iterator[Happening]:
        for each in self._pick("second_option", 0.05):
            other = COURSES[(COURSES.index(each.course) + 1) % 3]
            again = each.moment + timedelta(days=self._story.rng.randrange(1, 20))
            yield self._system.message(each.who, other, again, at=sent_after(again))

    def _duplicates(self) -> Iterator[Happening]:
        for number, each in enumerate(self._pick("duplicate", 0.02)):
            del self._finished[each.person_id]
            first = self._plain(each)
            later = after_the_weekend(first.at + timedelta(days=number % 2))
            yield first
            yield Happening(later.date(), later.time(), "webhook", first.payload, first.webhook_id)

    def _older_after_newer(self) -> Iterator[Happening]:
        for each in self._pick("older_after_newer", 0.01):
            del self._finished[each.person_id]
            newer = each.moment + timedelta(hours=3)
            at = sent_after(newer)
            yield self._say(each, at, completed_at=newer, attempt=2)
            yield self._say(each, after_the_weekend(at + timedelta(days=1)))

    def _failures(self) -> Iterator[Happening]:
        for each in self._pick("failed_before", 0.01):
            tried = each.moment - timedelta(hours=20)
            yield self._say(each, sent_after(tried), completed_at=tried, status="failed")
        for each in self._pick("failed_after_completion", 0.01):
            tried = each.moment + timedelta(days=2)
            at = sent_after(tried)
            yield self._say(each, at, completed_at=tried, status="failed", attempt=2)

    def _revocations(self) -> Iterator[Happening]:
        for each in self._pick("revoked", 0.004):
            yield self._say(each, self._revoked_at(each, 9), status="revoked")
        for each in self._pick("revoked_first", 0.002):
            del self._finished[each.person_id]
            at = sent_after(each.moment)
            yield self._say(each, at, status="revoked")
            yield self._say(each, after_the_weekend(at + timedelta(days=1)))
        for each in self._pick("revoked_and_completed_again", 0.004):
            revoked_at = self._revoked_at(each, 6)
            yield self._say(each, revoked_at, status="revoked")
            again = revoked_at + timedelta(days=5, hours=3)
            yield self._say(each, sent_after(again), completed_at=again, attempt=2)

    def _revoked_at(self, each: Finished, days: int) -> datetime:
        """Some days after the completion, and after the release whichever came first."""
        person = self._story.newest[each.person_id]
        released = self._story.release_day(person) or each.moment.date()
        first = max(each.moment.date(), released)
        return sent_after(datetime.combine(first + timedelta(days=days), time(10)))

    def _stray(self, case: str, who: str, module: str, person_id: str | None) -> Happening:
        moment = datetime.combine(
            self._story.working_day(date(2023, 9, 12), date(2024, 3, 20)), time(13, 37)
        )
        message = self._system.message(who, module, moment, at=sent_after(moment))
        self._story.remember(case, person_id or message.webhook_id or who)
        return message


def _scripted(story: Story) -> dict[str, list[str]]:
    return {case: who for case, who in story.cases.items() if case not in _HABITS}
