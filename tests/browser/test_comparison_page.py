"""What a person sees of a comparison's report: in a real browser, from disk, without a network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from duologue.report.comparison_page import COMPARISON_REPORT_FILE
from duologue.settings.rules import Severity
from tests.browser.browsing import DESKTOP, HOSTILE, PHONE, check_everyone_can_use, looks
from tests.comparison.making import Made, write_sides
from tests.dataset.making import VERSION, checked, failed

BROKEN = ("broken_reply", Severity.WARNING)


def both_sides(pairs: int = 12) -> tuple[list[Made], list[Made]]:
    """Pairs of which the third one differs in its second turn, and the candidate's last failed."""
    baseline: list[Made] = []
    candidate: list[Made] = []
    for number in range(1, pairs + 1):
        texts = [f"Where is {number}?", "On its way.", "When?", f"On day {number}.", "Thanks!"]
        seed_id = f"s{number}"
        baseline.append(checked(*texts, seed_id=seed_id))
        if number == pairs:
            candidate.append(failed(texts[0], seed_id=seed_id))
        elif number == 3:
            texts[3] = "Traceback: KeyError 3"
            candidate.append(checked(*texts, seed_id=seed_id, broken=[BROKEN]))
        else:
            candidate.append(checked(*texts, seed_id=seed_id))
    return baseline, candidate


@pytest.fixture
def page_of(opened_page: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    def open_it(baseline: list[Made], candidate: list[Made], **looks: object) -> Page:
        write_sides(tmp_path, baseline, candidate)
        page: Page = opened_page(tmp_path / VERSION / COMPARISON_REPORT_FILE, **looks)
        return page

    return open_it


def expect_open(page: Page, id: str) -> None:
    expect(page.locator("#open h3")).to_have_text(id)


def choose(page: Page, kind: str) -> None:
    page.get_by_role("group", name="Kind", exact=True).get_by_role("button", name=kind).click()


def test_the_answer_comes_first_and_then_the_worst_pair(
    page_of: Callable[..., Page], screenshot: Callable[..., None]
) -> None:
    page = page_of(*both_sides())
    expect(page.get_by_role("heading", level=1)).to_contain_text("no difference that 12 seeds")
    expect(page.locator("#overview")).to_contain_text("Passed.")
    expect(page.locator("#overview")).to_contain_text("clean 100.0% → 83.3%")
    expect_open(page, "s12-1")
    expect(page.locator("#open h3")).to_be_in_viewport()
    first = page.locator("#results a").first
    expect(first.locator(".why")).to_have_text("valid → failed, valid worse, clean worse")
    expect(first).not_to_contain_text("same words")  # one side failed
    expect(page.locator("#status")).to_have_text("12 pairs")
    screenshot(page, "worst")


def test_a_pair_that_became_worse_comes_before_one_that_became_much_better(
    page_of: Callable[..., Page],
) -> None:
    texts = ["Where?", "On its way.", "Thanks!"]
    better, worse = checked(*texts, seed_id="better"), checked(*texts, seed_id="worse")
    much = checked(*texts, seed_id="better", broken=[("broken_reply", Severity.INVALID)])
    little = checked(*texts, seed_id="worse", broken=[BROKEN])
    page = page_of([much, worse], [better, little])
    expect(page.locator("#results .badge")).to_have_text(
        ["worse", "same words", "better", "same words"]
    )
    expect(page.locator("#results a bdi")).to_have_text(["worse-1", "better-1"])


def test_outcomes_and_settings_are_folded_and_lead_there(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    expect(page.get_by_role("row", name="clean")).to_have_count(0)
    page.get_by_role("link", name="From baseline to candidate").click()
    expect(page.get_by_role("row", name="clean")).to_contain_text("83.3%")
    expect(page.locator("#settings table")).to_be_hidden()
    page.locator("#settings > summary").click()
    expect(page.locator("#settings")).to_contain_text("simulated user")


def test_the_first_turn_that_differs_is_marked_and_equal_turns_are_shown_once(
    page_of: Callable[..., Page],
) -> None:
    page = page_of(*both_sides())
    page.locator("#rule").select_option("broken_reply")
    expect(page.locator("#status")).to_have_text("1 pair")
    page.locator("#results a").click()
    marked = page.locator(".first-difference")
    expect(marked).to_have_count(1)
    expect(marked.get_by_role("heading")).to_have_text("Turn 2, the first that differs")
    expect(marked).to_contain_text("On day 3.")
    expect(marked).to_contain_text("Traceback: KeyError 3")
    expect(page.get_by_text("On its way.")).to_have_count(1)
    expect(page.locator("#open")).to_contain_text("both sides · ASSISTANT")


def test_pairs_are_filtered_sorted_and_walked_through_by_keys(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    choose(page, "2 worse")
    expect(page.locator("#status")).to_have_text("2 pairs")
    page.locator("#state").select_option("failed")
    expect(page.locator("#status")).to_have_text("1 pair")
    page.locator("#state").select_option("")
    expect_open(page, "s12-1")
    page.locator("h1").click()
    for key, id in [("j", "s3-1"), ("k", "s12-1")]:
        page.keyboard.press(key)
        expect_open(page, id)
    choose(page, "10 same words")
    expect(page.locator("#status")).to_have_text("10 pairs")
    expect(page.get_by_role("button", name="0 better")).to_have_class("tile none")


def test_a_search_marks_what_it_finds(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    page.keyboard.press("/")
    page.keyboard.type("traceback")
    expect(page.locator("#status")).to_have_text("1 pair found")
    expect(page.locator("#results .snippet mark")).to_have_text("Traceback")
    page.locator("#results a").click()
    expect(page.locator("#open mark")).to_have_text("Traceback")


def test_an_address_leads_to_its_pair(page_of: Callable[..., Page]) -> None:
    expect_open(page_of(*both_sides(), hash="#s7-1"), "s7-1")


def test_a_key_lists_all_keys(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    expect_open(page, "s12-1")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Copy the open pair as text")
    page.keyboard.press("j")  # not for the list while the keys are shown
    check_everyone_can_use(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_open(page, "s12-1")


def test_what_was_said_is_only_ever_text(page_of: Callable[..., Page]) -> None:
    baseline: list[Made] = []
    candidate: list[Made] = []
    for number, text in enumerate(HOSTILE.values()):
        baseline.append(checked("Hi", text, text, seed_id=f"s{number}"))
        candidate.append(checked("Hi", text, "Else", seed_id=f"s{number}"))
    page = page_of(baseline, candidate)
    expect(page.locator("#results a")).to_have_count(len(HOSTILE))
    for number, text in enumerate(HOSTILE.values()):
        page.locator("#results a").filter(has=page.get_by_text(f"s{number}-1", exact=True)).click()
        expect_open(page, f"s{number}-1")
        said = page.locator("#open .text").all_text_contents()
        assert sorted(said) == sorted(["Hi", text, text, text, "Else"])


def test_everyone_can_use_it(page_of: Callable[..., Page], screenshot: Callable[..., None]) -> None:
    page = page_of(*both_sides())
    expect_open(page, "s12-1")
    for closed in page.locator("summary").all():
        closed.click()
    for look in looks(page, (2560, DESKTOP, PHONE)):
        check_everyone_can_use(page)
        screenshot(page, look, full_page=True)


@pytest.mark.processes
def test_thousands_of_pairs_are_listed_at_once(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides(5000))
    expect(page.locator("#status")).to_have_text("5,000 pairs")
    page.locator("#rule").select_option("broken_reply")
    expect(page.locator("#status")).to_have_text("1 pair")
    expect(page.locator("#results a bdi")).to_have_text("s3-1")
