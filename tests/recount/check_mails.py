"""Each mail once, to the right person, and none too many or too few."""

from collections import Counter

from recount.check import Check
from recount.evidence import Evidence
from recount.log import MAIL, Entry
from recount.mails import Mail
from recount.recompute import Recomputed

# How often a mail in that state may be in the journal; `uncertain` is judged by itself.
_COPIES = {"accepted": 1, "failed": 0, "cancelled": 0, "withheld": 0}

Key = tuple[str, str, str, str, int]
"""Person, cycle, occurrence, kind, ordinal."""


def check_once(evidence: Evidence) -> Check:
    """The journal holds each mail exactly once if the ledger says accepted; nothing is open."""
    ledger = _ledger(evidence)
    copies = Counter(mail.mail_id for mail in evidence.mails)
    check = Check("mails once")
    check.complain(evidence.unreadable_mails)
    uncertain = 0
    for mail_id, entry in ledger.items():
        state = entry.data["state"]
        where = f"{entry.place} {' '.join(map(str, _key_of(entry)))} {state}"
        if state == "uncertain":
            uncertain += 1
            check.expect(f"{where} (copies, at most one)", min(copies[mail_id], 1), copies[mail_id])
        else:
            check.expect(f"{where} (copies)", _COPIES.get(state, "a final state"), copies[mail_id])
    for mail in evidence.mails:
        known = ledger.get(mail.mail_id)
        check.expect(f"{mail.place} {mail.mail_id}", _key(mail), known and _key_of(known))
    check.note = f"{len(evidence.mails)} in the journal, {uncertain} uncertain"
    return check


def check_addresses(evidence: Evidence) -> Check:
    """Each mail went to an address its person had, and to nobody else."""
    check = Check("addresses")
    for mail in evidence.mails:
        ids = evidence.facts.office.ids_of(mail.person_id)
        addresses = {
            version.email for each in ids for version in evidence.facts.people.get(each, ())
        }
        check.compared += 1
        if len(mail.recipients) != 1 or not addresses.issuperset(mail.recipients):
            # Coordinates only: an address has no place in a report.
            check.complain([f"{mail.place}: not an address of {mail.person_id}"])
    return check


def check_expected(evidence: Evidence, recomputed: Recomputed) -> Check:
    """The mails that went out, or may have, are those that had to."""
    cycle = evidence.cycle.name
    expected = {
        (person_id, cycle, "1", mail.kind, mail.ordinal)
        for person_id, course in recomputed.courses.items()
        for mail in course.mails
    }
    sent = {_key(mail): mail.place for mail in evidence.mails if mail.cycle == cycle}
    for entry in _ledger(evidence).values():
        if entry.data["state"] == "uncertain" and entry.data["cycle"] == cycle:
            sent.setdefault(_key_of(entry), entry.place)
    kinds = Counter(kind for _, _, _, kind, _ in expected)
    check = Check("mails expected", compared=len(expected | sent.keys()))
    check.note = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    check.complain(
        f"{' '.join(map(str, key))}: had to go out, did not"
        for key in sorted(expected - sent.keys())
    )
    check.complain(
        f"{sent[key]} {' '.join(map(str, key))}: went out, need not have"
        for key in sorted(sent.keys() - expected)
    )
    return check


def _ledger(evidence: Evidence) -> dict[str, Entry]:
    last: dict[str, Entry] = {}
    for entry in evidence.log.on(MAIL):
        mail_id = entry.data["mail_id"]
        if mail_id not in last or entry.version > last[mail_id].version:
            last[mail_id] = entry
    return last


def _key(mail: Mail) -> Key:
    return mail.person_id, mail.cycle, mail.occurrence, mail.kind, mail.ordinal


def _key_of(entry: Entry) -> Key:
    data = entry.data
    return (
        data["person_id"],
        data["cycle"],
        data.get("occurrence", "1"),
        data["kind"],
        data["ordinal"],
    )
