"""Pages and APIs of a made-up service: who asks, what is denied, what is a form of ours."""

from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from chassis import sign_in
from chassis.settings import load
from chassis.sign_in import SignInSettings
from support.runtimes import TOKEN
from support.signed_in import BEHIND, PROXY, counted, named, token_in


async def test_a_trusted_proxy_names_a_person_and_the_roster_says_the_rest(serve: Any) -> None:
    async with serve(**BEHIND) as client:
        for path in ("/who", "/api/who"):
            answer = await client.get(path, headers=named("officer"))
            assert answer.json() == {
                "person_id": "officer",
                "roles": ["officer", "person"],
                "departments": ["maths"],
            }
        lead = (await client.get("/who", headers=named("lead"))).json()
        assert lead["departments"] == ["maths", "physics"]
        stranger = (await client.get("/who", headers=named("stranger"))).json()
        assert stranger == {"person_id": "stranger", "roles": ["person"], "departments": []}


async def test_no_header_gives_a_role_or_a_department(serve: Any) -> None:
    claims = {"X-Remote-Role": "office", "X-Remote-Groups": "maths", "X-Roles": "auditor"}
    async with serve(**BEHIND) as client:
        answer = await client.get("/who", headers=named("p1", **claims))
    assert answer.json() == {"person_id": "p1", "roles": ["person"], "departments": []}


@pytest.mark.parametrize("peer", ["10.1.3.3", "127.0.0.1", "::1", "unix", "192.0.2.9"])
async def test_from_anybody_else_the_header_is_ignored_counted_and_logged_without_its_value(
    serve: Any, peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "log", structlog.get_logger())
    before = counted("rollcall_sign_in_refused", why="untrusted_peer")
    spoof = {"X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}", "X-Real-IP": PROXY}
    async with serve(peer=peer, **BEHIND) as client:
        with capture_logs() as logs:
            answer = await client.get("/who", headers=named("office", **spoof))
        assert (await client.get("/api/who", headers=named("office"))).status_code == 401
        assert (await client.get("/who")).status_code == 401
    assert answer.status_code == 401
    assert "Sign-in needed" in answer.text
    assert counted("rollcall_sign_in_refused", why="untrusted_peer") == before + 2
    assert [(e["event"], e["reason"]) for e in logs] == [("sign_in_refused", "untrusted_peer")]
    assert "office" not in str(logs)


async def test_without_trusted_proxies_nobody_is_one(serve: Any) -> None:
    for peer in ("127.0.0.1", PROXY):
        async with serve(peer=peer) as client:
            answer = await client.get("/who", headers=named("office"))
            assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([(b"X-Remote-User", b"office"), (b"x-remote-user", b"p1")], "duplicate"),
        ([(b"X-Remote-User", b"x" * 5_000)], "oversize"),
        ([(b"X-Remote-User", b"office\x01")], "malformed"),
        ([(b"X-Remote-User", b"Ada Lovelace")], "malformed"),
        ([(b"X-Remote-User", b"office,p1")], "malformed"),
        ([(b"X-Remote-User", b"\xff")], "malformed"),
    ],
)
async def test_what_no_proxy_says_is_refused_and_counted(
    serve: Any, headers: list[tuple[bytes, bytes]], why: str
) -> None:
    before = counted("rollcall_sign_in_refused", why=why)
    async with serve(**BEHIND) as client:
        page = await client.get("/who", headers=headers)
        api = await client.get("/api/who", headers=headers)
    assert (page.status_code, api.status_code) == (403, 403)
    assert "cannot be used here" in page.text
    assert api.headers["content-type"] == "application/problem+json"
    assert counted("rollcall_sign_in_refused", why=why) == before + 2


async def test_a_proxy_that_knows_nobody_leaves_people_signed_out(serve: Any) -> None:
    async with serve(**BEHIND) as client:
        for value in ("", "(null)"):
            assert (await client.get("/who", headers=named(value))).status_code == 401


async def test_the_header_may_have_another_name(serve: Any) -> None:
    async with serve(**BEHIND, proxy_header="X-Shib-EduPersonId") as client:
        assert (await client.get("/who", headers=named("office"))).status_code == 401
        answer = await client.get("/who", headers={"x-shib-edupersonid": "office"})
        assert answer.json()["roles"] == ["office", "person"]


async def test_a_login_is_looked_up_and_an_unknown_one_is_told_so(serve: Any) -> None:
    async with serve(**BEHIND, proxy_header_holds="login") as client:
        answer = await client.get("/who", headers=named("olive"))
        assert answer.json()["person_id"] == "officer"
        for login in ("officer", "nobody"):
            answer = await client.get("/who", headers=named(login))
            assert answer.status_code == 403
            assert "not known here yet" in answer.text


async def test_a_denial_is_the_same_for_all_and_logged_with_ids_only(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "log", structlog.get_logger())
    before = counted("rollcall_access_denied", kind="secret")
    async with serve(**BEHIND) as client:
        with capture_logs() as logs:
            page = await client.get("/secret/900001", headers=named("lead"))
            api = await client.get("/api/secret/Ada%20Lovelace", headers=named("lead"))
    assert (page.status_code, api.status_code) == (404, 404)
    assert api.json()["detail"] == "There is no such page, or it is not yours."
    assert "There is no such page, or it is not yours." in page.text
    assert counted("rollcall_access_denied", kind="secret") == before + 2
    first, second = logs
    assert (first["viewer_id"], first["role"]) == ("lead", "area_lead")
    assert (first["kind"], first["key"]) == ("secret", "900001")
    assert second["key"] is None
    assert "Ada" not in str(logs)


@pytest.mark.parametrize("person_id", ["p1", "officer", "lead", "auditor"])
async def test_only_the_office_acts_and_who_audits_never(serve: Any, person_id: str) -> None:
    async with serve(**BEHIND) as client:
        token = (await client.get("/form", headers=named(person_id))).text
        answer = await client.post("/act", data={"token": token}, headers=named(person_id))
    assert answer.status_code == 404


async def test_behind_a_proxy_another_site_cannot_act_for_whom_the_proxy_signs_in(
    serve: Any,
) -> None:
    async with serve(**BEHIND) as client:
        planted = (await client.get("/form", headers=named("lead"))).text
        for token in ("", "forged", planted):
            answer = await client.post("/act", data={"token": token}, headers=named("office"))
            assert answer.status_code in (400, 404), token
        own = (await client.get("/form", headers=named("office"))).text
        answer = await client.post("/act", data={"token": own}, headers=named("office"))
        assert (answer.status_code, answer.json()) == (200, "office")
        client.cookies.clear()
        answer = await client.post("/act", data={"token": own}, headers=named("office"))
        assert answer.status_code == 400


async def test_a_form_is_taken_from_whom_it_was_drawn_for_and_from_nobody_else(
    serve: Any,
) -> None:
    local = {"peer": "127.0.0.1", "host": "localhost", "demo_sign_in": True}
    async with serve(**local) as client:
        await signed_in(client, "office")
        token = token_in((await client.get("/secret/x")).text)
        answer = await client.post("/act", data={"token": token})
        assert (answer.status_code, answer.json()) == (200, "office")
        for forged in ("", "x", token[:-1], token + "x"):
            assert (await client.post("/act", data={"token": forged})).status_code in (400, 404)
        await signed_in(client, "training-office", role="office", keep_cookies=True)
        answer = await client.post("/act", data={"token": token})
        assert answer.status_code == 400
        assert "open for too long" in answer.text


async def signed_in(
    client: httpx.AsyncClient, person_id: str, role: str = "person", keep_cookies: bool = False
) -> httpx.Response:
    if not keep_cookies:
        client.cookies.clear()
    token = token_in((await client.get("/sign-in")).text)
    form = {"person_id": person_id, "role": role, "token": token}
    answer = await client.post("/sign-in", data=form)
    assert answer.status_code == 303, answer.text
    return answer


async def test_in_the_demo_the_roster_says_who_is_an_officer_whatever_the_form_says(
    serve: Any,
) -> None:
    async with serve(peer="::1", host="localhost", demo_sign_in=True) as client:
        for role in ("person", "officer", "area_lead"):
            await signed_in(client, "p1", role)
            assert (await client.get("/who")).json()["roles"] == ["person"]
        await signed_in(client, "officer")
        assert (await client.get("/who")).json()["departments"] == ["maths"]
        await signed_in(client, "training-office", "office")
        assert (await client.get("/who")).json()["roles"] == ["office", "person"]
        await signed_in(client, "somebody", "auditor")
        assert (await client.get("/who")).json()["roles"] == ["auditor", "person"]
        drawn = (await client.get("/sign-in")).text
        assert '<option value="officer">Maths' in drawn
        assert "No area has a lead yet" in drawn


async def test_a_session_of_the_demo_is_nobody_s_once_the_demo_is_off(serve: Any) -> None:
    secret = {"session_secret": "one and the same secret"}
    async with serve(peer="127.0.0.1", host="localhost", demo_sign_in=True, **secret) as client:
        await signed_in(client, "office")
        cookies = dict(client.cookies)
    async with serve(peer="127.0.0.1", host="localhost", **secret) as client:
        client.cookies.update(cookies)
        assert (await client.get("/who")).status_code == 401
    async with serve(peer=PROXY, **BEHIND, **secret) as client:
        client.cookies.update(cookies)
        assert (await client.get("/who")).status_code == 401


async def test_cookies_are_secure_when_a_trusted_proxy_says_that_the_browser_came_by_https(
    serve: Any,
) -> None:
    said = {"X-Forwarded-Proto": "https"}
    for peer, secure in ((PROXY, True), ("192.0.2.9", False)):
        async with serve(peer=peer, **BEHIND) as client:
            answer = await client.get("/who", headers=said)
        (cookie,) = answer.headers.get_list("set-cookie")
        assert ("Secure" in cookie) is secure
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


async def test_behind_a_proxy_signing_out_is_the_proxy_s_business(serve: Any) -> None:
    async with serve(**BEHIND, sign_out_url="/Shibboleth.sso/Logout") as client:
        html = (await client.get("/secret/x", headers=named("p1"))).text
        assert '<a href="/Shibboleth.sso/Logout">Sign out</a>' in html
        assert "/sign-out" not in html
        assert (await client.get("/sign-in")).status_code == 404
    async with serve(**BEHIND) as client:
        assert "Sign out<" not in (await client.get("/secret/x", headers=named("p1"))).text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRUSTED_PROXIES", "proxy.example.edu", "number 1 is no address"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "number 1 is everybody"),
        ("PROXY_HEADER", "X-Remote-User: x", "PROXY_HEADER is wrong"),
        ("PROXY_HEADER", "X_Remote_User", "PROXY_HEADER is wrong"),
        ("PROXY_HEADER_HOLDS", "email", "PROXY_HEADER_HOLDS is wrong"),
        ("SIGN_OUT_URL", "//evil.example/", "SIGN_OUT_URL is wrong"),
        ("SIGN_OUT_URL", "javascript:alert(1)", "SIGN_OUT_URL is wrong"),
        ("SESSION_SECRET", "short", "SESSION_SECRET is wrong"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence_without_its_value(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    said: str,
) -> None:
    for known in ("DATABASE_URL", "KAFKA_BOOTSTRAP"):
        monkeypatch.setenv(known, "x")
    monkeypatch.setenv("MACHINE_TOKEN", TOKEN)
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(SignInSettings)
    err = capsys.readouterr().err
    assert said in err
    assert value not in err


def test_the_demo_and_a_proxy_exclude_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in ("DATABASE_URL", "KAFKA_BOOTSTRAP"):
        monkeypatch.setenv(known, "x")
    monkeypatch.setenv("MACHINE_TOKEN", TOKEN)
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.1")
    assert [str(network) for network in load(SignInSettings).trusted_proxies] == ["10.0.0.1/32"]
    monkeypatch.setenv("DEMO_SIGN_IN", "true")
    with pytest.raises(SystemExit):
        load(SignInSettings)
    assert "exclude each other" in capsys.readouterr().err
