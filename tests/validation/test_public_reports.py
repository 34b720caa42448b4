"""What public bug reports did to other tools: each a file, and what Duologue makes of it.

The inputs are invented look-alikes. `Report.source` names the repository and the issue or pull
request that describes the kind of file.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import UsageError
from duologue.seeds import read_seeds
from duologue.validation.transcripts import check_transcript, read_transcripts

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:91125602f7\nsize 1037962819\n"
BOM = "\ufeff"


@dataclass(frozen=True)
class Report:
    """A file that someone had trouble with."""

    source: str
    kind: str
    content: str
    outcome: list[str] | str
    """The messages read, or a part of the sentence that refuses the file."""
    name: str = "seeds.csv"


ASK = "may be a header or a first message"

SEED_FILES = [
    # Delimiters and headers.
    Report("mholt/PapaParse#600", "commas inside the header of a semicolon file",
           "SKU (leave empty, if changed);Question\n1;Where is it?\n2;Who, me?\n",
           ["Where is it?", "Who, me?"]),
    Report("mholt/PapaParse#290", "semicolons, decimal commas, no header",
           "08/01/2016;A;-21.419,06\n12/01/2016;A;-21.375,00\n15/01/2016;A;-116\n", ASK),
    Report("mholt/PapaParse#1042", "two semicolon columns and an empty third line",
           "feedback_event;feedback_time\nverified;1708657810\n\n", ASK),
    Report("mechatroner/vscode_rainbow_csv#134", "one comma in every semicolon row",
           "when;message\nApril 15, 2023;Where is it?\nApril 14, 2023;Who?\n",
           ["Where is it?", "Who?"]),
    Report("vincentlaucsb/csv-parser#140", "semicolons inside the cells of a comma file",
           "name,message,values\nalgorithm,One; two; three?,a\nthreads,Four?,1;2\n",
           ["One; two; three?", "Four?"]),
    Report("uniVocity/univocity-parsers#178", "pipes and no header", "a|b|c\nd|e|f\n", ASK),
    Report("dathere/datapusher-plus#256", "semicolons and an unknown header",
           "date;temperature;place\n2011-01-01;1;Galway\n2011-01-02;-1;Galway\n", ASK),
    Report("dathere/datapusher-plus#278", "tabs in a file named .csv",
           "message\tplan\nDo you ship, please?\tbasic\n", ["Do you ship, please?"]),
    Report("jakob/TableTool#34", "an unknown semicolon header of two words",
           "Duration;Phase\n6:30;First developer\n1:00;Wash 1\n", ASK),
    Report("dataculturegroup/DataBasic#193", "semicolons from Excel in Europe",
           "question;answer\nWhere?;Here, of course\n", ["Where?"]),
    Report("roskakori/cutplace#8", "a sep= line above semicolons",
           "sep=;\nid;question\n1;Where?\n", ["Where?"]),
    # Rows.
    Report("deephaven/deephaven-core#1800", "a delimiter after the last column",
           "message|B|C|\nWhere?|2|3|\n", ["Where?"]),
    Report("ckan/ckanext-xloader PR 287", "rows padded with empty cells beyond the header",
           "message,plan\nWhere?,basic,,,,\nWho?,pro,,,,\n", ["Where?", "Who?"]),
    Report("dataculturegroup/DataBasic#176", "a comma after every row, header included",
           "message,\nWhere?,\nWho?,\n", ["Where?", "Who?"]),
    Report("planetfederal/geoserver-exts#13", "empty rows after the last one",
           "message,plan\nWhere?,basic\n,\n,\n", ["Where?"]),
    Report("benwbrum/fromthepage#2273", "more blank cells in the rows than in the header",
           'message,plan\n"Where?",a,"","",""\n', ["Where?"]),
    Report("JuliaData/CSV.jl#120", "a title above the header",
           "Export of 11/16/2017\nmessage,plan\nWhere?,a\n", "header seems to be on line 2"),
    # Encodings.
    Report("pandas-dev/pandas#4793", "a byte order mark before a quoted header",
           f'{BOM}"message","plan"\n"Where?","a"\n', ["Where?"]),
    Report("C2FO/fast-csv#131", "a byte order mark before a plain header",
           f"{BOM}message,plan\nWhere?,a\n", ["Where?"]),
    Report("wireservice/csvkit#662", "files with marks joined into one",
           f"{BOM}{BOM}message,plan\nWhere?,a\n{BOM}message,plan\nWho?,b\n", ["Where?", "Who?"]),
    # Something else.
    Report("git-lfs/git-lfs#3598", "a Git LFS pointer", LFS, "is a Git LFS pointer"),
    Report("git-lfs/git-lfs#1608", "a Git LFS pointer with a merge conflict",
           LFS.replace("oid", "<<<<<<< Updated upstream\noid", 1), "is a Git LFS pointer"),
    Report("ai-dynamo/aiconfigurator PR 938", "a Git LFS pointer where a table is loaded",
           LFS, "is a Git LFS pointer", "seeds.tsv"),
    Report("perslab/CELLECT#57", "a Git LFS pointer named .parquet", LFS, "is a Git LFS pointer",
           "seeds.parquet"),
    Report("greenpeace/planet4-plugin-gutenberg-blocks PR 438", "a login page for a Google Sheet",
           "<!DOCTYPE html><html><head><title>Sign in</title></head></html>", "is an HTML page"),
    Report("mjordan/islandora_workbench#797", "the sheet's page instead of its CSV",
           "\n\n<html lang=en><body>", "is an HTML page"),
    Report("thesofakillers/aideml#1", "JSON lines named .json",
           '{"text": "a?"}\n{"text": "b?"}\n', "looks like JSON lines", "seeds.json"),
    Report("prettier/prettier#9364", "a JSON object over several lines named .jsonl",
           '{\n"text": "a?"\n}\n', "one JSON object over several lines", "seeds.jsonl"),
    Report("openai/evals PR 259", "a broken line in the middle of JSON lines",
           '{"text": "a?"}\n{"text": "b?"\n{"text": "c?"}\n', ["a?", "c?"], "seeds.jsonl"),
    Report("federomero/pretty-json#65", "JSON lines named .csv",
           '{"message": "a?"}\n{"message": "b?"}\n', "looks like JSON lines"),
    # Numbers.
    Report("rails/rails#38696", "a zero at the end of a JSON number",
           '{"text": "a?", "value": 1.420}', ["a? 1.420"], "seeds.jsonl"),
    Report("eclipse-archived/ceylon-sdk#631", "a zero after the point of a JSON number",
           '{"text": "a?", "value": 1.01}', ["a? 1.01"], "seeds.jsonl"),
    Report("byzer-org/byzer-notebook-vue PR 219", "a JSON number of twenty digits",
           '{"text": "a?", "value": 12345678901234567891}', ["a? 12345678901234567891"],
           "seeds.jsonl"),
    Report("Ivan-Korolenko/json-with-bigint#5", "a JSON number of seventeen decimals",
           '{"text": "a?", "value": 0.46153846153846156}', ["a? 0.46153846153846156"],
           "seeds.jsonl"),
]  # fmt: skip


@pytest.mark.parametrize("report", SEED_FILES, ids=lambda report: report.source)
def test_seed_files(tmp_path: Path, report: Report) -> None:
    path = tmp_path / report.name
    path.write_text(report.content, "utf-8", newline="")
    if isinstance(report.outcome, str):
        with pytest.raises(UsageError) as caught:
            read_seeds(str(path))
        assert report.outcome in str(caught.value)
        return
    seeds = read_seeds(str(path)).seeds
    shown = [" ".join(filter(None, (s.message, s.context.get("value")))) for s in seeds]
    assert shown == report.outcome


def talk(*messages: dict[str, Any]) -> str:
    return json.dumps({"messages": messages})


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


TEXT_A = [{"type": "text", "text": "a?"}]

TRANSCRIPTS = [
    Report("NVIDIA-NeMo/Automodel PR 2375", "ShareGPT's names under `conversations`",
           json.dumps({"conversations": [{"from": "human", "value": "a?"},
                                         {"from": "gpt", "value": "b."}]}), ["a?", "b."]),
    Report("axolotl-ai-cloud/axolotl#1308", "OpenAI's names under `conversations`",
           json.dumps({"conversations": [user("a?"), assistant("b.")]}), ["a?", "b."]),
    Report("unslothai/unsloth#321", "a list of lists of ShareGPT's messages",
           json.dumps([[{"from": "human", "value": "a?"}, {"from": "gpt", "value": "b."}]]),
           ["a?", "b."], "talks.json"),
    Report("taprosoft/llm_finetuning#2", "pretty-printed, in a file named .jsonl",
           json.dumps({"conversations": [{"from": "human", "value": "a?"}]}, indent=2), ["a?"]),
    Report("huggingface/smol-course#260", "two user messages in a row",
           talk(user("a?"), assistant("b."), user("c."), user("d.")), "USER speaks twice"),
    Report("aws-observability/aws-otel-python-instrumentation PR 805", "parts shown as a repr",
           talk(user(TEXT_A), assistant([{"type": "reasoning", "text": "x"},
                                         {"type": "text", "text": "b."}])), ["a?", "b."]),
    Report("epam/ai-dial-analytics-realtime#81", "parts where text was expected",
           talk(user(TEXT_A), assistant("b.")), ["a?", "b."]),
    Report("Neroued/ninfer PR 57", "a tool's result in parts",
           talk(user("a?"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": TEXT_A}, assistant("b.")), ["a?", "b."]),
    Report("thinking-machines-lab/tinker-cookbook PR 238", "thinking as a part of the content",
           talk(user("a?"), assistant([{"type": "thinking", "thinking": "x"},
                                       {"type": "text", "text": "b."}])), ["a?", "b."]),
    Report("vllm-project/vllm PR 41822", "an empty thinking part",
           talk(user("a?"), assistant([{"type": "thinking", "thinking": ""},
                                       {"type": "text", "text": "b."}])), ["a?", "b."]),
    Report("langchain-ai/langchainjs PR 8002", "text and a tool call in one message",
           talk(user("a?"), {**assistant("One moment."), "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": "x"}, assistant("b.")),
           ["a?", "One moment.\n\nb."]),
    Report("langchain-ai/langchain PR 6827", "LangChain's serialised messages",
           talk(*[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", name],
                   "kwargs": {"content": text}}
                  for name, text in (("HumanMessage", "a?"), ("AIMessage", "b."))]), ["a?", "b."]),
    Report("langchain-ai/langchain PR 24626", "a tool message that holds an object",
           talk(user("a?"), {"type": "tool", "content": {"x": 1}}, assistant("b.")), ["a?", "b."]),
    Report("vercel/ai PR 5422", "messages with parts and no content",
           talk({"role": "user", "parts": TEXT_A}, assistant("b.")), ["a?", "b."]),
    Report("vercel/ai#6795", "tool parts of a stream",
           talk(user("a?"), {"role": "assistant", "parts": [
               {"type": "tool-input-start", "toolName": "x"},
               {"type": "tool-output-available", "output": {}},
               {"type": "text", "text": "b."}]}), ["a?", "b."]),
    Report("mastra-ai/mastra#7300", "content that holds parts and invocations",
           talk(user("a?"), assistant({"toolInvocations": [{}], "parts": [], "content": "b."})),
           ["a?", "b."]),
    Report("thinking-machines-lab/tinker-cookbook PR 353", "calls in a field of their own",
           talk(user("a?"), {**assistant(""), "tool_calls": [{}], "unparsed_tool_calls": []},
                {"role": "tool", "content": "x"}, assistant("b.")), ["a?", "b."]),
    Report("pipeshub-ai/pipeshub-ai PR 2918", "a list that mixes texts and parts",
           talk(user(["a?", {"type": "image_url", "image_url": {"url": "x"}}]), assistant("b.")),
           ["a?", "b."]),
]  # fmt: skip


@pytest.mark.parametrize("report", TRANSCRIPTS, ids=lambda report: report.source)
def test_transcripts(tmp_path: Path, report: Report) -> None:
    path = tmp_path / (report.name if report.name != "seeds.csv" else "talks.jsonl")
    path.write_text(report.content, "utf-8")
    (transcript,) = read_transcripts(str(path))
    result = check_transcript(transcript)
    if isinstance(report.outcome, str):
        assert report.outcome in " ".join(violation.detail for violation in result.violations)
        return
    assert transcript.unreadable is None
    assert [message.text for message in transcript.messages] == report.outcome


def test_every_report_is_another_one() -> None:
    sources = [report.source for report in (*SEED_FILES, *TRANSCRIPTS)]
    assert len(set(sources)) == len(sources) >= 40
