"""What a person sees of a comparison's report: in a real browser, from disk, without a network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from duologue.report.comparison_page import COMPARISON_REPORT_FILE
from duologue.settings.rules import Severity
from tests.browser.browsing import HOSTILE, check_everyone_can_use, looks
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


def test_the_answer_comes_first_and_then_the_greatest_change(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    expect(page.get_by_role("heading", level=1)).to_contain_text("no difference that 12 seeds")
    expect(page.get_by_role("row", name="clean")).to_contain_text("100.0%")
    first = page.locator("#list button").first
    expect(first).to_contain_text("s12-1")
    expect(first).not_to_contain_text("same words")  # one side failed
    expect(page.locator("#status")).to_have_text("12 pairs")


def test_the_first_turn_that_differs_is_marked(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    page.locator("#rule").select_option("broken_reply")
    expect(page.locator("#status")).to_have_text("1 pair")
    marked = page.locator(".first-difference")
    expect(marked).to_have_count(1)
    expect(marked.get_by_role("heading")).to_have_text("Turn 2, the first that differs")
    expect(marked).to_contain_text("On day 3.")
    expect(marked).to_contain_text("Traceback: KeyError 3")


def test_pairs_are_filtered_and_walked_through_by_keys(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    page.locator("#change").select_option("worse")
    expect(page.locator("#status")).to_have_text("2 pairs")
    page.locator("#state").select_option("failed")
    expect(page.locator("#status")).to_have_text("1 pair")
    page.locator("#state").select_option("")
    page.locator("#pairs-heading").click()
    first = page.locator("#pair h3").inner_text()
    page.keyboard.press("j")
    expect(page.locator("#pair h3")).not_to_have_text(first)
    page.keyboard.press("k")
    expect(page.locator("#pair h3")).to_have_text(first)


def test_what_was_said_is_only_ever_text(page_of: Callable[..., Page]) -> None:
    baseline: list[Made] = []
    candidate: list[Made] = []
    for number, text in enumerate(HOSTILE.values()):
        baseline.append(checked("Hi", text, text, seed_id=f"s{number}"))
        candidate.append(checked("Hi", text, "Else", seed_id=f"s{number}"))
    page = page_of(baseline, candidate)
    expect(page.locator("#list button")).to_have_count(len(HOSTILE))
    for number, text in enumerate(HOSTILE.values()):
        page.locator("#list button").filter(has_text=f"s{number}-1").click()
        expect(page.locator("#pair h3")).to_have_text(f"s{number}-1")
        said = page.locator("#pair .said bdi").all_text_contents()
        assert sorted(said) == sorted(["Hi", "Hi", text, text, text, "Else"])


def test_everyone_can_use_it(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides())
    expect(page.locator("#pair h3")).to_be_visible()
    for _ in looks(page):
        check_everyone_can_use(page)


@pytest.mark.processes
def test_thousands_of_pairs_are_listed_at_once(page_of: Callable[..., Page]) -> None:
    page = page_of(*both_sides(5000))
    expect(page.locator("#status")).to_have_text("5000 pairs, 500 listed")
    page.locator("#rule").select_option("broken_reply")
    expect(page.locator("#status")).to_have_text("1 pair")
    expect(page.locator("#pair h3")).to_have_text("s3-1")
