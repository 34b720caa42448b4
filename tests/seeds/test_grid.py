"""Which scenarios `benchmarks.grid` runs; none is run here."""

from benchmarks.grid import IN_FLIGHT, LATENCY_MS, SEEDS, grid, is_short

MINUTES = 60


def test_every_value_is_measured_at_least_once() -> None:
    run = [scenario for scenario in grid() if is_short(scenario, is_quick=False)]
    assert {scenario.seeds for scenario in run} == set(SEEDS)
    assert {scenario.latency_ms for scenario in run} == set(LATENCY_MS)
    assert {scenario.in_flight for scenario in run} == {*IN_FLIGHT, min(SEEDS)}


def test_no_scenario_is_there_twice() -> None:
    names = [scenario.name for scenario in grid()]
    assert len(set(names)) == len(names)


def test_nobody_waits_for_an_hour() -> None:
    whole = sum(each.ideal_seconds for each in grid() if is_short(each, is_quick=False))
    quick = sum(each.ideal_seconds for each in grid() if is_short(each, is_quick=True))
    assert whole < 8 * MINUTES
    assert quick < MINUTES / 2
