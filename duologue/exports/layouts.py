"""How a next turn is laid out for each tool. The tools define the fields."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from duologue.exports.tools import Tool

Row = Mapping[str, Any]
Layout = Callable[[Row, dict[str, Any]], dict[str, Any] | None]
"""Lays out a row of `next_turns.parquet`, with what leads back to it as metadata. None if the tool
cannot use the row."""

_EXAMPLES = uuid.UUID("c3b8a4f5-0c4e-4bb5-9b39-3f0f5d2f7d10")
"""The namespace of LangSmith's ids: the same next turn has the same id whenever it is exported."""


def golden(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as DeepEval's ConversationalGolden, whose scenario may not be empty."""
    return {
        "name": row["next_turn_id"],
        "scenario": row["messages"][0]["content"],
        "turns": row["messages"],
        "expected_outcome": row["reference_reply"],
        "additional_metadata": metadata,
    }


def answered(layout: Layout) -> Layout:
    """Leaves out a next turn without a reference reply, for a tool that needs one."""
    return lambda row, metadata: None if row["reference_reply"] is None else layout(row, metadata)


@answered
def inspect_sample(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as Inspect's Sample."""
    return {
        "id": row["next_turn_id"],
        "input": row["messages"],
        "target": row["reference_reply"],
        "metadata": metadata,
    }


@answered
def langfuse_item(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as the arguments of Langfuse's `create_dataset_item`.

    An item with the same id is replaced, and ids are shared by all datasets of a project.
    """
    return {
        "id": f"{metadata['version']}-{row['next_turn_id']}",
        "input": {"messages": row["messages"]},
        "expected_output": _assistant(row["reference_reply"]),
        "metadata": metadata,
    }


@answered
def langsmith_example(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as LangSmith's example, with the keys of its chat datasets."""
    name = f"{metadata['dataset']} {metadata['version']} {row['next_turn_id']}"
    return {
        "id": str(uuid.uuid5(_EXAMPLES, name)),
        "inputs": {"messages": row["messages"]},
        "outputs": {"messages": [_assistant(row["reference_reply"])]},
        "metadata": metadata,
    }


@answered
def mlflow_record(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as MLflow's record. Its tags are texts; `expected_response` is what
    MLflow's own scorers compare with.
    """
    context = metadata.pop("context")
    return {
        "inputs": {"messages": row["messages"]},
        "expectations": {"expected_response": row["reference_reply"]},
        "tags": {name: str(value) for name, value in {**context, **metadata}.items()},
    }


@answered
def promptfoo_test(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as promptfoo's test case.

    A variable that is a string is taken for a template, and for a file to read or a script to run
    if it starts with `file://`. In lists and objects, the messages are safe from that.
    """
    return {
        "description": row["next_turn_id"],
        "vars": {
            "messages": row["messages"],
            "reference": _assistant(row["reference_reply"]),
        },
        "metadata": metadata,
    }


@answered
def chat(row: Row, metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a conversation out for fine-tuning: messages alone, the chatbot's reply last."""
    return {"messages": [*row["messages"], _assistant(row["reference_reply"])]}


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


LAYOUTS: Mapping[Tool, Layout] = {
    Tool.DEEPEVAL: golden,
    Tool.INSPECT: inspect_sample,
    Tool.LANGFUSE: langfuse_item,
    Tool.LANGSMITH: langsmith_example,
    Tool.MLFLOW: mlflow_record,
    Tool.PROMPTFOO: promptfoo_test,
    Tool.SFT: chat,
}
"""Of every tool that reads versions."""
WHOLE_CONVERSATIONS = frozenset({Tool.SFT})
"""Tools that get each conversation once, up to the chatbot's last reply."""
