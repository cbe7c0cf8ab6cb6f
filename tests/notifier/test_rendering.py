"""What a mail says, in headers, text and HTML, read back with the standard library."""

from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import Kind
from notifier.rendering import Renderer, clean, load_institution
from support.notifiers import cycle, outgoing

KEY = b"a key of sixteen"
HEADERS = {
    *("message-id", "date", "to", "from", "reply-to", "subject", "list-id", "auto-submitted"),
    *("x-auto-response-suppress", "mime-version", "content-type", "x-rollcall-mail"),
    *("x-rollcall-kind", "x-rollcall-person", "x-rollcall-cycle", "x-rollcall-occurrence"),
    "x-rollcall-ordinal",
}


def renderer(**changes: Any) -> Renderer:
    made = Renderer(load_institution(None), "mail.example.edu", KEY)
    made.use_cycles({"2023-24": cycle(**changes)})
    return made


def read(kind: Kind = Kind.RELEASE, of: Renderer | None = None, **changes: Any) -> EmailMessage:
    raw = (of or renderer()).render(outgoing(kind, **changes)).raw
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def text_of(message: EmailMessage, subtype: str = "plain") -> str:
    part = message.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_text_and_html_and_nothing_else(kind: Kind) -> None:
    message = read(kind)
    types = [part.get_content_type() for part in message.walk()]
    assert types == ["multipart/alternative", "text/plain", "text/html"]
    assert {name.lower() for name in message} == HEADERS
    assert "Alex Example" in text_of(message)
    assert "Alex Example" in text_of(message, "html")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_mail_says_where_to_ask_and_where_to_find_support(kind: Kind) -> None:
    for subtype in ("plain", "html"):
        said = words(text_of(read(kind), subtype))
        for needed in (
            "training@example.edu",
            "(617) 253-2300",
            "vpradvocate@mit.edu",
            "idhr@mit.edu",
            "promptly required to inform IDHR",
            renderer().code(outgoing(kind).mail_id),
        ):
            assert needed in said


@pytest.mark.parametrize("kind", list(Kind))
def test_no_mail_holds_a_link(kind: Kind) -> None:
    for subtype in ("plain", "html"):
        said = text_of(read(kind), subtype).lower()
        assert "http" not in said
        assert "<a " not in said


def test_a_release_says_what_is_required_by_when_and_the_way_in_words() -> None:
    said = words(text_of(read()))
    assert "required to complete at least one of the training options below" in said
    assert "by the end of Friday, December 1, 2023." in said
    assert "Any one of them fulfills the requirement; you are welcome to take the others" in said
    assert "Option B: Responding to Disclosures" in said
    assert "How to support someone who discloses to you." in said
    assert "You need no link" in said
    assert "Atlas learning center" in said
    assert '"My Training Needs"' in said
    assert "during their regular working hours" in said


def test_a_release_to_somebody_who_is_done_asks_for_nothing() -> None:
    message = read(completed=True)
    said = words(text_of(message))
    assert "You have already completed it: nothing more is asked of you." in said
    assert "welcome to take the other options" in said
    assert "required to complete" not in said
    assert message["Subject"].startswith("Already done")


def test_two_required_options_are_asked_for_as_two() -> None:
    said = words(text_of(read(of=renderer(required_options=2))))
    assert "at least two of the training options" in said
    assert "Any 2 of them fulfill the requirement" in said


def test_a_survey_is_offered_only_as_a_plain_address() -> None:
    survey = "https://survey.example.edu/2024"
    assert survey in text_of(read(Kind.CONFIRMATION, renderer(survey_url=survey)))
    attack = "javascript:alert(1)"
    assert attack not in text_of(read(Kind.CONFIRMATION, renderer(survey_url=attack)), "html")


def test_headers_name_the_mail_by_ids_only() -> None:
    mail = outgoing(planned_at=datetime(2023, 10, 25, 13, tzinfo=UTC))
    message = read()
    assert message["Message-ID"] == f"<{mail.mail_id}@mail.example.edu>"
    assert message["Date"].datetime == mail.planned_at
    assert message["Auto-Submitted"] == "auto-generated"
    assert "<2023-24.rollcall.mit.edu>" in message["List-Id"]
    assert message["X-Rollcall-Mail"] == str(mail.mail_id)
    assert message["X-Rollcall-Person"] == "900000001"
    assert message["X-Rollcall-Ordinal"] == "1"


def test_bounces_come_back_with_the_mails_id() -> None:
    rendered = renderer().render(outgoing())
    assert rendered.mail_from == f"bounce+{outgoing().mail_id.hex}@mail.example.edu"
    assert rendered.rcpt_to == "alex@example.edu"


def test_the_sender_is_the_areas_own() -> None:
    message = read(areas=("school-science",))
    assert message["From"].addresses[0].addr_spec == "science@example.edu"
    assert message["Reply-To"].addresses[0].addr_spec == "science@example.edu"
    assert message["From"].addresses[0].display_name == "Dean's Office"
    assert read(areas=("libraries",))["From"].addresses[0].addr_spec == "office@example.edu"


def test_the_same_mail_is_the_same_bytes_in_any_process() -> None:
    assert renderer().render(outgoing()).raw == renderer().render(outgoing()).raw


def test_what_differs_is_in_the_bytes() -> None:
    shared = renderer()
    raws = {
        shared.render(outgoing(**changes)).raw
        for changes in ({}, {"name": "Sam"}, {"due_on": date(2024, 1, 5)}, {"completed": True})
    }
    assert len(raws) == 4


def test_a_cycle_published_anew_is_rendered_anew() -> None:
    made = renderer()
    made.render(outgoing())
    made.use_cycles({"2023-24": cycle(version=2, title="Another title")})
    assert "Another title" in read(of=made)["Subject"]


def test_lines_are_short_and_seven_bit_with_crlf() -> None:
    raw = renderer().render(outgoing(name="Zoë " * 30)).raw
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(map(len, body.split(b"\r\n"))) <= 78


def test_the_parts_are_what_the_standard_library_would_encode() -> None:
    message = read(name="Zoë Ångström")
    again = message_from_bytes(message.as_bytes(policy=SMTP), policy=default)
    assert isinstance(again, EmailMessage)
    assert text_of(again) == text_of(message)
    assert str(message["To"]) == "Zoë Ångström <alex@example.edu>"


INJECTIONS = [
    "Alex\r\nBcc: eve@example.org",
    "Alex\nBcc: eve@example.org",
    "=?UTF-8?Q?=0A?=Bcc: eve@example.org",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
    "Alex\u2028Bcc: eve@example.org",
    "Alex\x0bBcc: eve@example.org",
    'Alex" <eve@example.org>, "',
    "<script>alert(1)</script>",
    "Alex\x00",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("attack", INJECTIONS)
def test_a_name_adds_no_header_no_recipient_and_no_markup(attack: str) -> None:
    message = read(name=attack)
    assert {name.lower() for name in message} == HEADERS
    assert [a.addr_spec for a in message["To"].addresses] == ["alex@example.edu"]
    assert "<script" not in text_of(message, "html")


@pytest.mark.parametrize("attack", INJECTIONS)
def test_a_title_adds_no_header_and_no_markup(attack: str) -> None:
    message = read(of=renderer(title=attack))
    assert {name.lower() for name in message} == HEADERS
    assert "\n" not in str(message["Subject"])
    assert "<script" not in text_of(message, "html")


@pytest.mark.parametrize("attack", INJECTIONS)
def test_a_senders_name_adds_no_header(attack: str) -> None:
    senders = [{"area_id": None, "name": attack, "address": "office@example.edu"}]
    message = read(of=renderer(senders=senders))
    assert {name.lower() for name in message} == HEADERS
    assert [a.addr_spec for a in message["From"].addresses] == ["office@example.edu"]


@given(st.text(max_size=300))
def test_whatever_a_person_is_called_the_mail_can_be_read(name: str) -> None:
    message = read(name=name, of=SHARED)
    assert {header.lower() for header in message} == HEADERS
    assert (clean(name) or "colleague") in text_of(message)


SHARED = renderer()


def test_the_code_depends_on_the_key_and_the_mail() -> None:
    other_key = Renderer(load_institution(None), "mail.example.edu", b"another key of 16")
    mail = outgoing()
    assert renderer().code(mail.mail_id) != other_key.code(mail.mail_id)
    assert renderer().code(mail.mail_id) != renderer().code(UUID(int=1))


def test_an_institution_file_that_lacks_something_is_named() -> None:
    with pytest.raises(ValueError, match=r"missing: .*support_intro"):
        Renderer({"name": "X"}, "mail.example.edu", KEY)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"duty": {"title": "Duty"}}, r"missing: duty\.text"),
        ({"duty": "text"}, r"missing: duty\.text, duty\.title"),
        ({"support": []}, r"missing: support\[0\]\.email"),
        ({"support": [{"name": "Hotline", "what": 3, "email": "a@b.edu"}]}, r"support\[0\]\.what"),
        ({"from_address": "pshtraining"}, "from_address: is no address"),
    ],
)
def test_what_the_first_mail_would_stumble_over_is_named_at_the_start(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Renderer(load_institution(None) | changes, "mail.example.edu", KEY)
