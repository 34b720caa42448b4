"""What a person sees and does in a report: in a real browser, from disk, without a network."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import Gates
from duologue.validation.check import check_messages
from duologue.validation.loading import load_rules
from duologue.validation.quality import DatasetQuality, Measure
from duologue.validation.rule import Expectations, Violation
from tests.browser.browsing import (
    HOSTILE,
    PHONE,
    WIDTHS,
    Scheme,
    check_everyone_can_use,
    has_no_horizontal_scroll,
    looks,
)
from tests.dataset.making import (
    STARTED_AT,
    checked,
    contents,
    everything_that_can_happen,
    failed,
    many,
)
from tests.report.making import manifest, report

MOST_MEGABYTES_OF_MEMORY = 300


@pytest.fixture
def opened(opened_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a report, and waits until its list of conversations is there."""

    def open_report(path: Path, hash: str = "", *looks: Any, **more_looks: Any) -> Page:
        page = opened_page(path, hash, *looks, **more_looks)
        expect(page.locator("#status")).not_to_have_text("Loading …")
        return page

    return open_report


def some_of_each() -> DatasetContents:
    """A few conversations of each kind, with what can be searched and filtered for."""
    return contents(
        checked("Where is my parcel?", "In Graz.", "In which street?", seed_id="s1"),
        checked("A refund?", "Of course.", seed_id="s2", broken=[("tail", Severity.WARNING)]),
        checked("Echo", "Yes?", "Yes?", seed_id="s3", broken=[("echo", Severity.INVALID)]),
        checked("Again", "Yes?", "Yes?", seed_id="s4", broken=[("echo", Severity.INVALID)]),
        failed=[failed("Warranty?", "One year.", seed_id="s5", reason="HTTP 503, 4 attempts")],
    )


def ids_listed(page: Page) -> list[str]:
    return page.locator("#results bdi").all_inner_texts()


def expect_listed(page: Page, *ids: str) -> None:
    expect(page.locator("#results bdi")).to_have_text(list(ids))


def choose(page: Page, kind: str) -> None:
    page.get_by_role("group", name="Kind", exact=True).get_by_role("button", name=kind).click()


def unfold(page: Page, *parts: str) -> None:
    for part in parts:
        page.locator(f"#{part} > summary").click()


def expect_open(page: Page, id: str) -> None:
    expect(page.locator("#open h3")).to_have_text(id)


# What it says of the version


def test_counts_gates_and_reasons_to_hold_back(
    opened: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    strict = Gates(max_failed_share=0, max_invalid_share=1)
    made = contents(checked("Hi?", "Hello."), failed=[failed("Where?")], gates=strict)
    page = opened(report(tmp_path, made))
    overview, making = page.locator("#overview"), page.locator("#making")
    unfold(page, "making")
    expect(making).to_contain_text("2 rows read = 0 rejected + 2 seeds.")
    expect(making).to_contain_text("2 conversations = 1 valid + 0 invalid + 1 failed.")
    expect(overview).to_contain_text("Held back.")
    expect(overview).to_contain_text("1 of 2 conversations failed (50.0%)")
    expect(making.get_by_role("row", name="share failed")).to_contain_text("at most 0.0%")
    screenshot(page, "overview", full_page=True)


def test_a_version_that_passes_its_gates_says_so(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, everything_that_can_happen()))
    expect(page.locator("#overview")).to_contain_text("Published.")
    expect(page.locator("#making")).to_contain_text("message is empty")


def test_changes_lead_to_their_conversations(opened: Callable[..., Page], tmp_path: Path) -> None:
    changes = Changes(
        before_version="20261123T053516000Z-1a2b3c4d",
        before_revision=2,
        counts_before=Counts(
            rows_read=9, rejected=0, seeds=9, conversations=9, valid=7, invalid=1, failed=1
        ),
        settings=("simulation.turns: 3 → 5",),
        added=(),
        removed=("gone-1",),
        newly_good=("s1-1",),
        newly_failing=("s3-1", "s5-1"),
        changed=("s2-1",),
    )
    page = opened(report(tmp_path, some_of_each(), changes=changes))
    page.get_by_role("link", name="2 newly failed or invalid, 1 newly valid").click()
    section = page.locator("#changes")
    expect(section).to_contain_text("Against 20261123T053516000Z-1a2b3c4d, revision 2.")
    expect(section.get_by_role("row", name="valid", exact=False).first).to_be_visible()
    expect(section).to_contain_text("simulation.turns: 3 → 5")
    expect(section).to_contain_text("2 failed or invalid now: s3-1, s5-1")
    expect(section).to_contain_text("1 in which something else was said: s2-1")
    expect(section).to_contain_text("1 gone")
    section.get_by_role("link", name="s5-1").click()
    expect_open(page, "s5-1")


def test_a_plot_has_a_name_and_its_numbers_as_a_table(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    unfold(page, "rules", "numbers")
    plot = page.get_by_role("img", name="Conversations by latency ms")
    expect(plot.locator(".series rect")).to_have_count(1)
    figure = page.locator("figure").filter(has=plot)
    figure.get_by_text("As a table").click()
    expect(figure.get_by_role("row", name="0 to 500")).to_contain_text("1,234")
    expect(page.get_by_role("img", name="by the rule that they break")).to_be_visible()


def test_measures_are_drawn_over_the_versions_that_have_them(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    made = some_of_each()
    without = manifest(made, quality=DatasetQuality())
    earlier = [without] + [
        without.model_copy(
            update={
                "version": f"2026112{day}T053516000Z-1a2b3c4d",
                "started_at": STARTED_AT - timedelta(days=4 - day),
                "quality": DatasetQuality(
                    measures={"user_words_per_message": Measure(value=day, low=day, high=day + 1)}
                ),
            }
        )
        for day in range(1, 4)
    ]
    page = opened(report(tmp_path, made, earlier=earlier))
    unfold(page, "numbers")
    small = page.get_by_role("img", name="length of user messages over 4 versions, small")
    assert (small.locator("polyline").get_attribute("points") or "").count(",") == 4
    page.get_by_text("Measures over the versions").click()
    plot = page.get_by_role("img", name="length of user messages over 4 versions", exact=True)
    expect(plot.locator(".lines path")).to_have_count(3)
    expect(page.get_by_role("img", name="failed conversations over")).to_have_count(0)
    figure = page.locator("figure").filter(has=plot)
    figure.get_by_text("As a table").click()
    expect(figure.get_by_role("row")).to_have_count(5)
    expect(figure.get_by_role("row", name="20261123T053516000Z")).to_contain_text("3 to 4")
    measured = page.get_by_role("region", name="Measures").get_by_role(
        "row", name="length of user messages"
    )
    expect(measured).to_contain_text("The mean number of words in a later user message.")
    cells = measured.get_by_role("cell")
    expect(cells).to_have_text([re.compile("4 versions"), "12.25", "31.5", "9 to 15", "words"])


# Finding conversations


def test_what_went_wrong_is_listed_first(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(report(tmp_path, some_of_each()))
    expect_listed(page, "s5-1", "s3-1", "s4-1", "s2-1", "s1-1")
    expect(page.locator("#status")).to_have_text("5 conversations")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("which STREET", ["s1-1"]),
        ("one year", ["s5-1"]),
        ("http 503", ["s5-1"]),
        ("s3-", ["s3-1"]),
        ("yes?", ["s3-1", "s4-1"]),
        ("nobody says this", []),
        ("  refund ", ["s2-1"]),
    ],
)
def test_search_finds_any_text_of_a_message(
    opened: Callable[..., Page], tmp_path: Path, text: str, ids: list[str]
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    page.get_by_role("searchbox").fill(text)
    expect(page.locator("#status")).to_have_text(re.compile(f"^{len(ids)} conversations? found$"))
    expect_listed(page, *ids)
    page.get_by_role("searchbox").fill("")
    expect(page.locator("#status")).to_have_text("5 conversations")


def test_filters_narrow_the_list_together_with_the_search(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    choose(page, "2 valid")
    expect_listed(page, "s2-1", "s1-1")
    choose(page, "1 with a warning")
    expect_listed(page, "s2-1")
    choose(page, "1 failed")
    expect_listed(page, "s5-1")
    page.get_by_label("End reason").select_option("max_turns")
    expect_listed(page)
    choose(page, "5 all")
    expect_listed(page, "s3-1", "s4-1", "s2-1", "s1-1")
    page.get_by_role("combobox", name="Rule").select_option("echo")
    expect_listed(page, "s3-1", "s4-1")
    page.get_by_role("searchbox").fill("again")
    expect_listed(page, "s4-1")


def test_a_count_and_a_rule_lead_to_their_conversations(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    choose(page, "2 invalid")
    expect_listed(page, "s3-1", "s4-1")
    unfold(page, "rules")
    page.get_by_role("button", name="tail").click()
    expect_listed(page, "s2-1")
    expect(page.locator("#status")).to_be_in_viewport()


def test_a_long_list_has_pages(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(report(tmp_path, many(120)))
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    assert ids_listed(page) == [f"s{n}-1" for n in range(50)]
    for _ in range(2):
        page.get_by_role("button", name="Next page").click()
    assert ids_listed(page) == [f"s{n}-1" for n in range(100, 120)]
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()


def test_the_list_is_sorted_by_what_a_person_asks_for(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    made = contents(
        checked("A?", "B."),
        checked("C?", "D.", "E?", "F.", "G?", "H.", seed_id="s2"),
        checked("I?", "J.", "K?", "L.", seed_id="s3"),
    )
    page = opened(report(tmp_path, made))
    expect_listed(page, "s1-1", "s2-1", "s3-1")
    for order in ("most turns", "slowest"):
        page.get_by_label("Order").select_option(order)
        expect_listed(page, "s2-1", "s3-1", "s1-1")
    page.get_by_label("Order").select_option("worst first")
    expect_listed(page, "s1-1", "s2-1", "s3-1")


def test_a_search_shows_where_it_found_the_text(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    long = f"{'before ' * 30}a Needle {'after ' * 30}"
    page = opened(report(tmp_path, contents(checked("Hi?", long), checked("Ho?", seed_id="s2"))))
    page.get_by_role("searchbox").fill("needle")
    expect_listed(page, "s1-1")
    snippet = page.locator("#results .snippet")
    expect(snippet).to_contain_text("before a Needle after")
    expect(snippet.locator("mark")).to_have_text("Needle")
    page.locator("#results a").click()
    expect(page.locator("#open mark")).to_have_text(["Needle"])
    assert page.locator("#open .text").nth(1).inner_text() == long


# Reading one


def test_a_stranger_finds_the_worst_conversation_and_why_at_once(
    opened: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    bad = checked("Hi?", "Hello.", "Hello.", seed_id="bad")
    wrong = Violation("user_echoes", Severity.INVALID, 2, "says what was said before")
    object.__setattr__(bad, "violations", (wrong,))
    good = [checked("Hi?", "Hello.", seed_id=f"s{n}") for n in range(80)]
    page = opened(report(tmp_path, contents(*good, bad)))
    expect_open(page, "bad-1")
    expect(page.locator("#results .why").first).to_have_text(
        "user echoes: says what was said before"
    )
    expect(page.locator("#open .message.invalid")).to_be_in_viewport()
    expect(page.locator("#open .message.invalid")).to_contain_text("says what was said before")
    screenshot(page, "worst")


def test_the_picture_in_the_docs_shows_what_the_rules_find(
    opened: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    said = [
        ["What time are you open until?", "Until six.", "Thanks. And on Saturdays?", "Until two."],
        [
            "What is your refund policy?",
            "You can return anything within 30 days.",
            "How can I help you today? I'd be glad to check your order for you.",
            "Sorry, something went wrong.\nTraceback (most recent call last):\nKeyError: 'order'",
            "How can I help you today? I'd be glad to check your order for you.",
            "You can return anything within 30 days.",
        ],
        ["How much does a one year warranty cost?", "29 euros.", "And two years?", "49 euros."],
    ]
    rules = load_rules(RuleSettings())
    made = []
    for number, texts in enumerate(said, 1):
        one = checked(*texts, seed_id=f"q{number}")
        found = check_messages(one.conversation.messages, Expectations(), rules)
        made.append(replace(one, violations=tuple(found)))
    page = opened(report(tmp_path, contents(*made)))
    expect_open(page, "q2-1")
    expect(page.locator("#open .message.broken .findings").first).to_be_visible()
    assert {violation.rule for violation in made[1].violations} >= {"role_flip", "broken_reply"}
    assert made[0].violations == made[2].violations == ()
    screenshot(page, "report")


def test_a_conversation_is_copied_as_text_and_as_json(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, contents(checked("Hi?", "Hello.\n<b>"))), "#s1-1")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pasted = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate(pasted) == "USER: Hi?\n\nASSISTANT: Hello.\n<b>"
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(2)
    copied = json.loads(page.evaluate(pasted))
    assert copied["id"] == "s1-1"
    assert [message["text"] for message in copied["messages"]] == ["Hi?", "Hello.\n<b>"]


def test_a_rule_is_marked_at_the_very_message(
    opened: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    item = checked("Hi?", "Hello.", "Hello.", context={"plan": "gold"})
    findings = (
        Violation("too_short", Severity.WARNING, None, "has three messages"),
        Violation("user_echoes", Severity.INVALID, 2, "says what was said before"),
    )
    object.__setattr__(item, "violations", findings)
    page = opened(report(tmp_path, contents(item)), "#s1-1")
    messages = page.locator("#open .message")
    expect(messages).to_have_count(3)
    expect(messages.nth(2)).to_contain_text("invalid user_echoes says what was said before")
    expect(messages.nth(2)).to_have_class(re.compile("broken invalid"))
    for other in (0, 1):
        expect(messages.nth(other)).not_to_have_class(re.compile("broken"))
    expect(page.locator("#open > .findings")).to_have_text(["warning too_short has three messages"])
    expect(messages.nth(1)).to_contain_text("1 ASSISTANT · 101 ms · 2 attempts · execution")
    expect(page.locator("#open")).to_contain_text("plan: gold")
    screenshot(page, "open")


def test_a_failed_seed_shows_its_reason_and_how_far_it_came(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    page.get_by_role("link", name="Warranty?").click()
    expect(page.locator("#open .failure")).to_contain_text("TransientError: HTTP 503, 4 attempts")
    expect(page.locator("#open")).to_contain_text("3 attempts")
    expect(page.locator("#open .text")).to_have_text(["Warranty?", "One year."])


@WIDTHS
def test_an_address_leads_to_its_conversation_and_back(
    opened: Callable[..., Page], tmp_path: Path, width: int
) -> None:
    page = opened(report(tmp_path, some_of_each()), "#s3-1", width)
    expect_open(page, "s3-1")
    expect(page.locator("#open h3")).to_be_focused()
    if width == PHONE:
        expect(page.locator("#list")).to_be_hidden()
        page.get_by_role("link", name="Back to the list").click()
    page.get_by_role("link", name="A refund?").click()
    expect_open(page, "s2-1")
    assert page.url.endswith("#s2-1")
    page.go_back()
    if width == PHONE:
        expect(page.locator("#list")).to_be_visible()
        page.go_back()
    expect_open(page, "s3-1")
    page.reload()
    expect_open(page, "s3-1")


@pytest.mark.parametrize(
    "seed_id", ["a b", "50%", "%E0", "#x", 'say "hi"', "<b>", "ü/\u202e", "a&b"]
)
def test_any_id_has_an_address(opened: Callable[..., Page], tmp_path: Path, seed_id: str) -> None:
    path = report(tmp_path, contents(checked("Hi?", "Hello."), checked("Yes?", seed_id=seed_id)))
    page = opened(path)
    page.get_by_role("link", name="Yes?").click()
    expect_open(page, f"{seed_id}-1")
    there = page.url.removeprefix(path.as_uri())
    expect_open(opened(path, there), f"{seed_id}-1")
    expect_open(opened(path, f"#{quote(seed_id)}-1"), f"{seed_id}-1")


@pytest.mark.parametrize("hash", ["#nobody-1", "#%E0%A4%A", "#<img src=x onerror=alert(1)>"])
def test_an_address_of_nothing_says_so(
    opened: Callable[..., Page], tmp_path: Path, hash: str
) -> None:
    page = opened(report(tmp_path, some_of_each()), hash)
    expect(page.locator("#open")).to_contain_text("There is no conversation")


# Without a mouse


def test_keys_lead_from_one_conversation_to_the_next(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    expect_open(page, "s5-1")
    for key, id in [("j", "s3-1"), ("j", "s4-1"), ("k", "s3-1")]:
        page.keyboard.press(key)
        expect_open(page, id)
        expect(page.locator("#results [aria-current] bdi")).to_have_text(id)
    assert page.url.endswith("#s3-1")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jk/")
    expect(page.get_by_role("searchbox")).to_have_value("jk/")
    expect_open(page, "s3-1")


def test_keys_stop_at_the_ends_and_turn_pages(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(report(tmp_path, many(51)), "#s49-1")
    expect_open(page, "s49-1")
    page.keyboard.press("j")
    expect_open(page, "s50-1")
    expect_listed(page, "s50-1")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    expect_open(page, "s50-1")


def test_keys_can_be_turned_off(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(report(tmp_path, some_of_each()), "#s3-1")
    expect_open(page, "s3-1")
    page.get_by_label("Keys").uncheck()
    page.locator("#open h3").focus()
    page.keyboard.press("j")
    page.get_by_role("button", name="Previous", exact=True).click()
    expect_open(page, "s5-1")


def test_a_key_lists_all_keys_and_keeps_the_others(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    expect_open(page, "s5-1")
    page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Shortcuts")
    expect(help).to_contain_text("Review conversations")
    page.keyboard.press("j")
    for _ in looks(page):
        check_everyone_can_use(page)
    help.get_by_role("button", name="Close").click()
    expect(help).to_be_hidden()
    expect_open(page, "s5-1")
    page.get_by_role("button", name="Shortcuts").click()
    expect(help).to_be_visible()


def test_a_name_used_twice_in_the_scripts_of_a_page_is_an_error(
    chromium: Browser, tmp_path: Path
) -> None:
    path = report(tmp_path, some_of_each())
    script = re.findall("<script type=.module.>(.*?)</script>", path.read_text(), re.S)[0]
    page = tmp_path / "twice.html"
    page.write_text(f'<script type="module">{script}function listed() {{}}</script>')
    errors: list[str] = []
    with chromium.new_page() as tab:
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(page.as_uri())
    assert errors == ["Identifier 'listed' has already been declared"]


def test_everything_is_reached_with_the_tab_key(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(report(tmp_path, some_of_each()))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the conversations")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="5 all")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.locator("#results a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect_open(page, "s5-1")


# Hostile text


def test_hostile_text_is_shown_as_text_and_does_nothing(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    texts = list(HOSTILE.values())
    hostile = [
        checked(t, t, t, seed_id=t, context={t: t}, broken=[(t, Severity.WARNING)]) for t in texts
    ]
    lost = [failed(text, text, seed_id=f"lost {text}", reason=text) for text in texts]
    every = " ".join(texts)
    made = contents(*hostile, failed=lost, seed_path=every, chatbot=every)
    quality = DatasetQuality(
        measures={text: Measure(value=1) for text in texts},
        distributions={**{text: {text: 1} for text in texts}, "turns": dict.fromkeys(texts, 2)},
    )
    path = report(tmp_path, made, earlier=[manifest(made, quality=quality)], quality=quality)
    page = opened(path)
    ids = page.locator("#results bdi").all_text_contents()
    assert sorted(ids) == sorted(f"{kind}{text}-1" for kind in ("", "lost ") for text in texts)
    page.locator("#results a").first.click()
    for id in ids:
        title = "document.querySelector('#open h3')?.textContent"
        page.wait_for_function(f"id => {title} == id", arg=id)
        text = id.removeprefix("lost ").removesuffix("-1")
        if id.startswith("lost "):
            assert page.locator("#open .failure bdi").all_text_contents() == [text]
        else:
            assert page.locator("#open .text").all_text_contents() == [text] * 3
            assert page.locator("#open .context bdi").all_text_contents() == [text, text]
        page.keyboard.press("j")
    assert page.locator("img:not([role]), iframe, object").count() == 0


def test_a_bidi_override_ends_with_its_message(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(report(tmp_path, contents(checked("\u202eHi", "Hello."))), "#s1-1")
    expect_open(page, "s1-1")
    expect(page.locator("#results [aria-current]")).to_be_visible()
    for shown in page.locator("#open .text, #open bdi, #results .seed, #results bdi").all():
        assert shown.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"


@WIDTHS
def test_a_message_of_a_megabyte_is_cut_and_says_so(
    opened: Callable[..., Page], tmp_path: Path, width: int
) -> None:
    page = opened(report(tmp_path, contents(checked("Hi?", "x" * 1_000_000))), "#s1-1", width)
    long = page.locator("#open .message").nth(1)
    expect(long).to_contain_text("Cut here; the message has 1,000,000 characters.")
    assert len(long.locator(".text").inner_text()) == 20_000
    assert has_no_horizontal_scroll(page)


def test_the_page_may_neither_load_nor_run_what_is_not_its_own(
    chromium: Browser, tmp_path: Path
) -> None:
    path = report(tmp_path, some_of_each())
    with chromium.new_page() as page:
        page.goto(path.as_uri())
        refused = page.evaluate(
            """async () => {
                const refused = [];
                addEventListener('securitypolicyviolation', event => {
                    refused.push(event.effectiveDirective);
                });
                await fetch('data:,x').catch(() => {});
                document.body.append(Object.assign(new Image(), {src: 'https://127.0.0.1/x'}));
                document.body.append(Object.assign(document.createElement('style'), {
                    textContent: 'body { display: none }',
                }));
                try { document.body.innerHTML = '<p>'; } catch {}
                await new Promise(done => setTimeout(done, 100));
                return refused.sort();
            }"""
        )
    assert refused == ["connect-src", "img-src", "require-trusted-types-for", "style-src-elem"]


# How it looks


def test_nothing_keeps_anyone_from_reading_it(
    opened: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    made = some_of_each()
    page = opened(report(tmp_path, made, earlier=[manifest(made)]))
    for id in ("", "s5-1", "s3-1"):
        page.evaluate("hash => { location.hash = hash }", id)
        if id:
            expect_open(page, id)
        for look in looks(page):
            check_everyone_can_use(page)
            screenshot(page, f"{id or 'page'}-{look}", full_page=not id)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_change_at_a_button(
    opened: Callable[..., Page], tmp_path: Path, scheme: Scheme
) -> None:
    page = opened(report(tmp_path, some_of_each()), scheme=scheme)
    light, dark = "rgb(255, 255, 255)", "rgb(22, 24, 29)"
    first, second = (light, dark) if scheme == "light" else (dark, light)
    for expected in (first, second, first):
        expect(page.locator("body")).to_have_css("background-color", expected)
        page.get_by_role("button", name="Dark or light").click()


# Many


@pytest.mark.processes
def test_ten_thousand_conversations_are_searched_and_read(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    word = random.Random(1)
    words = [f"{word.getrandbits(40):x}" for _ in range(20_000)]  # a language that deflates badly
    conversations = [
        checked(
            *(" ".join(word.choices(words, k=40)) for _ in range(6)),
            f"the needle in {n}" if n == 9_876 else "Yes.",
            seed_id=f"s{n}",
        )
        for n in range(10_000)
    ]
    path = report(tmp_path, contents(*conversations))
    assert 10_000_000 < path.stat().st_size < 30_000_000
    page = opened(path)
    expect(page.locator("#status")).to_have_text("10,000 conversations")
    page.get_by_role("searchbox").fill("needle in 9876")
    expect(page.locator("#status")).to_have_text("1 conversation found")
    expect_listed(page, "s9876-1")
    page.locator("#results a").click()
    expect(page.locator("#open .text").last).to_have_text("the needle in 9876")
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    assert used < MOST_MEGABYTES_OF_MEMORY * 1_000_000


def test_conversations_are_filtered_by_what_their_seeds_say(
    tmp_path: Path, opened: Callable[..., Page]
) -> None:
    said = [
        {"persona": "In a hurry.", "persona_name": "hurried", "goal": "find it"},
        {"persona": "In a hurry.", "persona_name": "hurried", "language": "Spanish"},
        {"persona": "a" * 100, "goal": "find it", "facts": "", "opening": "[]"},
        {},
    ]
    made = contents(
        *(checked("Hi", "Ho", seed_id=f"s{n}", context=one) for n, one in enumerate(said))
    )
    page = opened(report(tmp_path, made))
    assert page.locator(".chip").all_inner_texts() == [
        *("hurried", "find it", "hurried", "Spanish", "a" * 59 + "…", "find it"),
    ]
    page.get_by_label("Persona").select_option("hurried")
    expect_listed(page, "s0-1", "s1-1")
    page.get_by_label("Goal").select_option("find it")
    expect_listed(page, "s0-1")
    page.get_by_label("Persona").select_option("")
    expect_listed(page, "s0-1", "s2-1")
    page.get_by_label("Goal").select_option("")
    page.get_by_label("Language").select_option("Spanish")
    expect_listed(page, "s1-1")


def test_an_opening_is_shown_as_given_and_only_once(
    tmp_path: Path, opened: Callable[..., Page]
) -> None:
    opening = '[{"role": "USER", "text": "Hello"}, {"role": "ASSISTANT", "text": "Hi!"}]'
    item = checked("Where is it?", "Here.", context={"opening": opening, "mood": ""})
    messages = (*item.seed.scenario.opening, *item.conversation.messages)
    conversation = item.conversation.model_copy(update={"messages": messages, "opening": 2})
    page = opened(report(tmp_path, contents(replace(item, conversation=conversation))), "#s1-1")
    expect(page.locator("#open .message")).to_have_count(4)
    given = page.locator("#open .message", has_text="given by the seed")
    assert [text.split("\n")[-1] for text in given.all_inner_texts()] == ["Hello", "Hi!"]
    expect(page.locator("#open .context")).to_have_count(0)
    expect(page.get_by_label("Persona")).to_be_hidden()
