"""How far somebody reaches follows from the roster alone."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.identity import Identity, Role, Standing, is_id, scope_of

OWN, LED = frozenset({"maths"}), frozenset({"maths", "physics"})


def test_somebody_the_roster_says_nothing_of_is_a_person_and_sees_no_department() -> None:
    identity = scope_of("900001", Standing())
    assert identity == Identity("900001", frozenset({Role.PERSON}), frozenset())
    assert not identity.sees("maths")
    assert not identity.may_change


def test_an_officer_sees_the_own_departments() -> None:
    identity = scope_of("900001", Standing(officer_of=OWN))
    assert identity.roles == {Role.PERSON, Role.OFFICER}
    assert identity.sees("maths")
    assert not identity.sees("physics")


def test_an_area_lead_sees_the_departments_of_the_area() -> None:
    identity = scope_of("900001", Standing(officer_of=OWN, leads=LED))
    assert identity.roles == {Role.PERSON, Role.OFFICER, Role.AREA_LEAD}
    assert identity.departments == LED
    assert identity.widest == Role.AREA_LEAD


def test_the_office_sees_all_and_acts() -> None:
    identity = scope_of("900001", Standing(roles=frozenset({"office"})))
    assert identity.sees_all
    assert identity.sees("anything")
    assert identity.may_change
    assert not identity.reads_audit


@pytest.mark.parametrize("roles", [{"auditor"}, {"auditor", "office"}])
def test_an_auditor_sees_all_and_the_audit_and_changes_nothing(roles: set[str]) -> None:
    identity = scope_of("900001", Standing(roles=frozenset(roles)))
    assert identity.sees_all
    assert identity.reads_audit
    assert not identity.may_change


def test_who_has_left_keeps_the_own_page_and_nothing_else() -> None:
    standing = Standing(OWN, LED, frozenset({"office", "auditor"}), left=True)
    assert scope_of("900001", standing) == Identity("900001")


def test_a_role_of_a_newer_roster_gives_nothing() -> None:
    assert scope_of("900001", Standing(roles=frozenset({"rector", "officer", "person"}))) == (
        Identity("900001")
    )


subsets = st.sets(st.sampled_from(["maths", "physics", "music"])).map(frozenset)


@given(subsets, subsets, st.sets(st.sampled_from(["office", "auditor", "rector"])), st.booleans())
def test_more_in_the_roster_never_lets_somebody_see_less(
    officer_of: frozenset[str], leads: frozenset[str], roles: set[str], left: bool
) -> None:
    identity = scope_of("p", Standing(officer_of, leads, frozenset(roles), left))
    seen = {name for name in ("maths", "physics", "music", "other") if identity.sees(name)}
    if left:
        assert seen == set()
    elif {"office", "auditor"} & roles:
        assert seen == {"maths", "physics", "music", "other"}
    else:
        assert seen == officer_of | leads
    assert identity.widest == min(identity.roles, key=list(Role).index)


def test_an_id_is_neither_a_name_nor_an_address() -> None:
    for text in ("900001", "training-office", "a.b_c:d", "A"):
        assert is_id(text)
    for text in ("", "Ada Lovelace", "ada@example.edu", "-x", "x" * 65, "é", "a\n", "a/b"):
        assert not is_id(text)
    assert not any(is_id(a + b) for a, b in product("\x00\n \t@", "ab"))
