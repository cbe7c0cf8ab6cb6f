"""Which records of people reach the roster through which door."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import sha256

from embedded.university.model import Door, Person

# Of eight records, how many go through each door.
_SHARES: tuple[Door, ...] = ("csv",) * 4 + ("scim",) * 2 + ("inbound",) * 2


class Doors:
    """Chooses by person and moment, so that many people come now through one door, now another.

    `seated` are the people whose later records say nothing new but a committee seat, with the
    moment of it.
    """

    def __init__(self, seated: frozenset[tuple[str, datetime]]) -> None:
        self._seated = seated
        self._told_by_scim: dict[str, Person] = {}

    def sort(self, at: datetime, people: Iterable[Person]) -> Iterator[tuple[Door, list[Person]]]:
        """The records of one moment by door, each door once; moments come in order."""
        sorted_out: dict[Door, list[Person]] = {}
        for person in people:
            sorted_out.setdefault(self._door(at, person), []).append(person)
        yield from sorted(sorted_out.items())

    def _door(self, at: datetime, person: Person) -> Door:
        if (person.person_id, at) in self._seated:
            return "seat"
        digest = sha256(f"{person.person_id} {at}".encode()).digest()
        door = _SHARES[digest[0] % len(_SHARES)]
        if door != "scim":
            return door
        if not self._fits_scim(person):
            return "csv"
        self._told_by_scim[person.person_id] = person
        return "scim"

    def _fits_scim(self, person: Person) -> bool:
        """SCIM knows active or not: it says no last day but the one from which a write is true.

        A resource that repeats the `effectiveOn` of the last one means that one, not a new day.
        """
        before = self._told_by_scim.get(person.person_id)
        last_day: date | None = person.separated_on
        return last_day in {None, person.effective_on} and (
            before is None
            or (before.separated_on is None and before.effective_on != person.effective_on)
        )
