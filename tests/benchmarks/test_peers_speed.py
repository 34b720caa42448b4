"""The benchmark of other tools hides neither a failure nor what is lost."""

import re

import pytest

from benchmarks.peers_speed import PEERS, PEERS_COLUMNS, Peer, missing, outcomes
from benchmarks.running import REPOSITORY, Run, Scenario, Way, WayFailedError, run_way, table_row
from tests.support.vellum_stand_in import stand_in_process

SCENARIO = Scenario("few", seeds=3, in_flight=3, latency_ms=100)
LOSING = Way("losing", "tests.benchmarks.losing_way")
FAILING = Way("failing", "tests.no_such_way")


def test_a_way_that_loses_conversations_or_fails_is_reported_and_stops_no_other() -> None:
    failed, run = outcomes(SCENARIO, [FAILING, LOSING])
    assert isinstance(failed, str)
    assert failed.startswith("few: failing failed:\n")
    assert "No module named tests.no_such_way" in failed
    assert isinstance(run, Run)
    assert table_row(run, PEERS_COLUMNS).endswith(" | 1 | 0 |")
    assert run.loss == "few: losing made 1 valid conversations with 0 calls; expected 3 with 18"


def test_a_way_that_hangs_is_ended() -> None:
    with stand_in_process() as url, pytest.raises(WayFailedError, match="timed out after"):
        run_way(SCENARIO, LOSING, url, timeout_seconds=0.01)


def test_a_way_is_not_charged_with_what_the_comparing_process_holds() -> None:
    held = b"x" * (200 * 2**20)
    with stand_in_process() as url:
        run = run_way(SCENARIO, LOSING, url)
    assert 0 < run.measurement.peak_mb < len(held) / 2**20


def test_a_tool_that_is_not_installed_is_reported() -> None:
    absent = Peer("absent", "absent", {})
    assert not absent.is_installed
    assert list(missing([absent])) == [
        "absent is not installed; run `make .venv/peers/absent/ready`"
    ]


def test_every_peer_can_be_set_up_and_has_its_way() -> None:
    (set_up,) = re.findall(r"^PEERS := (.*)$", (REPOSITORY / "Makefile").read_text(), re.M)
    assert set_up.split() == [peer.name for peer in PEERS]
    for peer in PEERS:
        folder = REPOSITORY / "benchmarks" / "peers"
        locked = (folder / f"{peer.name}.txt").read_text()
        assert re.search(rf"^{peer.package}==", locked, re.M)
        assert "://" not in locked
        assert (folder / f"{peer.name}_way.py").exists()
