"""Runs with a stateful chatbot: what it says is kept whole, and what it forgets is reported."""

import base64
import io
import json
import re
import zlib
from pathlib import Path

import pytest
from rich.console import Console
from upath import UPath

from duologue.cli.conversations import rendered
from duologue.versions.reading import read_conversations
from tests.participants.test_stateful import IMAGE, stateful_bot
from tests.support.generating import QUICK, folder, generated, manifest_of
from tests.support.vellum_deployments import ChatHistory, user_reply
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

STATEFUL = {"mode": "stateful", "output": "response"}
SHOWN = "[image: https://shop.example/map.png]"
LEAD = {"type": "STRING", "value": "See the map:"}


def with_map(history: ChatHistory) -> tuple[str, ChatHistory]:
    """Shows a map with the first reply, and nothing but a map with the second."""
    parts = [LEAD, IMAGE] if len(history) == 2 else [IMAGE]
    content = {"type": "ARRAY", "value": parts}
    return "CHAT_HISTORY", [*history[:-1], {"role": "ASSISTANT", "text": None, "content": content}]


async def test_an_image_is_in_the_dataset_the_report_and_what_is_shown(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("Where are you?\n")
    vellum.deployments["chatty"] = stateful_bot(with_map, "CHAT_HISTORY")
    state = await generated(
        seeds_csv, chatbot="chatty", turns=2, advanced={**QUICK, "chatbot_inputs": STATEFUL}
    )
    manifest = await manifest_of(state)
    assert manifest.counts.valid == 1, "a reply that is only an image is not empty"
    version = folder(seeds_csv, manifest)
    [conversation] = read_conversations(UPath(version / "conversations.parquet"))
    replies = conversation.messages[1::2]
    assert [reply.text for reply in replies] == ["See the map:", ""]
    assert [json.loads(reply.content or "")["value"][-1] for reply in replies] == [IMAGE, IMAGE]

    terminal = Console(file=io.StringIO(), width=100)
    terminal.print(rendered(conversation))
    assert terminal.file.getvalue().count(SHOWN) == 2  # type: ignore[attr-defined]
    texts = [message["text"] for message in reported(version / "report.html")]
    assert [text for text in texts if SHOWN in text] == [f"See the map:\n{SHOWN}", SHOWN]


def reported(page: Path) -> list[dict[str, str]]:
    """Returns the messages in a report of one conversation."""
    for packed in re.findall(r"[A-Za-z0-9+/]{200,}=*", page.read_text()):
        try:
            block = zlib.decompress(base64.b64decode(packed))
        except (ValueError, zlib.error):
            continue
        [entry] = json.loads(block)
        if "messages" in entry:
            return list(entry["messages"])
    raise AssertionError("the report holds no conversation")


async def test_an_execution_that_vellum_forgot_starts_the_conversation_again_and_is_reported(
    seeds_csv: Path, vellum: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    seeds_csv.write_text("Where are you?\n")
    chatty = vellum.deployments["chatty"] = stateful_bot()
    forgotten: list[str] = []

    def forget_once(seed_id: str, history: ChatHistory) -> str:
        if not forgotten:
            forgotten.extend(chatty.executions)
            chatty.executions.clear()
        return user_reply(seed_id, history)

    vellum.deployments["simulated-user"].reply = forget_once
    state = await generated(
        seeds_csv,
        chatbot="chatty",
        turns=2,
        advanced={**QUICK, "seed_retries": 1, "chatbot_inputs": STATEFUL},
    )
    assert state.is_completed()
    version = folder(seeds_csv, await manifest_of(state))
    [conversation] = read_conversations(UPath(version / "conversations.parquet"))
    assert [message.execution_id for message in conversation.messages[1::2]] == [*chatty.executions]
    assert forgotten[0] not in chatty.executions
    [warning] = [record.message for record in caplog.records if "restarts" in record.message]
    assert forgotten[0] in warning
    assert "Where are you?" not in warning
