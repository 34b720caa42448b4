"""Transcripts in the shapes that libraries and datasets write them."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duologue.conversation.messages import Role
from duologue.errors import UsageError
from duologue.validation.transcripts import (
    Transcript,
    TranscriptNames,
    check_transcript,
    read_transcripts,
)
from duologue.validation.transcripts.messages import _any, _plain

U, A, NEXT = "Do you ship to Norway?", "Yes, we do.", "How much is it?"
PLAIN = [{"role": "user", "content": U}, {"role": "assistant", "content": A}]
OF_LC = {"lc": 1, "type": "constructor"}


def lc(name: str, content: str, **kwargs: Any) -> dict[str, Any]:
    path = ["langchain", "schema", "messages", name]
    return {**OF_LC, "id": path, "kwargs": {"content": content, **kwargs}}


def part(**fields: Any) -> list[dict[str, Any]]:
    return [fields]


def as_messages(user: Any, assistant: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]


def with_tools(call: dict[str, Any], result: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": U}, call, result, {"role": "assistant", "content": A}]


MESSAGES: dict[str, list[Any]] = {
    "OpenAI chat": PLAIN,
    "OpenAI parts": as_messages(part(type="text", text=U), part(type="text", text=A)),
    "OpenAI refusal": [
        PLAIN[0],
        {"role": "assistant", "content": None, "refusal": A},
    ],
    "OpenAI refusal part": as_messages(U, part(type="refusal", refusal=A)),
    "OpenAI audio": [
        PLAIN[0],
        {"role": "assistant", "content": None, "audio": {"id": "a", "transcript": A}},
    ],
    "OpenAI tools": with_tools(
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": "{}"},
    ),
    "OpenAI Assistants": as_messages(
        part(type="text", text={"value": U, "annotations": []}),
        part(type="text", text={"value": A, "annotations": []}),
    ),
    "OpenAI Responses": [
        {"type": "message", "role": "user", "content": part(type="input_text", text=U)},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "web_search_call", "id": "w"},
        {"type": "message", "role": "assistant", "content": part(type="output_text", text=A)},
    ],
    "OpenAI Realtime": [
        {"role": "user", "content": part(type="input_audio", transcript=U)},
        {"role": "assistant", "content": part(type="audio", transcript=A)},
    ],
    "gpt-oss channels": [
        PLAIN[0],
        {"role": "assistant", "channel": "analysis", "content": "They want …"},
        {"role": "assistant", "channel": "final", "content": A},
    ],
    "Anthropic blocks": [
        {"role": "user", "content": U},
        {"role": "assistant", "content": part(type="tool_use", id="t", name="f", input={})},
        {"role": "user", "content": part(type="tool_result", tool_use_id="t", content="x")},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": A}],
        },
    ],
    "Bedrock Converse": with_tools(
        {"role": "assistant", "content": part(toolUse={"toolUseId": "1"})},
        {"role": "user", "content": part(toolResult={"content": [{"text": "x"}]})},
    ),
    "Gemini": [
        {"role": "user", "parts": part(text=U)},
        {"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": A}]},
    ],
    "Gemini tools": [
        {"role": "user", "parts": part(text=U)},
        {"role": "model", "parts": part(functionCall={"name": "f"})},
        {"role": "user", "parts": part(functionResponse={"name": "f"})},
        {"role": "model", "parts": part(text=A)},
    ],
    "Vellum text": [{"role": "USER", "text": U}, {"role": "ASSISTANT", "text": A}],
    "Vellum SDK dump": [
        {"role": "USER", "text": None, "content": {"type": "STRING", "value": U}},
        {"role": "ASSISTANT", "text": None, "content": {"type": "STRING", "value": A}},
    ],
    "Vellum arrays": as_messages(
        {"type": "ARRAY", "value": part(type="STRING", value=U)},
        {"type": "ARRAY", "value": part(type="STRING", value=A)},
    ),
    "Vellum function calls": [
        {"role": "USER", "text": U},
        {"role": "ASSISTANT", "content": {"type": "FUNCTION_CALL", "value": {"name": "f"}}},
        {"role": "FUNCTION", "text": "x", "source": "f"},
        {"role": "ASSISTANT", "text": A},
    ],
    "Vercel UI messages": [
        {"id": "1", "role": "user", "parts": part(type="text", text=U)},
        {
            "id": "2",
            "role": "assistant",
            "parts": [
                {"type": "step-start"},
                {"type": "reasoning", "text": "hm"},
                {"type": "tool-getWeather", "state": "output-available", "output": {}},
                {"type": "text", "text": A},
                {"type": "source-url", "url": "https://example.com"},
            ],
        },
    ],
    "Vercel 4": [
        PLAIN[0],
        {"role": "assistant", "content": "", "toolInvocations": [{"state": "result"}]},
        {"role": "assistant", "content": A},
    ],
    "Mastra": as_messages({"format": 2, "parts": part(type="text", text=U), "content": U}, A),
    "ShareGPT": [{"from": "human", "value": U}, {"from": "gpt", "value": A}],
    "ShareGPT tools": [
        {"from": "system", "value": "x"},
        {"from": "human", "value": U},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "x"},
        {"from": "gpt", "value": A},
    ],
    "LangChain dicts": [
        {"type": "human", "data": {"content": U}},
        {"type": "ai", "data": {"content": A}},
    ],
    "LangChain dumps": [
        lc("SystemMessage", "x"),
        lc("HumanMessage", U),
        lc("AIMessage", "", additional_kwargs={"tool_calls": [{"id": "1"}]}),
        lc("ToolMessage", "x"),
        lc("AIMessage", A),
    ],
    "LangChain model_dump": [{"type": "human", "content": U}, {"type": "ai", "content": A}],
    "Cohere": [{"role": "USER", "message": U}, {"role": "CHATBOT", "message": A}],
    "Mistral thinking": as_messages(
        U, [*part(type="thinking", thinking=part(type="text", text="hm")), {"text": A}]
    ),
    "AutoGen": [
        {"source": "user", "type": "TextMessage", "content": U},
        {"source": "assistant", "type": "TextMessage", "content": A},
    ],
    "Google ADK": [
        {"author": "user", "content": {"role": "user", "parts": part(text=U)}},
        {"author": "root_agent", "content": {"role": "model", "parts": part(text=A)}},
    ],
    ".NET": [
        {"Role": {"Label": "user"}, "Items": [{"$type": "TextContent", "Text": U}]},
        {"Role": {"Label": "assistant"}, "Items": [{"$type": "TextContent", "Text": A}]},
    ],
    "dialogue corpora": [
        {"speaker": "USER", "utterance": U, "frames": []},
        {"speaker": "SYSTEM", "utterance": A, "frames": []},
    ],
    "human and ai": [{"role": "human", "content": U}, {"role": "ai", "content": A}],
    "customer and agent": [{"role": "Customer", "content": U}, {"role": "Agent", "content": A}],
    "user and model": [{"role": "user", "content": U}, {"role": "model", "content": A}],
    "author objects": [
        {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [U]}},
        {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": [A]}},
    ],
    "empty text beside content": [
        {"role": "user", "text": "", "content": U},
        {"role": "assistant", "text": "", "content": A},
    ],
    "is_user": [{"is_user": True, "text": U}, {"is_user": False, "text": A}],
    "Rasa": [
        {"event": "action", "name": "action_session_start"},
        {"event": "user", "text": U, "parse_data": {}},
        {"event": "bot", "text": A, "data": {}},
        {"event": "slot", "name": "city"},
    ],
    "Botpress": [
        {"direction": "incoming", "payload": {"type": "text", "text": U}},
        {"direction": "outgoing", "payload": {"type": "text", "text": A}},
    ],
    "Bot Framework": [
        {"type": "conversationUpdate", "from": {"role": "user"}},
        {"type": "message", "from": {"id": "1", "name": "Ann", "role": "user"}, "text": U},
        {"type": "message", "from": {"id": "2", "role": "bot"}, "text": A},
    ],
    "Amazon Connect": [
        {"ParticipantRole": "CUSTOMER", "Type": "EVENT", "ContentType": "x.participant.joined"},
        {"ParticipantRole": "CUSTOMER", "Type": "MESSAGE", "Content": U},
        {"ParticipantRole": "AGENT", "Type": "MESSAGE", "Content": A},
    ],
    "Contact Lens": [
        {"ParticipantId": "CUSTOMER", "Content": U}, {"ParticipantId": "AGENT", "Content": A},
    ],
    "Twilio": [
        {"direction": "inbound", "from": "+1", "to": "+2", "body": U},
        {"direction": "outbound-api", "from": "+2", "to": "+1", "body": A},
    ],
    "Genesys": [
        {"participantPurpose": "external", "text": U},
        {"participantPurpose": "internal", "text": A},
    ],
    "Zendesk": [
        {"author": {"type": "user"}, "content": {"type": "text", "text": U}},
        {"author": {"type": "business"}, "content": {"type": "text", "text": A}},
    ],
    "Freshchat": [
        {"actor_type": "user", "message_parts": part(text={"content": U})},
        {"actor_type": "agent", "message_parts": part(text={"content": A})},
    ],
    "Gorgias": [{"from_agent": False, "body_text": U}, {"from_agent": True, "body_text": A}],
    "Chatwoot": [
        {"message_type": 0, "content": U, "sender": {"type": "contact"}},
        {"message_type": 1, "content": A, "sender": {"type": "agent_bot"}},
    ],
    "Discord": [
        {"type": "Default", "content": U, "author": {"name": "Ann", "isBot": False}},
        {"type": "Default", "content": A, "author": {"name": "Shop", "isBot": True}},
    ],
    "LibreChat": [
        {"sender": "Ann", "isCreatedByUser": True, "text": U},
        {"sender": "GPT-4", "isCreatedByUser": False, "text": A},
    ],
    "Flowise": [{"role": "userMessage", "content": U}, {"role": "apiMessage", "content": A}],
    "AI Studio": [
        {"role": "user", "text": U},
        {"role": "model", "text": "hm", "isThought": True},
        {"role": "model", "text": A},
    ],
    "Pydantic AI": [
        {"kind": "request", "parts": [
            {"part_kind": "system-prompt", "content": "x"},
            {"part_kind": "user-prompt", "content": U}]},
        {"kind": "response", "parts": part(part_kind="tool-call", tool_name="f", args="{}")},
        {"kind": "request", "parts": part(part_kind="tool-return", content="x")},
        {"kind": "response", "parts": part(part_kind="text", content=A)},
    ],
    "LlamaIndex": [
        {"role": "user", "blocks": part(block_type="text", text=U)},
        {"role": "assistant", "blocks": part(block_type="text", text=A)},
    ],
    "Haystack 1": [
        {"_role": "user", "_content": part(text=U)},
        {"_role": "assistant", "_content": part(text=A)},
    ],
    "PyRIT": [
        {"role": "user", "original_value": U, "converted_value": U},
        {"role": "assistant", "original_value": A, "converted_value": A},
    ],
    "Bedrock guard": as_messages(part(guardContent={"text": {"text": U}}), part(text=A)),
    **{
        f"the roles {user} and {assistant}": [
            {"role": user, "content": U}, {"role": assistant, "content": A},
        ]
        for user, assistant in (
            *(("Kunde", "Assistent"), ("用户", "助手"), ("cliente", "agente")),
            *(("ユーザー", "アシスタント"), ("User:", "Assistant:"), ("user_1", "agent_2")),
            *(("<|user|>", "<|assistant|>"), ("MessageRole.USER", "Role.assistant")),
            *(("🧑 User", "🤖 Assistant"), ("Customer", "Support Agent (Anna)")),
        )
    },
    "pairs with roles": [["user", U], ["assistant", A]],
    "a turn in an object": [{"turn": 1, "user": U, "bot": A}],
    "a message in a field": [{"human": U}, {"ai": A}],
    "a question and an answer": [{"question": U, "answer": A}],
    "parts as JSON text": as_messages(json.dumps(part(type="text", text=U)), A),
    "parts as Python prints them": as_messages(str(part(type="text", text=U)), A),
}  # fmt: skip


def lines(folder: Path, *records: Any, name: str = "talks.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return path


def read(path: Path, names: TranscriptNames | None = None) -> list[Transcript]:
    return list(read_transcripts(str(path), names or TranscriptNames()))


def said(transcript: Transcript) -> list[tuple[str, str]]:
    assert transcript.unreadable is None
    return [(message.role.lower(), message.text) for message in transcript.messages]


@pytest.mark.parametrize("messages", MESSAGES.values(), ids=MESSAGES)
def test_messages_are_read_in_every_shape(tmp_path: Path, messages: list[Any]) -> None:
    (transcript,) = read(lines(tmp_path, {"id": "a", "messages": messages}))
    assert said(transcript) == [("user", U), ("assistant", A)]
    assert check_transcript(transcript).is_valid


RECORDS: dict[str, Any] = {
    "conversations": {"conversations": PLAIN},
    "conversation": {"conversation_hash": "h", "model": "x", "conversation": PLAIN},
    "contents": {"contents": MESSAGES["Gemini"]},
    "turns": {"turns": PLAIN},
    "Chat History": {"Chat History": PLAIN},
    "another field": {"id": "a", "my_talk": PLAIN, "tags": ["x"]},
    "nested": {"data": {"thread": {"messages": PLAIN}}},
    "prompt and completion": {"prompt": PLAIN[:1], "completion": PLAIN[1:]},
    "input and output": {
        "output": [{"type": "reasoning", "summary": []}, PLAIN[1]],
        "input": PLAIN[:1],
    },
    "logged call": {
        "request": {"model": "x", "messages": PLAIN[:1]},
        "response": {"choices": [{"message": PLAIN[1]}]},
    },
    "logged choices": {"messages": PLAIN[:1], "choices": [{"index": 0, "message": PLAIN[1]}]},
    "trace": {"input": {"messages": PLAIN[:1]}, "output": PLAIN[1]},
    "LangSmith": {
        "inputs": {"messages": [MESSAGES["LangChain dumps"][:2]]},
        "outputs": {"generations": [[{"text": A}]]},
    },
    "columns": {"messages": {"role": ["user", "assistant"], "content": [U, A]}},
    "JSON text": {"messages": json.dumps(PLAIN)},
    "JSON texts": {"messages": [json.dumps(message) for message in PLAIN]},
    "a list": PLAIN,
    "ChatGPT export": {
        "id": "c",
        "current_node": "c",
        "mapping": {
            "a": {"id": "a", "message": None, "parent": None, "children": ["b"]},
            "b": {"id": "b", "parent": "a", "message": MESSAGES["author objects"][0]},
            "x": {"id": "x", "parent": "b", "message": {"author": {"role": "assistant"}}},
            "c": {"id": "c", "parent": "b", "message": MESSAGES["author objects"][1]},
        },
    },
    "OpenAI batch": {
        "request": {"body": {"messages": PLAIN[:1]}},
        "response": {"status_code": 200, "body": {"choices": [{"message": PLAIN[1]}]}},
    },
    "Gemini batch": {
        "request": {"contents": MESSAGES["Gemini"][:1]},
        "response": {"candidates": [{"content": MESSAGES["Gemini"][1]}]},
    },
    "OpenAI response": {
        "object": "response", "input": U,
        "output": [{"type": "message", "role": "assistant",
                    "content": part(type="output_text", text=A)}],
    },
    "Bedrock log": {
        "input": {"inputBodyJson": {"messages": PLAIN[:1]}},
        "output": {"outputBodyJson": {"output": {"message": PLAIN[1]}}},
    },
    "LangSmith chain": {"inputs": {"question": U}, "outputs": {"answer": A}},
    "LangSmith example": {
        "inputs": {"input": MESSAGES["LangChain dicts"][:1]},
        "outputs": {"output": MESSAGES["LangChain dicts"][1]},
    },
    "Langfuse": {"id": "t", "input": PLAIN[:1], "output": A},
    "Langfuse texts": {"id": "t", "input": U, "output": A},
    "Phoenix": {"attributes": {"llm": {
        "input_messages": [{"message": PLAIN[0]}], "output_messages": [{"message": PLAIN[1]}]}}},
    "OpenInference": {"attributes": {
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": U,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": A,
    }},
    "OpenTelemetry": {"attributes": {
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": part(type="text", content=U)}]),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": part(type="text", content=A)}]),
    }},
    "Traceloop": {"attributes": {
        "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": U,
        "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": A,
    }},
    "MLflow": {"data": {
        "request": json.dumps({"messages": PLAIN[:1]}),
        "response": json.dumps({"choices": [{"message": PLAIN[1]}]}),
    }},
    "LiteLLM": {
        "messages": json.dumps(PLAIN[:1]),
        "response": json.dumps({"choices": [{"message": PLAIN[1]}]}),
    },
    "Helicone": {
        "request_body": {"messages": PLAIN[:1]}, "response_body": {"choices": [
            {"message": PLAIN[1]}]},
    },
    "promptfoo": {"prompt": {"raw": json.dumps(PLAIN[:1])}, "response": {"output": A}},
    "evals": {"input": PLAIN[:1], "ideal": A},
    "Mistral": {
        "outputs": [{"type": "message.output", **PLAIN[1]}],
        "inputs": [{"type": "message.input", **PLAIN[0]}],
    },
    "Cohere": {"chat_history": [], "message": U, "text": A},
    "Intercom": {
        "type": "conversation",
        "source": {"body": U, "author": {"type": "user"}},
        "conversation_parts": {"conversation_parts": [
            {"part_type": "comment", "body": A, "author": {"type": "admin"}},
            {"part_type": "assignment", "body": None, "author": {"type": "bot"}},
        ]},
    },
    "Freshdesk": {
        "description_text": U, "conversations": [{"body_text": A, "incoming": False}],
    },
    "labelled text": {"transcript": f"User: {U}\nAgent: {A}"},
    "labelled prompt": {"conversation": f"\n\nHuman: {U}\n\nAssistant: {A}"},
    "bold labels": {"transcript": f"**Customer:** {U}\n**Bot:** {A}"},
    "newest first": {
        "object": "list",
        "data": [{**PLAIN[1], "created_at": 20}, {**PLAIN[0], "created_at": 10}],
    },
}  # fmt: skip


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("name", ["talks.jsonl", "talks.json"])
def test_the_messages_are_found_in_every_record(tmp_path: Path, record: Any, name: str) -> None:
    (transcript,) = read(lines(tmp_path, record, name=name))
    assert said(transcript) == [("user", U), ("assistant", A)]


ENVELOPES: dict[str, Any] = {
    "array": [{"id": "a", "messages": PLAIN}, {"id": "b", "messages": PLAIN}],
    "data": {"data": [{"id": "a", "messages": PLAIN}, {"id": "b", "messages": PLAIN}]},
    "tau2": {"timestamp": "x", "tasks": [{"id": "t"}], "simulations": [
        {"id": "a", "task_id": "t", "messages": PLAIN}, {"id": "b", "messages": PLAIN}]},
    "conversations": {"conversations": [
        {"id": "a", "messages": PLAIN}, {"id": "b", "messages": PLAIN}]},
    "deeper": {"result": {"items": [{"id": "a", "turns": PLAIN}, {"id": "b", "turns": PLAIN}]}},
    "by id": {"a": PLAIN, "b": PLAIN},
    "records by id": {"a": {"messages": PLAIN}, "b": {"messages": PLAIN}},
}  # fmt: skip


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_conversations_are_found_in_an_envelope(tmp_path: Path, envelope: Any) -> None:
    first, second = read(lines(tmp_path, envelope, name="talks.json"))
    assert (first.id, second.id) == ("a", "b")
    assert said(first) == said(second) == [("user", U), ("assistant", A)]


@pytest.mark.parametrize("separator", ["\n", "\n\n", ",\n", "\n\x1e", "\n\ufeff"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["talks.jsonl", "talks.json"])
def test_values_after_each_other_are_read(
    tmp_path: Path, separator: str, indent: int | None, name: str
) -> None:
    path = tmp_path / name
    records = [{"id": name, "messages": PLAIN} for name in "ab"]
    path.write_text(separator.join(json.dumps(r, indent=indent) for r in records), "utf-8")
    assert [(t.id, said(t)[1][1]) for t in read(path)] == [("a", A), ("b", A)]


UNREADABLE: dict[str, tuple[Any, str]] = {
    "a number": (as_messages(42, A), "message 0 has 42 as its content; expected text"),
    "true": (as_messages(U, True), "message 1 has true as its content"),
    "an object": (as_messages({"answer": "yes"}, A), "without text; its fields are 'answer'"),
    "an unknown part": (as_messages(part(type="hologram", blob="x"), A), "unknown type 'hologram'"),
    "another role": ([{"role": "narrator", "content": U}], "'narrator'.*--user-role"),
    "no role": ([{"content": U}], "message 0 does not say whose it is; its fields are 'content'"),
    "no content": ([{"role": "user", "name": "x"}], "no content; its fields are 'role', 'name'"),
    "pairs": ([[U, A]], "message 0 is a list"),
    "texts": ([U, A], "message 0 is text"),
}  # fmt: skip


@pytest.mark.parametrize(("messages", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unknown_shape_is_named_and_never_made_up(
    tmp_path: Path, messages: Any, reason: str
) -> None:
    (transcript,) = read(lines(tmp_path, {"messages": messages}))
    result = check_transcript(transcript)
    assert not result.is_valid
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(result.violations[0].detail)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"chosen": PLAIN, "rejected": PLAIN}, "may have its messages in 'chosen', 'rejected'"),
        ({"role": "user", "content": U}, "is one message and not a conversation"),
        ({"id": "a", "title": "x"}, "its fields are 'id', 'title'; name the field"),
        ({"prompt": {"text": U, "role": "user", "replies": PLAIN}}, "has no list of messages"),
        ({"messages": PLAIN[:1], "output": {"blob": 1}}, "has a reply in 'output' in a shape"),
        ({"response": {"body": {"choices": [{"message": PLAIN[1]}]}}}, "without the messages"),
        ({"conversation_id": "c", "query": U, "answer": A}, "one exchange of the conversation"),
        (
            {
                "attributes.llm.input_messages": PLAIN[:1],
                "attributes.llm.output_messages": PLAIN[1:],
            },
            "may have its messages in",
        ),
        ({"messages": f"<|im_start|>user\n{U}<|im_end|>"}, "a model's chat template"),
        ({"messages": f"[HumanMessage(content='{U}')]"}, "what Python prints for objects"),
        (
            {"messages": [{"role": "user", "content": "[{'type': 'text', 'text': nan}]"}]},
            "message 0 has parts of content written as text, which is not JSON",
        ),
        ({"messages": [{"speaker": 0, "transcript": U}]}, "the role '0'.*--user-role"),
        (
            {"messages": [{"role": "assistant", "content": None, "parsed": {"answer": A}}]},
            "message 0 has content without text; its fields are 'answer'",
        ),
        ({"transcript": f"Ann: {U}\nShop: {A}"}, "is not JSON"),
    ],
)
def test_a_record_without_one_conversation_says_what_it_has(
    tmp_path: Path, record: Any, reason: str
) -> None:
    (transcript,) = read(lines(tmp_path, record))
    assert re.search(reason, str(transcript.unreadable))


def test_a_reply_may_hold_a_name_with_a_colon(tmp_path: Path) -> None:
    text = f"User: {U}\nAgent: Ask here:\nSupport: 24 hours\nUser: Thanks."
    (transcript,) = read(lines(tmp_path, {"transcript": text}))
    assert said(transcript)[1] == ("assistant", "Ask here:\nSupport: 24 hours")


def test_turns_with_both_sides_are_one_conversation(tmp_path: Path) -> None:
    turns = [{"question": U, "answer": A}, {"question": "And when?", "answer": "Soon."}]
    (transcript,) = read(lines(tmp_path, {"turns": turns}))
    assert [text for _, text in said(transcript)] == [U, A, "And when?", "Soon."]


def test_a_later_exchange_follows_the_history(tmp_path: Path) -> None:
    record = {"chat_history": MESSAGES["Cohere"], "message": "Thanks.", "text": "Bye."}
    (transcript,) = read(lines(tmp_path, record))
    assert said(transcript)[2:] == [("user", "Thanks."), ("assistant", "Bye.")]


def test_fields_and_roles_can_be_named(tmp_path: Path) -> None:
    talk = [{"role": "Kunde", "content": U}, {"role": "system", "content": A}]
    path = lines(tmp_path, {"chosen": talk, "rejected": PLAIN})
    names = TranscriptNames("chosen", frozenset(["Kunde"]), frozenset(["system"]))
    (transcript,) = read(path, names)
    assert said(transcript) == [("user", U), ("assistant", A)]
    (missing,) = read(path, TranscriptNames("picked"))
    assert "picked is missing; the fields are 'chosen', 'rejected'" in str(missing.unreadable)


def test_a_user_with_tools_of_its_own_speaks_once(tmp_path: Path) -> None:
    messages = [
        {"role": "assistant", "content": "What does it show?"},
        {"role": "user", "content": "One moment.", "tool_calls": [{"id": "c"}]},
        {"role": "tool", "content": "Airplane Mode", "requestor": "user"},
        {"role": "user", "content": "A plane."},
    ]
    (transcript,) = read(lines(tmp_path, {"messages": messages}))
    assert said(transcript)[1] == ("user", "One moment.\n\nA plane.")
    assert transcript.positions == (0, 1)


def test_a_picture_without_a_word_is_not_an_empty_message(tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
    file = {"type": "input_file", "file_id": "x"}
    messages = [*as_messages([picture, file], A), *as_messages([picture, part(text=U)[0]], A)]
    (transcript,) = read(lines(tmp_path, {"messages": messages}))
    assert [text for _, text in said(transcript)] == ["[image] [file]", A, U, A]


def test_conversations_with_one_id_can_be_distinguished(tmp_path: Path) -> None:
    path = lines(tmp_path, *[{"id": "x", "messages": PLAIN}] * 3)
    assert [t.id for t in read(path)] == ["x", f"x ({path}:2)", f"x ({path}:3)"]


CELL = json.dumps(PLAIN).replace('"', '""')


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f'id;messages\na;"{CELL}"\n'),
        ("a.csv", f'ID,Messages\na,"{CELL}"\n'),
        ("a.csv", f'id, messages\na, "{CELL}"\n'),
        ("a.csv", f'sep=;\nid;Chat History\na;"{CELL}"\n'),
        ("a.csv", f'id,messages,\na,"{CELL}",\n,,\n'),
        ("a.tsv", f'id\tmessages\na\t"{CELL}"\n'),
        ("a.csv", f'id,messages\na,"{PLAIN!r}"\n'),
        ("a.csv", f'\ufeffid,conversations\na,"{CELL}"\n'),
    ],
)
def test_tables_of_transcripts_are_read_as_seeds_are(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    assert [(t.id, said(t)) for t in read(path)] == [("a", [("user", U), ("assistant", A)])]


def test_what_numpy_prints_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("messages\n\"[{'role': 'user', 'content': 'a'}\n {'role': 'x'}]\"\n")
    (transcript,) = read(path)
    assert "looks like Python's own notation" in str(transcript.unreadable)


def test_times_of_any_kind_in_parquet_are_no_obstacle(tmp_path: Path) -> None:
    at = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "Mars/Olympus"))
    timed = [{"role": "user", "content": U, "at": datetime(2026, 1, 1)}, {**PLAIN[1], "at": None}]
    kind = pa.list_(
        pa.struct([("role", pa.string()), ("content", pa.string()), ("at", pa.timestamp("ns"))])
    )
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": at, "messages": pa.array([timed], kind)}), path)
    (transcript,) = read(path)
    assert transcript.id == "2023-11-14 22:13:20.123456789+00:00"
    assert said(transcript) == [("user", U), ("assistant", A)]


def test_maps_and_bytes_in_parquet_are_read(tmp_path: Path) -> None:
    of_maps = pa.array(
        [[[("role", "user"), ("content", U)], [("role", "ai"), ("content", A)]]],
        pa.list_(pa.map_(pa.string(), pa.string())),
    )
    for column in (of_maps, pa.array([json.dumps(PLAIN).encode()])):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"messages": column}), path)
        assert said(read(path)[0]) == [("user", U), ("assistant", A)]


def test_a_log_of_one_message_a_row_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"conversation_id,author,body\n1,user,{U}\n")
    with pytest.raises(UsageError, match="holds one message a row"):
        read(path)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
STYLES = st.sampled_from(
    [
        lambda role, text: {"role": role, "content": text},
        lambda role, text: {"role": role.upper(), "text": text},
        lambda role, text: {"role": role, "content": [{"type": "text", "text": text}]},
        lambda role, text: {"role": role, "content": [{"type": "text", "text": {"value": text}}]},
        lambda role, text: {"role": role, "parts": [{"text": text}]},
        lambda role, text: {"role": role, "content": {"type": "STRING", "value": text}},
        lambda role, text: {"from": {"user": "human"}.get(role, "gpt"), "value": text},
        lambda role, text: {"type": {"user": "human"}.get(role, "ai"), "data": {"content": text}},
        lambda role, text: {"author": {"role": role}, "content": {"parts": [text]}},
    ]
)
WRAPPINGS = st.sampled_from(
    [
        lambda messages: {"messages": messages},
        lambda messages: {"conversations": messages},
        lambda messages: {"data": {"messages": messages}},
        lambda messages: {"whatever": messages, "id": "a"},
        lambda messages: {"messages": json.dumps(messages)},
        lambda messages: messages,
    ]
)


@given(texts=st.lists(TEXT, min_size=1, max_size=5), style=STYLES, wrapping=WRAPPINGS)
def test_every_word_is_read_from_every_style(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], style: Any, wrapping: Any
) -> None:
    roles = ["user", "assistant"] * len(texts)
    messages = [style(role, text) for role, text in zip(roles, texts, strict=False)]
    path = lines(tmp_path_factory.mktemp("talk"), wrapping(messages))
    (transcript,) = read(path)
    assert [text for _, text in said(transcript)] == texts


NAMED = st.sampled_from(("user", "assistant", "User", "human", "system", "tool", "Anna", "", None))
SPOKEN = (
    st.text(max_size=8)
    | st.sampled_from(("", " ", "[{'type': 'text', 'text': 'Hi'}]", "[{'type': 1}", "\ud800", "Hi"))
    | st.none()
    | st.just([{"type": "text", "text": "Hi"}])
    | st.just({"type": "STRING", "value": "Hi"})
)
OF_FEW_FIELDS = st.fixed_dictionaries(
    {"role": NAMED},
    optional={
        **dict.fromkeys(("text", "content"), SPOKEN),
        "from": NAMED,
        "latency_ms": st.none() | st.integers(),
        "tool_calls": st.just([{"id": 1}]),
        "type": st.sampled_from(("message", "typing", "function_call")),
    },
)


@given(OF_FEW_FIELDS)
@example({"role": "user", "text": "[{'type': 'text', 'text': 'Hi'}]"})
def test_a_plain_message_is_read_as_any_other(message: dict[str, Any]) -> None:
    plain = _plain(message, TranscriptNames())
    assert plain is None or plain == _any(message, 0, TranscriptNames())


@pytest.mark.parametrize("field", ["text", "content"])
def test_a_message_of_role_and_text_is_plain(field: str) -> None:
    message = {"role": "user", field: "Hi", "latency_ms": 3}
    assert _plain(message, TranscriptNames()) == (Role.USER, "Hi", None, False)
