"""What the simulated learning system sends, and when it gets round to sending it."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from embedded.university.model import Happening
from embedded.university.schedule import AFTERNOON, ENDS_ON, MORNING

ZONE = ZoneInfo("America/New_York")
_WEDNESDAY, _SATURDAY = 2, 5
_FORTNIGHT = 14


@dataclass
class LearningSystem:
    """Numbers its messages, so that the same university sends the same ids."""

    seed: int
    _sent: int = 0

    def message(
        self,
        person: str,
        module: str,
        completed_at: datetime,
        *,
        at: datetime,
        status: str = "completed",
        attempt: int = 1,
    ) -> Happening:
        """One signed message to be: `person` is the id, login or address the system knows."""
        self._sent += 1
        digest = sha256(f"{self.seed}/{self._sent}".encode()).hexdigest()
        body = {
            "type": "module.revoked" if status == "revoked" else "module.completed",
            "timestamp": at.replace(tzinfo=ZONE).isoformat(),
            "data": {
                "person": person,
                "module": module,
                "completed_at": completed_at.replace(tzinfo=ZONE).isoformat(),
                "status": status,
                "attempt": attempt,
            },
        }
        return Happening(at.date(), at.time(), "webhook", json.dumps(body), f"msg_{digest[:24]}")


def sent_after(moment: datetime) -> datetime:
    """When a message about that moment leaves: on the next morning, not at the weekend.

    On the first Wednesdays of a month it leaves in the afternoon, after the platform's daily run.
    """
    if moment.time() < time(8):
        return after_the_weekend(datetime.combine(moment.date(), MORNING))
    early = moment.weekday() == _WEDNESDAY and moment.day <= _FORTNIGHT
    if early and moment.time() < time(16):
        return datetime.combine(moment.date(), AFTERNOON)
    return after_the_weekend(datetime.combine(moment.date() + timedelta(days=1), MORNING))


def after_the_weekend(at: datetime) -> datetime:
    """That moment, or the same hour on Monday."""
    return at + timedelta(days=max(0, 7 - at.weekday())) if at.weekday() >= _SATURDAY else at


def in_time(at: datetime) -> bool:
    """Whether it still belongs to the script."""
    return at.date() <= ENDS_ON
