import pytest

from duologue.conversation.messages import Role
from duologue.validation.residue import (
    code_fence,
    end_marker,
    json_wrapper,
    model_token,
    placeholder,
    placeholder_in_reply,
    reasoning,
    wrapping_quotes,
)
from duologue.validation.rule import Expectations
from tests.validation.talking import Check, found_at, talk


def found_on_either_side(check: Check, text: str) -> bool:
    by_user = found_at(check, talk("Hello", "Hi", text)) == [2]
    by_assistant = found_at(check, talk("Hello", text)) == [1]
    assert by_user == by_assistant
    return by_user


@pytest.mark.parametrize("text", ["[END]", "Thank you![end]", "Bye [End].", "so: `[END]`"])
def test_the_runs_own_end_marker_is_found_in_any_case_and_anywhere(text: str) -> None:
    expected = Expectations(end_marker="[END]")
    assert found_at(end_marker, talk("Hello", "Hi", text), expected) == [2]
    assert found_at(end_marker, talk("Hello", text), expected) == [1]


@pytest.mark.parametrize(
    ("marker", "text", "is_found"),
    [
        ("DONE", "Thank you. DONE", True),
        ("DONE", "We are all done here.", False),
        ("DONE", "Who ABANDONED it?", False),
        ("~~~BYE~~~", "Thank you ~~~bye~~~", True),
        ("I AM LEAVING", "Well, I AM LEAVING now", True),
        ("I AM LEAVING", "I am leaving in May.", False),
    ],
)
def test_a_marker_that_is_plain_words_counts_only_as_it_is_written(
    marker: str, text: str, is_found: bool
) -> None:
    expected = Expectations(end_marker=marker)
    assert found_at(end_marker, talk(text), expected) == ([0] if is_found else [])


@pytest.mark.parametrize(
    "text",
    [
        "Thank you.###STOP###",
        "###TRANSFER###",
        "### STOP ###",
        "Bye [END]",
        "[STOP]",
        "[END_OF_CONVERSATION]",
        "[END CONVERSATION]",
        "<END>",
        "Bye!</END>",
        "[TERMINATE]",
    ],
)
@pytest.mark.parametrize("own_marker", [None, "~~~"])
def test_usual_end_markers_are_found_whatever_the_runs_own_is(
    text: str, own_marker: str | None
) -> None:
    expected = Expectations(end_marker=own_marker)
    assert found_at(end_marker, talk(text), expected) == [0]


@pytest.mark.parametrize(
    "text", ["This is the end.", "### Stops ###", "[done] tidy up", "[the end]", "STOP that!", ""]
)
def test_words_that_only_resemble_a_marker_are_left_alone(text: str) -> None:
    assert not found_on_either_side(end_marker, text)


@pytest.mark.parametrize(
    "text", ["Hello<|im_end|>", "<|endoftext|>", "[/INST] Hello", "<<SYS>>", "Hello</s>\n", "<eos>"]
)
def test_control_tokens_of_a_model_are_found(text: str) -> None:
    assert found_on_either_side(model_token, text)


@pytest.mark.parametrize("text", ["a <b> c", "</s> is a tag", "`<|im_end|>` ends it", "x |> f", ""])
def test_other_brackets_are_no_control_tokens(text: str) -> None:
    assert not found_on_either_side(model_token, text)


@pytest.mark.parametrize(
    "text",
    [
        "<think>The user wants…</think>Hello",
        "Hello\n</think>",
        "<Thinking>",
        "[THINK]",
        "<thought>",
    ],
)
def test_a_reasoning_tag_is_found(text: str) -> None:
    assert found_on_either_side(reasoning, text)


@pytest.mark.parametrize(
    "text",
    ["I think so.", "thinking", "<thin>", "Close it with `</think>`.", "```\n<think>\n```", ""],
)
def test_thinking_without_a_tag_is_fine(text: str) -> None:
    assert not found_on_either_side(reasoning, text)


@pytest.mark.parametrize("text", ["Hello {{name}}!", "Your order {{ order.id }} is sent."])
def test_template_variables_are_found_on_either_side(text: str) -> None:
    assert found_on_either_side(placeholder, text)


BLANKS = [
    "My name is [Your Name].",
    "I live in [insert city].",
    "Call me at [Phone Number]",
    "[Customer's Name], hello",
    "It is for [Name] in [City].",
    "My id is <USER_ID>.",
    "I am <NAME> from <CITY>.",
    "I have the id: [provide reservation ID].",
]


@pytest.mark.parametrize("text", BLANKS)
def test_blanks_to_fill_in_are_distinguished_by_who_leaves_them(text: str) -> None:
    assert found_at(placeholder, talk("Hello", "Hi", text)) == [2]
    assert found_at(placeholder_in_reply, talk("Hello", "Hi", text)) == []
    assert found_at(placeholder, talk("Hello", text)) == []
    assert found_at(placeholder_in_reply, talk("Hello", text)) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "See [the page](https://example.org), [name](https://example.org) or [Link][1].",
        "[link]: https://example.org",
        "As shown before [1], [2, 3] and [Smith 2020].",
        "- [ ] buy milk\n- [x] buy bread",
        "<b>Hello</b><br>there <BR> <TABLE>",
        "a List<String>, a Map<KEY> and a Box<URL>",
        "<TOTAL>12</TOTAL>",
        "if a < B and C > d",
        "`{{name}}` is a variable, `[Your Name]` a blank.",
        "```\nHello {{name}}, <NAME>\n```",
        "{name} {} {{}}",
        "[sic] [laughs] [on Monday]",
        "",
    ],
)
def test_brackets_that_are_no_placeholders_are_left_alone(text: str) -> None:
    assert not found_on_either_side(placeholder, text)
    assert found_at(placeholder_in_reply, talk("Hello", text)) == []


FENCED = "```\nWe open at nine.\n```"


def test_a_code_fence_is_odd_in_a_users_message() -> None:
    assert found_at(code_fence, talk(FENCED)) == [0]
    assert found_at(code_fence, talk("It says:\n```python\nError\n```")) == [0]
    assert found_at(code_fence, talk("It says `Error`")) == []


def test_a_reply_may_hold_code_but_not_be_fenced_prose() -> None:
    def is_found(text: str) -> bool:
        return bool(found_at(code_fence, talk(text, opens=Role.ASSISTANT)))

    assert is_found(FENCED)
    assert is_found("```markdown\nWe open at nine.\n```\n")
    assert not is_found("```python\nprint('nine')\n```")
    assert not is_found(f"Like this:\n{FENCED}")


@pytest.mark.parametrize("text", ['{"message": "Hello"}', ' {\n"a": 1}\n', "{}"])
def test_a_json_object_instead_of_text_is_found(text: str) -> None:
    assert found_on_either_side(json_wrapper, text)


@pytest.mark.parametrize(
    "text",
    ["Hello", "{name}", '{"a": 1} is what I got', "[1]", "12", '"Hello"', '{"a":' * 5000 + "}"],
)
def test_what_is_no_json_object_is_text(text: str) -> None:
    assert not found_on_either_side(json_wrapper, text)


@pytest.mark.parametrize(
    "text", ['"I need a refund."', "“I need a refund.”", "«Je voudrais savoir»", "'I need help'\n"]
)
def test_quotes_around_a_whole_message_are_found(text: str) -> None:
    assert found_on_either_side(wrapping_quotes, text)


@pytest.mark.parametrize(
    "text",
    ['"Blue"', '"Blue" and not "light green"', 'He said "no refunds"', '"', '""', "I need it", ""],
)
def test_quotes_within_a_message_are_fine(text: str) -> None:
    assert not found_on_either_side(wrapping_quotes, text)
