"""Plain routes skip FastAPI, and lose nothing of what every route has."""

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis import http
from chassis.plain import PlainFirst


async def echo(request: Request) -> Response:
    return PlainTextResponse(f"{request.path_params['name']}: {(await request.body()).decode()}")


async def refuse(_: Request) -> Response:
    raise http.Problem(418, "No coffee here")


async def fail(_: Request) -> Response:
    raise ValueError("a name nobody may read")


async def limited(request: Request) -> Response:
    return PlainTextResponse(str(len(await http.read_body(request, 10))))


@pytest.fixture
async def client() -> httpx.AsyncClient:
    routes = [
        Route("/plain/{name}", echo, methods=["POST"]),
        Route("/refuse", refuse),
        Route("/fail", fail),
        Route("/limited", limited, methods=["POST"]),
    ]
    app = PlainFirst(routes)
    http.install(app)

    @app.get("/fast")
    async def fast() -> str:
        return "api"

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_plain_route_answers_and_is_timed_under_its_template(
    client: httpx.AsyncClient,
) -> None:
    labels = {"method": "POST", "route": "/plain/{name}", "status": "200"}
    name = "rollcall_http_request_seconds_count"
    before = REGISTRY.get_sample_value(name, labels) or 0
    answer = await client.post("/plain/ada", content=b"hello")
    assert answer.text == "ada: hello"
    assert REGISTRY.get_sample_value(name, labels) == before + 1


async def test_fastapis_own_routes_are_reached_as_before(client: httpx.AsyncClient) -> None:
    assert (await client.get("/fast")).json() == "api"
    assert (await client.get("/nowhere")).status_code == 404


async def test_a_wrong_method_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/plain/ada")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_method_nobody_knows_makes_no_metric_of_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.request("INVENTED", "/plain/ada")).status_code == 405
    methods = {sample.labels.get("method") for m in REGISTRY.collect() for sample in m.samples}
    assert "other" in methods
    assert "INVENTED" not in methods


async def test_a_problem_is_answered_as_one(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refuse")
    assert answer.json() == {"title": "No coffee here", "status": 418}


async def test_a_handler_that_fails_is_answered_500_without_its_reason(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/fail")
    assert answer.status_code == 500
    assert "nobody" not in answer.text


@pytest.mark.parametrize(("size", "status"), [(0, 200), (10, 200), (11, 413)])
async def test_a_body_is_read_up_to_its_limit(
    client: httpx.AsyncClient, size: int, status: int
) -> None:
    assert (await client.post("/limited", content=b"x" * size)).status_code == status
