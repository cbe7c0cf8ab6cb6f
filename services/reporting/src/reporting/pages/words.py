"""Codes in words. The rules' words are said to the person concerned and to nobody else."""

from __future__ import annotations

STATUS = {
    "scheduled": "Not started",
    "released": "Open",
    "overdue": "Overdue",
    "completed": "Done",
    "completed_late": "Done, late",
    "exempt": "Exempt",
}

# Most urgent first.
STATUS_ORDER = ("overdue", "released", "scheduled", "completed_late", "completed", "exempt")

STATUS_MEANS = {
    "scheduled": "Required; the training has not been released to this person yet.",
    "released": "Released, and not completed so far.",
    "overdue": "The due day has passed.",
    "completed": "Completed by the due day.",
    "completed_late": "Completed after the due day.",
    "exempt": "Does not have to complete it this time.",
}

RULE = {
    "lincoln_laboratory": "You belong to Lincoln Laboratory, which has its own required training "
    "and tells its community about it separately. You are welcome to take these options as "
    "supplemental learning.",
    "recently_onboarded_employee": "You joined as an employee on or after July 1, 2023, and the "
    "onboarding training that you completed covers these topics.",
    "paid_faculty": "All paid faculty are expected to complete one of the options.",
    "paid_staff": "All paid staff are expected to complete one of the options.",
    "unpaid_fellow": "All fellows, unpaid ones included, are expected to complete one of the "
    "options.",
    "paid_fellow": "All fellows are expected to complete one of the options.",
    "graduate_third_year": "Graduate students in their third year of study or above are expected "
    "to complete one of the options.",
    "graduate_second_year": "Graduate students are asked from their third year on. You were in "
    "your second year when the years were counted.",
    "graduate_first_year": "First-year graduate students have another programme, with its own "
    "required training.",
    "undergraduate": "Undergraduates have another programme, with its own required training.",
    "unpaid_appointee": "Unpaid appointees are not required to take the training. If you would "
    "like access to the courses, write to the address below.",
    "no_qualifying_appointment": "None of your appointments is of a kind that is asked to take "
    "this training.",
    "not_a_member": "You hold no active appointment.",
    "merged": "This id was joined with another id of yours; what is asked of you is shown there.",
}

OTHER_PROGRAMME = frozenset({"graduate_first_year", "undergraduate"})

MAIL = {
    "release": "Your training is open: what to do and by when",
    "reminder": "Reminder",
    "due_soon": "Reminder that it is due very soon",
    "overdue": "Notice that it is overdue",
    "back_from_leave": "Welcome back: your new due day",
    "confirmation": "Confirmation that you completed it",
    "supplemental_confirmation": "Confirmation of training that you took as supplemental learning",
}


def rule(code: str) -> str:
    """Why, in words; a rule of a newer cycle is given by its code, never left out."""
    return RULE.get(code, f"Rule “{code}” of the cycle decided this.")


def mail(kind: str) -> str:
    """What a mail was about."""
    return MAIL.get(kind, kind)
