"""The stand-in for Vellum: what it answers, and how it is steered."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.support.vellum_failures import FAILURES
from tests.support.vellum_stand_in import StandIn, running_stand_in, stand_in_process

HELLO = [{"role": "USER", "text": "What is your refund policy?"}]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"X-API-KEY": "sk-test"}) as session:
        yield session


@pytest.fixture
async def vellum() -> AsyncIterator[StandIn]:
    async with running_stand_in() as server:
        yield server


async def execute(
    http: aiohttp.ClientSession,
    url: str,
    name: str = "support-bot",
    history: list[dict[str, str]] = HELLO,
    seed_id: str = "s1",
) -> tuple[int, Any]:
    body = {
        "workflow_deployment_name": name,
        "inputs": [{"name": "chat_history", "type": "CHAT_HISTORY", "value": history}],
        "metadata": {"seed_id": seed_id},
    }
    async with http.post(f"{url}/v1/execute-workflow", json=body) as response:
        return response.status, await response.json()


async def said(http: aiohttp.ClientSession, url: str, **what: Any) -> str:
    status, answer = await execute(http, url, **what)
    assert status == 200
    (output,) = answer["data"]["outputs"]
    assert (output["name"], output["type"]) == ("final-output", "STRING")
    return str(output["value"])


async def test_replies_differ_by_seed_side_and_turn_and_are_the_same_again(
    http: aiohttp.ClientSession, vellum: StandIn
) -> None:
    longer = [*HELLO, {"role": "ASSISTANT", "text": "30 days."}]
    asked: list[dict[str, Any]] = [
        {"history": HELLO},
        {"history": HELLO, "seed_id": "s2"},
        {"history": HELLO, "name": "simulated-user"},
        {"history": longer},
    ]

    first = [await said(http, vellum.url, **what) for what in asked]
    second = [await said(http, vellum.url, **what) for what in asked]

    assert len(set(first)) == 4
    assert first == second


async def test_an_unknown_name_is_not_found(http: aiohttp.ClientSession, vellum: StandIn) -> None:
    status, _ = await execute(http, vellum.url, name="support-bto")

    assert status == 404


async def test_a_call_without_a_key_is_refused(vellum: StandIn) -> None:
    async with aiohttp.ClientSession() as http:
        status, _ = await execute(http, vellum.url)

    assert status == 403


async def test_a_call_without_a_chat_history_is_refused(
    http: aiohttp.ClientSession, vellum: StandIn
) -> None:
    body = {"workflow_deployment_name": "support-bot", "inputs": []}
    async with http.post(f"{vellum.url}/v1/execute-workflow", json=body) as response:
        assert response.status == 400


async def test_failures_are_used_up_in_order_by_their_own_deployment(
    http: aiohttp.ClientSession, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].failures = ["status:503", "status:429"]

    statuses = [(await execute(http, vellum.url))[0] for _ in range(3)]
    other, _ = await execute(http, vellum.url, name="simulated-user")

    assert [*statuses, other] == [503, 429, 200, 200]


async def test_a_text_in_the_history_can_make_every_call_fail(
    http: aiohttp.ClientSession, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"refund": "status:500"}

    refused = [(await execute(http, vellum.url))[0] for _ in range(2)]
    answered, _ = await execute(http, vellum.url, history=[{"role": "USER", "text": "Hello"}])

    assert [*refused, answered] == [500, 500, 200]


async def test_the_log_holds_what_was_sent_but_the_key(
    http: aiohttp.ClientSession, vellum: StandIn
) -> None:
    await execute(http, vellum.url)

    (logged,) = vellum.requests
    assert logged.deployment == "support-bot"
    assert logged.chat_history == HELLO
    assert "x-api-key" in logged.headers
    assert "sk-test" not in repr(logged)


@pytest.mark.processes
async def test_the_process_is_steered_over_its_port(http: aiohttp.ClientSession) -> None:
    with stand_in_process() as url:
        failing = {"deployment": "support-bot", "failures": ["status:503"]}
        async with http.post(f"{url}/_control", json=failing) as response:
            assert response.status == 200
        statuses = [(await execute(http, url))[0] for _ in range(2)]
        async with http.get(f"{url}/_control/requests") as response:
            logged = await response.json()
        async with http.get(f"{url}/_control/totals") as response:
            totals = await response.json()

    assert statuses == [503, 200]
    assert [one["deployment"] for one in logged] == ["support-bot", "support-bot"]
    assert totals == {"requests": 2, "most_in_flight": 1}


@pytest.mark.parametrize("change", [{"failure": ["hang"]}, {"failures": ["hnag"]}])
async def test_a_slip_in_steering_is_refused(
    http: aiohttp.ClientSession, vellum: StandIn, change: dict[str, Any]
) -> None:
    steering = {"deployment": "support-bot", **change}
    async with http.post(f"{vellum.url}/_control", json=steering) as response:
        assert response.status == 400


@pytest.mark.parametrize("name", sorted(FAILURES))
async def test_the_server_continues_after_every_failure(
    http: aiohttp.ClientSession, vellum: StandIn, name: str
) -> None:
    argument = "500" if name.startswith("status") else "1"
    argument = "302" if name == "redirect" else argument
    vellum.deployments["support-bot"].failures = [f"{name}:{argument}"]
    body = {
        "workflow_deployment_name": "support-bot",
        "inputs": [{"name": "chat_history", "type": "CHAT_HISTORY", "value": HELLO}],
    }
    try:
        async with (
            aiohttp.ClientSession(headers={"X-API-KEY": "sk-test"}) as doomed,
            doomed.post(
                f"{vellum.url}/v1/execute-workflow",
                json=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=0.2),
            ) as response,
        ):
            await response.read()
    except (aiohttp.ClientError, TimeoutError):
        pass

    assert await said(http, vellum.url)
