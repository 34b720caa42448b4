from duologue.validation.prompt_leak import prompt_leak
from duologue.validation.rule import Expectations, Finding
from tests.validation.talking import talk

CANARY = "Kestrel-4417"
PROMPT = (
    "You play a customer of a shop for shoes who has lost the receipt and is in a hurry. "
    "Never say more than two sentences at a time, and never offer help."
)
LEAK = "My task: never say more than two sentences at a time, and never offer help!"


def places(findings: list[Finding]) -> list[int | None]:
    return [finding.message_index for finding in findings]


def test_a_canary_is_found_on_either_side_in_any_case() -> None:
    messages = talk("Hi", f"I was told {CANARY}.", "What?", "Nothing.", CANARY.upper())
    found = list(prompt_leak(messages, Expectations(), canaries=("other", CANARY)))
    assert places(found) == [1, 4]
    assert CANARY not in " ".join(finding.detail for finding in found)


def test_a_long_phrase_of_the_prompt_is_found_where_the_user_says_it() -> None:
    messages = talk("Hi", LEAK, LEAK, "Oh")
    assert places(list(prompt_leak(messages, Expectations(), prompt=PROMPT))) == [2]


def test_a_short_phrase_of_it_is_fine() -> None:
    messages = talk("Hi", "Yes?", "I am in a hurry, a customer who has lost the receipt.")
    assert not list(prompt_leak(messages, Expectations(), prompt=PROMPT))
    found = list(prompt_leak(messages, Expectations(), prompt=PROMPT, prompt_phrase_words=4))
    assert places(found) == [2]


def test_the_seed_message_may_be_in_the_prompt() -> None:
    messages = talk(LEAK, "Yes?")
    assert places(list(prompt_leak(messages, Expectations(), prompt=PROMPT))) == [0]
    assert not list(prompt_leak(messages, Expectations(seed_message=LEAK), prompt=PROMPT))


def test_nothing_is_found_where_nothing_is_known() -> None:
    assert not list(prompt_leak(talk("Hi", LEAK, LEAK), Expectations()))
    assert not list(prompt_leak(talk("Hi", ""), Expectations(), prompt="Be brief."))
