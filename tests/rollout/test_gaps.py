"""What the rules ask for and nobody has stated is never passed over in silence."""

from typing import Any

import pytest

from rollout.domain import gaps
from rollout.handlers import explain
from support.rollouts import Rollout, department_event, department_events, held, person_event
from support.training import appointment, decided, person, shipped


@pytest.mark.parametrize(
    ("kind", "department_id", "year", "missing"),
    [
        ("graduate_student", "d-physics", None, ("year_of_study",)),
        ("graduate_student", "d-physics", 1, ()),
        ("graduate_student", "d-physics", 3, ()),
        ("graduate_student", "d-nowhere", 3, ("area",)),
        ("graduate_student", "d-nowhere", None, ("year_of_study",)),
        ("staff", "d-physics", None, ()),
        ("staff", "d-nowhere", None, ("area",)),
        ("faculty", "d-nowhere", None, ("area",)),
        ("undergraduate", "d-nowhere", None, ()),
        ("affiliate", "d-nowhere", None, ()),
    ],
)
def test_a_fact_is_missing_when_the_rules_ask_for_it(
    kind: str, department_id: str, year: int | None, missing: tuple[str, ...]
) -> None:
    decision = decided(person(appointment(kind, department_id, year_of_study=year)))
    assert gaps(decision, shipped()) == missing


async def exceptions(rollout: Rollout) -> dict[str, Any]:
    async with rollout.pool.acquire() as connection:
        return await explain.exceptions(connection, "2023-24", 10)


async def test_the_office_sees_who_lacks_a_group_an_area_or_a_year_until_it_is_stated(
    rollout: Rollout,
) -> None:
    graduate = held("d-physics", "graduate_student")
    await rollout.tell(
        *department_events(),
        person_event("graduate", graduate),
        person_event("professor", held("d-lost", "faculty")),
        person_event("secretary", held("d-lost")),
        person_event("on-hold", held("d-lost"), hold=True),
    )
    await rollout.publish()
    assert (await exceptions(rollout))["departments_without_area"] == ["d-lost"]
    await rollout.until("09-05")
    assert await exceptions(rollout) == {
        "cycle": "2023-24",
        "people_without_group": ["secretary"],
        "people_without_area": ["professor", "secretary"],
        "people_without_year_of_study": ["graduate"],
        "departments_without_area": ["d-lost"],
    }
    stated = graduate.model_copy(update={"year_of_study": 3})
    await rollout.tell(
        person_event("graduate", stated, version=2, received="09-05"),
        department_event("d-lost", "school-science", received="09-05"),
    )
    await rollout.work()
    found = await exceptions(rollout)
    assert [found[kind] for kind in found if kind != "cycle"] == [[], [], [], []]


async def test_of_many_exceptions_only_so_many_are_listed(rollout: Rollout) -> None:
    people = [person_event(f"p{n:02}", held("d-lost")) for n in range(30)]
    await rollout.tell(*department_events(), *people)
    await rollout.publish()
    await rollout.until("09-05")
    assert (await exceptions(rollout))["people_without_area"] == [f"p{n:02}" for n in range(10)]
