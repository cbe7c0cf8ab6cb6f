"""A proof shows what led to a decision, and the one fact that would flip it."""

import pytest

from rollout.domain import Flip, Node, Person, Proof, prove
from support.training import AREAS, appointment, day, next_version, person, shipped


def proof_of(*versions: Person, on: str = "09-15") -> Proof:
    return prove(versions, AREAS, shipped(), day(on))


def nodes(node: Node, code: str) -> list[Node]:
    found = [node] if node.code == code else []
    return found + [deep for child in node.because for deep in nodes(child, code)]


def flip_of(someone: Person, on: str = "09-15") -> tuple[str, str | None, str | None, str]:
    flip = proof_of(someone, on=on).flip
    assert isinstance(flip, Flip)
    return flip.fact, flip.present, flip.instead, flip.outcome.value


def test_the_day_of_onboarding_flips_an_exemption() -> None:
    someone = person(appointment(), onboarded_on=day("2023-07-15"))
    assert flip_of(someone) == ("onboarded_on", "2023-07-15", "2023-06-30", "required")


def test_the_year_of_study_flips_a_graduate_student() -> None:
    someone = person(appointment("graduate_student", year_of_study=3))
    assert flip_of(someone) == ("appointment a1: year_of_study", "3", "2", "not_in_scope")
    younger = person(appointment("graduate_student", year_of_study=2))
    assert flip_of(younger) == ("appointment a1: year_of_study", "2", "3", "required")


def test_pay_flips_an_unpaid_appointee() -> None:
    someone = person(appointment("staff", paid=False))
    assert flip_of(someone) == ("appointment a1: paid", "False", "True", "required")


def test_the_separation_flips_one_who_has_left() -> None:
    someone = person(appointment(), separated_on=day("09-10"))
    assert flip_of(someone) == ("separated_on", "2023-09-10", None, "required")


@pytest.mark.parametrize("kind", ["fellow", "faculty", "undergraduate", "affiliate"])
def test_the_flip_is_true_whatever_the_person_is(kind: str) -> None:
    proof = proof_of(person(appointment(kind)))
    assert proof.flip is not None
    assert proof.flip.outcome is not proof.decision.outcome


def test_the_tree_shows_every_rule_that_was_tried_and_what_it_found() -> None:
    tree = proof_of(person(appointment("fellow", paid=False))).tree
    tried = [node for node in tree.because[1].because if node.code.startswith("rule ")]
    assert [(node.code, node.holds) for node in tried] == [
        ("rule lincoln_laboratory", False),
        ("rule recently_onboarded_employee", False),
        ("rule paid_faculty", False),
        ("rule paid_staff", False),
        ("rule unpaid_fellow", True),
    ]
    assert ("found", "school-science") in nodes(tree, "areas")[0].facts


def test_the_tree_shows_the_groups_up_to_the_one_that_fits() -> None:
    tree = proof_of(person(appointment(department_id="d-csail"))).tree
    groups = [(node.code, node.holds) for node in tree.because if node.code.startswith("group ")]
    assert groups == [
        ("group pilot", False),
        ("group graduate", False),
        ("group vp-research", True),
    ]


def test_the_tree_shows_an_appointment_that_is_over() -> None:
    someone = person(appointment(), appointment("faculty", name="a2", end_on=day("09-01")))
    active = nodes(proof_of(someone).tree, "active_appointment")
    assert [node.holds for node in active] == [True, False]


def test_the_proof_names_the_versions_it_rests_on() -> None:
    first = person(appointment())
    proof = proof_of(first, next_version(first, "09-05"))
    assert (proof.person_version, proof.policy_version, proof.as_of) == (2, 1, day("09-15"))
