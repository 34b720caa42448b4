import json
from pathlib import Path

import pytest

from duologue.validation.corpus import without_stop_token
from duologue.validation.transcripts import read_transcripts


def transcripts_file(folder: Path, last: list[str]) -> str:
    path = folder / "transcripts.jsonl"
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"Where is order {number}?"},
                {"role": "assistant", "content": "On its way."},
                {"role": "user", "content": text},
            ]
        }
        for number, text in enumerate(last)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


@pytest.mark.parametrize("token", ["###STOP###", "TERMINATE", "<|end|>", "[DONE]"])
def test_a_stop_token_that_a_file_uses_regularly_is_cut(tmp_path: Path, token: str) -> None:
    last = [f"Thanks! {token}", token, f"Bye {token}", "And when?"]
    path = transcripts_file(tmp_path, last)
    transcripts, note = without_stop_token(read_transcripts(path))
    texts = [transcript.messages[-1].text for transcript in transcripts]
    assert texts == ["Thanks!", "On its way.", "Bye", "And when?"]
    assert note == f"3 of 4 conversations end with the stop token {token}, which was cut"


def test_a_command_to_leave_is_cut_where_it_is_the_whole_message(tmp_path: Path) -> None:
    path = transcripts_file(tmp_path, ["exit", "exit", "Where is the exit?", "exit"])
    transcripts, note = without_stop_token(read_transcripts(path))
    texts = [transcript.messages[-1].text for transcript in transcripts]
    assert texts == ["On its way.", "On its way.", "Where is the exit?", "On its way."]
    assert note == "3 of 4 conversations end with the stop token exit, which was cut"


def test_a_stop_token_here_and_there_stays(tmp_path: Path) -> None:
    path = transcripts_file(tmp_path, ["Thanks ###STOP###", "Bye", "When?", "###STOP###"])
    transcripts, note = without_stop_token(read_transcripts(path))
    assert (note, transcripts[0].messages[-1].text) == ("", "Thanks ###STOP###")
