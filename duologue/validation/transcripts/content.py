"""The text of a message, in whatever parts a library puts it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duologue.seeds.columns import listed
from duologue.validation.transcripts.names import kind_of

DEEPEST = 12

# The types of parts, by what is in them. OpenAI, Anthropic, Gemini, Bedrock, Vellum and Vercel each
# have their own, and add to them.
TOOL_KIND = re.compile(
    r"tool|function|_call\b|_call_output|execution_output|executable_code|code_execution|computer_|"
    r"approval|mcp_"
)
SILENT_KIND = re.compile(
    r"thinking|thought|reasoning|step-|step_|source|citation|annotation|data-|signature|"
    r"editable_context|compaction|usage|metadata|system-prompt"
)
_MEDIA = re.compile(
    r"(image|audio|video|document|file|sticker|location|attachment|pdf|voice|photo|media)"
)
_VALUE = re.compile(r"json|number|boolean")

_TOOL_FIELDS = frozenset(
    [
        "functioncall", "functionresponse", "tooluse", "toolresult", "executablecode",
        "codeexecutionresult", "toolcall", "toolresponse",
    ]
)  # fmt: skip
_KIND_FIELDS = ("type", "content_type", "part_kind", "block_type")
_MEDIA_FIELDS = {
    "inlinedata": "file", "filedata": "file", "image": "image", "imageurl": "image",
    "audio": "audio", "inputaudio": "audio", "video": "video", "document": "document",
    "file": "file",
}  # fmt: skip
_SILENT_FIELDS = frozenset(["reasoningcontent", "cachepoint", "thoughtsignature"])
_TEXT_FIELDS = (
    *("text", "value", "content", "parts", "refusal", "transcript", "output_text"),
    *("guardContent", "payload", "message", "body"),
)


@dataclass(slots=True)
class Content:
    """What a message holds."""

    texts: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    """What kind of thing each picture, recording or file is."""
    has_tools: bool = False
    """Whether there is a tool's call or result among it."""

    @property
    def text(self) -> str:
        """All text, or else a word for each thing that was sent without any."""
        said = "\n".join(self.texts)
        return said if said.strip() or not self.media else " ".join(f"[{m}]" for m in self.media)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be read in it."""
        return not self.text.strip()

    def add(self, value: Any, depth: int = 0) -> "Content":
        """Takes in text, a part, or a list of parts.

        Raises:
            ValueError: it has a shape that is not known.
        """
        if depth > DEEPEST:
            raise ValueError("nests its content too deeply")
        if isinstance(value, str):
            self.texts.append(value)
        elif isinstance(value, list | tuple):
            for part in value:
                self.add(part, depth + 1)
        elif isinstance(value, Mapping):
            self._add_part(value, depth)
        elif value is not None:
            raise ValueError(f"has {kind_of(value)} as its content; expected text")
        return self

    def _add_part(self, part: Mapping[str, Any], depth: int) -> None:
        part = in_lower_case(part)
        kind = next((str(part[name]).lower() for name in _KIND_FIELDS if part.get(name)), "")
        plain = {str(name).lower().replace("_", "") for name, value in part.items() if value}
        if SILENT_KIND.search(kind) or part.get("thought") is True or plain & _SILENT_FIELDS:
            return
        if TOOL_KIND.search(kind) or plain & _TOOL_FIELDS:
            self.has_tools = True
            return
        if _VALUE.fullmatch(kind) and "value" in part:
            self.texts.append(json.dumps(part["value"], ensure_ascii=False, default=str))
            return
        media = _MEDIA.search(kind)
        spoken = _spoken(part)
        if spoken is not None and (media or "audio" in plain):
            self.texts.append(spoken)
        elif media or (not self._texts_of(part) and plain & _MEDIA_FIELDS.keys()):
            names = [_MEDIA_FIELDS[name] for name in sorted(plain & _MEDIA_FIELDS.keys())]
            self.media.append(media[1] if media else names[0])
        else:
            self._add_text(part, kind, depth)

    def _add_text(self, part: Mapping[str, Any], kind: str, depth: int) -> None:
        found = self._texts_of(part)
        if not found:
            what = f"of the unknown type {kind!r}" if kind else "without text"
            raise ValueError(
                f"has content {what}; its fields are {listed([str(name) for name in part])}"
            )
        filled = [value for value in found if not _is_blank(value)]
        self.add(next(iter(filled), ""), depth + 1)

    @staticmethod
    def _texts_of(part: Mapping[str, Any]) -> list[Any]:
        return [part[name] for name in _TEXT_FIELDS if name in part]


def in_lower_case(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns fields with names that begin in lower case and without `$`, as .NET writes them."""
    names = {name: str(name).lstrip("$") for name in fields}
    return {f"{plain[:1].lower()}{plain[1:]}": fields[name] for name, plain in names.items()}


def _spoken(part: Mapping[str, Any]) -> str | None:
    """Returns the words of a recording, where the part has them."""
    for inside in (part, part.get("audio"), part.get("input_audio")):
        if isinstance(inside, Mapping) and isinstance(inside.get("transcript"), str):
            return str(inside["transcript"])
    return None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str | list) and not value)
