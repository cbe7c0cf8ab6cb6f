"""What the simulated learning system sends, and when it gets round to sending it."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from embedded.university.model import Happening
from embedded.university.schedule import ENDS_ON

ZONE = ZoneInfo("America/New_York")
OVERNIGHT = time(8, 30)
AFTERNOON = time(16, 30)
_WEDNESDAY = 2


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
    """When a message about that moment leaves: overnight, on Wednesdays in the afternoon too."""
    if moment.time() < time(8):
        return datetime.combine(moment.date(), OVERNIGHT)
    if moment.weekday() == _WEDNESDAY and moment.time() < time(16):
        return datetime.combine(moment.date(), AFTERNOON)
    return datetime.combine(moment.date() + timedelta(days=1), OVERNIGHT)


def in_time(at: datetime) -> bool:
    """Whether it still belongs to the script."""
    return at.date() <= ENDS_ON
