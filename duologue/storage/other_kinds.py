"""Recognises text files that are plainly not the expected data."""

import json
import re
from collections.abc import Sequence

from duologue.errors import UsageError

LINES_LOOKED_AT = 50

_GIT_LFS = re.compile(r"version https://git-lfs\.github\.com/spec/|version https://hawser\.")
_POINTER = re.compile(r"# xet version |(?:\.\./)*(?:\.git)?/annex/objects/\S+\s*$|outs:\s*\n- md5:")
_TAG = "html|head|body|title|script|meta|link|style"
# One tag alone may be what a message asks about.
_HTML = re.compile(
    rf"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|(?:{_TAG})\b[^>]*>.*?</?(?:{_TAG})\b)",
    re.I | re.S,
)
_XML = re.compile(
    r"\s*<(?:\?xml\b|!DOCTYPE\b|Error>|rss\b|feed\b|svg\b|soap:|[\w:]+ xmlns"
    r"|[\w:.-]+(?:\s[^<>]*)?>\s*\n\s*<[\w!]|(?P<root>[\w:.-]+)(?:\s[^<>]*)?>.*</(?P=root)>\s*$)",
    re.S,
)
_HTTP_ERROR = re.compile(
    r"\s*(?:\d{3}:? ?)?(?:not found|forbidden|unauthorized|access denied|bad request|"
    r"(?:internal )?server error|too many requests|rate limit exceeded)\.?\s*",
    re.I,
)
_SQL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/;?)*(?:CREATE (?:TABLE|DATABASE)|INSERT INTO|DROP TABLE|"
    r"BEGIN TRANSACTION|LOCK TABLES|PRAGMA foreign_keys|SET \w+ ?=|COPY \w+[\w.]* ?\()"
    r".*?;[ \t]*\r?$",
    re.S | re.M,
)
_DUMP = re.compile(r"(?:--\s*)+(?:MySQL|MariaDB|PostgreSQL|SQLite)\b[^\n]*dump", re.I)
_DIFF = re.compile(r"diff --git |--- a/[^\n]*\n\+\+\+ b/|Index: [^\n]+\n=====|From [0-9a-f]{40} ")
_MAIL = re.compile(
    r"(?:From \S+@\S+ |(?:Return-Path|Received|MIME-Version|Delivered-To): [^\n]*\n[A-Z][\w-]+: )"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----")
_CALENDAR = re.compile(r"BEGIN:V(?:CALENDAR|CARD)\b")
_SCRIPT = re.compile(
    r"#!/|<\?php\b|(?:import [\w.]+(?: as \w+)?|from [\w.]+ import [\w, *]+|#include [<\"].*)\r?\n"
)
_LATEX = re.compile(r"\\(?:begin|documentclass|usepackage)\b[\[{]|@\w+\{[\w:.-]+,\s*$", re.M)
_TRANSLATIONS = re.compile(r"(?:#[^\n]*\n)*msgid \"")
_PDF = re.compile(r"%PDF-\d")
_RTF = re.compile(r"\{\\rtf\d")
_SUBTITLES = re.compile(r"WEBVTT\b|1\r?\n\d\d:\d\d:\d\d[,.]\d{3} --> ")
_ARFF = re.compile(r"(?:%[^\n]*\n)*@relation\b", re.I)
_NOTEBOOK = re.compile(r'\s*\{\s*"(?:cells|nbformat)"')

_BY_START = (
    (_GIT_LFS, "is a Git LFS pointer, not the file it stands for; fetch that with: git lfs pull"),
    (
        _POINTER,
        "is a pointer to data kept elsewhere (git-annex, DVC or Xet), not the data; fetch the "
        "file with the tool that made it",
    ),
    (
        _HTML,
        "is an HTML page, perhaps a login page or the page that shows the file; use the address "
        "of the raw file, or download it first",
    ),
    (_XML, "is XML, perhaps an error message of the storage; check the address, or save it as CSV"),
    (_PDF, "is a PDF; save its text as CSV (UTF-8)"),
    (_RTF, "is RTF, as word processors save it; save it as plain text, CSV (UTF-8)"),
    (_SQL, "is SQL; export the table as CSV (UTF-8)"),
    (_DUMP, "is SQL; export the table as CSV (UTF-8)"),
    (_DIFF, "is a diff, not the file it changes; check the path"),
    (_MAIL, "is an e-mail; save its attachment, or the messages as CSV (UTF-8)"),
    (_PEM, "is an encoded key or an encrypted text; check the path"),
    (_CALENDAR, "is a calendar or a contact; check the path"),
    (_SCRIPT, "is a script; check the path"),
    (_SUBTITLES, "is a file of subtitles; save the messages as CSV (UTF-8)"),
    (_LATEX, "is LaTeX or BibTeX; save the messages as CSV (UTF-8)"),
    (_TRANSLATIONS, "is a gettext file; save the messages as CSV (UTF-8)"),
    (_ARFF, "is an ARFF file; save it as CSV (UTF-8)"),
    (_NOTEBOOK, "is a Jupyter notebook; export the messages as CSV (UTF-8)"),
)

_RULE_LINE = re.compile(r"\s*[|+]?(?:\s*:?[-=]{3,}:?\s*[|+]?)+\s*")
_YAML_KEY = re.compile(r"\s*(?:- )?[\w\"'-][\w \"'./-]{0,40}:(?:\s.*)?")
_YAML_ITEM = re.compile(r"\s*- \s*[\w\"'-][\w \"'./-]{0,40}:(?:\s.*)?")
_YAML_PARENT = re.compile(r"[a-z][\w-]*:\s*")
_YAML_FIELD = re.compile(r"([a-z][\w-]*):\s.*")
_BULLET = re.compile(r"\s*(?:[-*+\u2022]|\d{1,3}[.)])\s+\S.*")
_INI_SECTION = re.compile(r"\s*\[{1,2}[\w. \"-]+\]{1,2}\s*")
_INI_KEY = re.compile(r"\s*[\w.\"-]+\s*=.*")
_SETTING = re.compile(r"\s*[\w.-]+\s*=\s*\S.*")
_LABELLED = re.compile(r"__label__\S+ .*|\S+[ \t](?:O|[BIES]-[\w-]+)")
_DATE = r"(?:\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?:\s?[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d\d:?\d\d)?"
_TIMED = re.compile(
    rf"\W?(?:{_DATE}(?:T|,? ){_CLOCK}|\[{_CLOCK})(?:\]\s*|\s+)(?:- )?[^\s,;|\t\d\W].*"
    r"|.* \[\d{2}/\w{3}/\d{4}:\d\d:.*"
)
"""A line of a log or of a chat's export: a time, and then what happened."""
_BY_USER = re.compile(r"\s*[\"'*]*(?:user|human|customer|client|you|q)[\"'*]*\s*:.*", re.I)
_BY_BOT = re.compile(
    r"\s*[\"'*]*(?:assistant|ai|bot|chatbot|agent|gpt|chatgpt|system|a)[\"'*]*\s*:.*", re.I
)
_MERGE_MARKER = re.compile(r"(?:<{7}|>{7})(?: \S.*)?")


def check_is_data(text: str, file: str) -> None:
    """Refuses what is no data file of any kind: pointers, web pages, code, mail.

    Raises:
        UsageError: names what it is and what to do.
    """
    start = text[:20_000].lstrip("\ufeff")
    for pattern, what in _BY_START:
        if pattern.match(start.lstrip()):
            raise UsageError(f"{file}: {what}")
    check_is_no_error(text, file)


def check_is_no_error(text: str, file: str) -> None:
    """Refuses text, or the only message of a file, that a server sent instead of the file.

    Raises:
        UsageError: it is such an error message.
    """
    if _HTTP_ERROR.fullmatch(text[:200]) and len(text) < 200 and "\n" not in text.strip():
        raise UsageError(f"{file}: is a server's error message, not the file; check the address")


def check_is_table(text: str, file: str, json_remedy: str) -> None:
    """Refuses text of another structure than a table's: JSON, YAML, Markdown, INI.

    Args:
        text: what the file holds.
        file: its name, for messages.
        json_remedy: what to do with JSON; `{}` in it is where the suffix belongs.

    Raises:
        UsageError: names what it is and what to do.
    """
    lines = [line for line in text[:200_000].splitlines() if line.strip()][:LINES_LOOKED_AT]
    if not lines:
        return
    if kind := _json_kind(text, lines):
        what = "JSON lines" if kind == "jsonl" else "JSON"
        raise UsageError(f"{file}: looks like {what}; {json_remedy.format('.' + kind, kind)}")
    if structure := _other_structure(lines):
        raise UsageError(f"{file}: {structure}")


def _is_yaml(lines: Sequence[str]) -> bool:
    if lines[0].strip() == "---" or lines[0].startswith("%YAML"):
        return True
    is_nested = any(_YAML_ITEM.fullmatch(line) or _YAML_PARENT.fullmatch(line) for line in lines)
    names = [match[1] for line in lines if (match := _YAML_FIELD.fullmatch(line))]
    if len(names) == len(lines) and len(set(names)) > 1:
        return True
    # A parent, such as `seeds:`, has what belongs to it below, indented or as a list.
    return is_nested and all(
        line.startswith((" ", "\t", "- ", "#")) or _YAML_KEY.fullmatch(line) for line in lines
    )


def is_conflict(first_cells: Sequence[str]) -> bool:
    """Checks for a marker of an unresolved merge: nobody starts a message with one."""
    return any(_MERGE_MARKER.fullmatch(text.strip()) for text in first_cells)


CONFLICT_FAULT = (
    "holds the marks of a merge that was never finished (`<<<<<<<`, `>>>>>>>`); choose a side, "
    "and save the file again"
)


def _json_kind(text: str, lines: Sequence[str]) -> str | None:
    opening = text.lstrip()[:1]
    if opening not in ("{", "["):
        return None
    if all(_is_json(line) or _is_object_like(line) for line in lines):
        return "jsonl" if opening == "{" else "json"
    if _is_json(text):
        return "json"
    # Pretty-printed and cut off, or one after the other.
    inside = [line.strip() for line in lines]
    if inside[0] in ("{", "[") and len(inside) > 1 and inside[1][:1] in ('"', "{", "["):
        return "json"
    return None


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text.strip().rstrip(",")), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_object_like(line: str) -> bool:
    line = line.strip().rstrip(",")
    return bool(re.match(r"\{\s*['\"]?\w[\w ]*['\"]?\s*:", line)) and line.endswith("}")


def _other_structure(lines: Sequence[str]) -> str | None:
    if len(lines) < 2:
        return None
    is_ruled = bool(_RULE_LINE.fullmatch(lines[0]))
    is_boxed = is_ruled and "+" in lines[0] and "|" in lines[1]
    is_underlined = is_ruled and len(lines) > 2 and bool(_RULE_LINE.fullmatch(lines[2]))
    if _RULE_LINE.fullmatch(lines[1]) or is_boxed or is_underlined:
        return "is a table as Markdown or a terminal draws it; save it as CSV (UTF-8)"
    if _is_yaml(lines):
        return "looks like YAML; save it as CSV or JSON lines, one first user message a row"
    if all(_BULLET.fullmatch(line) for line in lines):
        return "is a list with a mark before every line; take the marks out"
    by_user, by_bot = (sum(map(bool, map(one.fullmatch, lines))) for one in (_BY_USER, _BY_BOT))
    if by_user and by_bot and by_user + by_bot > len(lines) / 2:
        return (
            "is a transcript with a speaker before each message, so replies would become first "
            "user messages; save the first message of each conversation as CSV (UTF-8)"
        )
    if sum(bool(_TIMED.fullmatch(line)) for line in lines) >= max(2, len(lines) / 3):
        return (
            "is a log or a chat's export, with a time in its lines; save the first message of each "
            "conversation as CSV (UTF-8)"
        )
    if all(_SETTING.fullmatch(line) for line in lines):
        return "is a list of names and values (`NAME = VALUE`); save the messages as CSV (UTF-8)"
    if all(_LABELLED.fullmatch(line) for line in lines):
        return "has a label in every line, for training; save the messages as CSV (UTF-8)"
    if _INI_SECTION.fullmatch(lines[0]) and any(_INI_KEY.fullmatch(line) for line in lines[1:]):
        return "looks like TOML or INI; save it as CSV or JSON lines"
    return None
