"""The end marker, as language models write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.end_marker import split_end_marker

ALONE = (
    "[END]", "**[END]**", "[END].", '"[END]"', "`[END]`", "[end]", "[ END ]", "\\[END\\]",
    "[**END**]", "```\n[END]\n```", "** [END] **", "([END])", "- [END]", "[END]!", "【END】",
    "\u200b[END]\u200b", "___[END]___", "# [END]", "> [END]", "...[END]...", "『[END]』",
    "[END]*", "[END] [END]", "<b>[END]</b>", "“[END]”", "«[END]»", "'[END].'", "[END]\n\n",
    "\ufeff[END]", "| [END] |", "—[END]—", "~~[END]~~", "[\nEND\n]",
    "1. [END]", "[END](https://end.example)", "[END]<|im_end|>", "User: [END]", "[END]</s>",
)  # fmt: skip


@pytest.mark.parametrize("reply", ALONE)
def test_decoration_around_the_marker_is_not_speech(reply: str) -> None:
    assert split_end_marker(reply, "[END]") == ("", True)


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        ("Thanks! **[END]**", "Thanks!"),
        ("Thanks. [END].", "Thanks."),
        ('"Thanks! [END]"', '"Thanks!"'),
        ("**Thanks! [END]**", "**Thanks!**"),
        ("I'm done [END] thanks", "I'm done thanks"),
        ("[END] That is all.", "That is all."),
        ("Bye\n\n[END]", "Bye"),
        ("Bye.\n---\n[END]", "Bye."),
        ("Thanks! — [END]", "Thanks!"),
        ("Thank you.[END]", "Thank you."),
        ("It was 'hello' [END]", "It was 'hello'"),
        ("👍 [END]", "👍"),
        ("? [END]", "?"),
        ("20 [END]", "20"),
        ("Message: hello [END]", "Message: hello"),
        ("[END] one [END] two [END]", "one two"),
        ("`code` [END]", "`code`"),
        ("Is it (1) or (2)? ([END])", "Is it (1) or (2)?"),
    ],
)
def test_what_is_said_around_the_marker_is_kept(reply: str, left: str) -> None:
    assert split_end_marker(reply, "[END]") == (left, True)


@pytest.mark.parametrize("marker", ["[END] ", " [END]\n", "[END]"])
def test_blanks_around_the_marker_itself_do_not_matter(marker: str) -> None:
    assert split_end_marker("Bye. [END]", marker) == ("Bye.", True)


@pytest.mark.parametrize(
    ("marker", "reply", "expected"),
    [
        ("DONE", "**DONE**", ("", True)),
        ("DONE", "I am DONE.", ("I am", True)),
        ("DONE", "all done", ("all done", False)),
        ("END", "I recommend it", ("I recommend it", False)),
        ("###STOP###", "### STOP ###", ("", True)),
        ("<|end|>", "Bye <|END|>", ("Bye", True)),
        ("that is all", "So, that  is all.", ("So,", True)),
    ],
)
def test_other_markers(marker: str, reply: str, expected: tuple[str, bool]) -> None:
    assert split_end_marker(reply, marker) == expected


@pytest.mark.parametrize("text", ["The end.", "[ENDING]", "END", "**", ".", "", "[E N D]"])
def test_what_holds_no_marker_stays_as_it_is(text: str) -> None:
    assert split_end_marker(text, "[END]") == (text, False)


WORDS = st.lists(st.sampled_from(["yes", "No,", "it's", "(2)", "ok.", "Wo?", "“so”", "1-2"]))


@given(before=WORDS, after=WORDS, marker=st.sampled_from(ALONE))
def test_words_are_never_lost(before: list[str], after: list[str], marker: str) -> None:
    text, ended = split_end_marker(" ".join([*before, marker, *after]), "[END]")
    assert ended
    for word in before + after:
        assert word.strip("().,“”") in text
