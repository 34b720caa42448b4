"""JSON, and what Python prints instead of it."""

import ast
import json
import re
from typing import Any

_TEMPLATE = re.compile(r"<\|?(?:im_start|start_header_id|user|assistant|system)\|?>|\[INST\]")


def parsed(text: str) -> Any:
    """Parses JSON, or the list that Python's `repr` made, as pandas writes it to a CSV.

    Raises:
        ValueError: it is neither; says what it looks like.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"is not JSON ({error})"
    except RecursionError as error:
        raise ValueError("is JSON nested too deeply to be a conversation") from error
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"is not JSON that can be read ({error})") from error
    if not text.lstrip().startswith(("[{'", '[{"', "{'", "array([", "['", "[array(")):
        raise ValueError(reason + _other_kind(text))
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if "'" not in text:
            raise ValueError(reason) from None
        raise ValueError(
            f"{reason}; it looks like Python's own notation, as pandas writes a column of lists: "
            "write the lists with json.dumps, or the file as Parquet"
        ) from None
    return value


def _other_kind(text: str) -> str:
    if _TEMPLATE.search(text):
        return "; it is text in a model's chat template: save the messages before it is applied"
    if re.match(r"\s*\[?[A-Z]\w*\(", text):
        return "; it is what Python prints for objects: write their model_dump() as JSON"
    return ""
