"""The rules of mail: which mails must exist, which may go out now, what a server's answer means."""

from notifier.domain.decide import Addressee, Candidate, Decision, decide, usable
from notifier.domain.planning import (
    Obligation,
    called_for_again,
    mails_called_for,
    reminder_ordinal,
    welcome_back,
)
from notifier.domain.replies import Result, Stage, Verdict, read_reply
from notifier.domain.senders import SenderChoice, choose_sender
from notifier.domain.states import MAY_FOLLOW, Kind, MailKey, State, may_follow

__all__ = [
    "MAY_FOLLOW",
    "Addressee",
    "Candidate",
    "Decision",
    "Kind",
    "MailKey",
    "Obligation",
    "Result",
    "SenderChoice",
    "Stage",
    "State",
    "Verdict",
    "called_for_again",
    "choose_sender",
    "decide",
    "mails_called_for",
    "may_follow",
    "read_reply",
    "reminder_ordinal",
    "usable",
    "welcome_back",
]
