"""Faults to plant into sound evidence: a recount that does not find them is blind."""

from collections.abc import Callable
from dataclasses import replace

from recount.evidence import Evidence
from recount.log import OBLIGATION, Log


def drop_an_event(evidence: Evidence) -> Evidence:
    """One obligation's record is missing from the middle of the log."""
    obligations = evidence.log.on(OBLIGATION)
    lost = obligations[len(obligations) // 2]
    kept = [entry for entry in evidence.log.entries if entry.id != lost.id]
    return replace(evidence, log=Log(kept, evidence.log.unreadable))


def double_a_mail(evidence: Evidence) -> Evidence:
    """One mail went out twice."""
    mail = evidence.mails[len(evidence.mails) // 2]
    again = replace(mail, line=len(evidence.mails) + 1)
    return replace(evidence, mails=[*evidence.mails, again])


def put_into_the_wrong_group(evidence: Evidence) -> Evidence:
    """One person was released with another group, consistently, on Kafka and in every edition."""
    groups = [group.name for group in evidence.cycle.groups]
    victim = next(entry for entry in evidence.log.on(OBLIGATION) if entry.data.get("group"))
    person_id, right = victim.data["person_id"], victim.data["group"]
    wrong = groups[groups.index(right) - 1]
    entries = [
        replace(entry, data=entry.data | {"group": wrong})
        if entry.data.get("person_id") == person_id and entry.data.get("group") == right
        else entry
        for entry in evidence.log.entries
    ]
    editions = {
        night: {
            department: "".join(
                line.replace(f",{right},", f",{wrong},") if line.startswith(person_id) else line
                for line in text.splitlines(keepends=True)
            )
            for department, text in files.items()
        }
        for night, files in evidence.editions.items()
    }
    return replace(evidence, log=Log(entries, evidence.log.unreadable), editions=editions)


MUTANTS: dict[str, Callable[[Evidence], Evidence]] = {
    "dropped-event": drop_an_event,
    "doubled-mail": double_a_mail,
    "wrong-group": put_into_the_wrong_group,
}
