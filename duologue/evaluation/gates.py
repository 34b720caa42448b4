"""The gates: what the candidate must reach for the evaluation to pass."""

from collections.abc import Collection, Iterator, Mapping

from duologue.errors import UsageError
from duologue.evaluation.causes import JUDGE
from duologue.evaluation.manifest import Estimate, NoiseRecord, SideSummary, SuiteRunRecord
from duologue.evaluation.replies import Side, Verdict
from duologue.settings.evaluation import EvaluationGates

_TOLERANCE = 1e-9
"""For comparing floating-point numbers: 0.29 of 100 is 28.999999999999996."""


def check_gates(gates: EvaluationGates, scorer_names: Collection[str], has_baseline: bool) -> None:
    """Checks, before anything is billed, that each gate has something to measure.

    Raises:
        UsageError: a gate names a scorer that does not run, or needs a baseline that is missing.
    """
    for gate, names in (("min_scores", gates.min_scores), ("max_drops", gates.max_drops)):
        for name in names:
            if name not in scorer_names:
                raise UsageError(
                    f"{gate}: there is no scorer {name!r}; there are "
                    f"{', '.join(sorted(scorer_names))}"
                )
    if gates.max_drops and not has_baseline:
        raise UsageError(
            f"max_drops has {', '.join(gates.max_drops)}, and there is no baseline to compare "
            "with; name one, or use min_scores"
        )


def failed_gates(
    sides: Mapping[Side, SideSummary],
    differences: Mapping[str, Estimate],
    prefixes: int,
    gates: EvaluationGates,
    test_suite: SuiteRunRecord | None,
    noise: NoiseRecord | None = None,
    is_versions_own: bool = False,
    stopped_early: str | None = None,
) -> tuple[str, ...]:
    """Returns one sentence for each gate that the candidate fails; empty if it passes them all.

    Args:
        sides: from `summarise`.
        differences: from `summarise`.
        prefixes: how many replies were requested of each side.
        gates: checked by `check_gates`.
        test_suite: the Test Suite's result; None if none was requested.
        noise: how the replies compare with the noise; None if it was not looked at.
        is_versions_own: whether the candidate is the version's own chatbot, in the same release.
        stopped_early: why the run did not request all replies; None if it did.
    """
    if Side.CANDIDATE not in sides:
        return ("no reply was requested of the candidate; expected at least one prefix to answer",)
    candidate = sides[Side.CANDIDATE]
    return (
        *([f"the run stopped early: {stopped_early}"] if stopped_early else []),
        *_too_many_failed(candidate, prefixes, gates),
        *_too_many_regressed(candidate, prefixes, gates, noise),
        *_worse_than_noise(noise, gates, is_versions_own),
        *_too_low(candidate.scores, gates),
        *_dropped(differences, gates),
        *_suite_failure(test_suite),
    )


def _too_many_failed(
    candidate: SideSummary, prefixes: int, gates: EvaluationGates
) -> Iterator[str]:
    failed, most = candidate.verdicts.get(Verdict.FAILED, 0), gates.max_failed_share
    if failed > most * prefixes + _TOLERANCE:
        yield (
            f"{failed} of {prefixes} prefixes have no reply ({failed / prefixes:.1%}); "
            f"max_failed_share allows {most:.1%}"
        )


def _too_many_regressed(
    candidate: SideSummary, prefixes: int, gates: EvaluationGates, noise: NoiseRecord | None
) -> Iterator[str]:
    """Compares with the version's chatbot asked again, which may break rules by chance as well."""
    replies = prefixes - candidate.verdicts.get(Verdict.FAILED, 0)
    regressed, most = candidate.regressed_for_themselves, gates.max_regressed_share
    asked_again = noise.regressed_share if noise else 0.0
    if regressed <= (most + asked_again) * replies + _TOLERANCE:
        return
    test = noise.tests.get(Side.CANDIDATE) if noise else None
    p_value = test.broken_rules_p_value if test else None
    judged = any(cause.startswith(JUDGE) for cause in candidate.causes)
    if p_value is not None and p_value > gates.noise_level and not judged:
        return
    beyond = f" beyond the {asked_again:.1%} of the version's chatbot" if asked_again else ""
    yield (
        f"{regressed} of {replies} replies break a rule or fail before a judge "
        f"({regressed / replies:.1%}); max_regressed_share allows {most:.1%}{beyond}"
    )


def _worse_than_noise(
    noise: NoiseRecord | None, gates: EvaluationGates, is_versions_own: bool
) -> Iterator[str]:
    if noise is None or not gates.noise_level:
        return
    if noise.has_changed and is_versions_own:
        yield f"{noise.unmeasured}; make a new version if the change is wanted"
    test = noise.tests.get(Side.CANDIDATE)
    if test and test.p_value <= gates.noise_level:
        yield (
            f"the replies are less similar to the right ones ({test.closeness:.3f}) than those of "
            f"the version's chatbot asked again ({test.noise_closeness:.3f}), by more than its "
            f"noise explains (p = {test.p_value:.2g}; {test.below_noise} replies are below the "
            f"noise); noise_level allows {gates.noise_level:g}"
        )


def _too_low(scores: Mapping[str, Estimate], gates: EvaluationGates) -> Iterator[str]:
    for name, least in gates.min_scores.items():
        if name not in scores:
            yield f"no reply has the score {name}; min_scores asks for a mean of {least:g}"
        elif scores[name].mean < least - _TOLERANCE:
            yield f"the mean of {name} is {scores[name].mean:.3f}; min_scores asks for {least:g}"


def _dropped(differences: Mapping[str, Estimate], gates: EvaluationGates) -> Iterator[str]:
    for name, most in gates.max_drops.items():
        if name not in differences:
            yield (
                f"no prefix has the score {name} of both sides; max_drops allows a drop of {most:g}"
            )
        elif (drop := differences[name]).high < -most - _TOLERANCE:
            yield (
                f"the mean of {name} is {-drop.mean:.3f} below the baseline's (confidence interval "
                f"{-drop.high:.3f} to {-drop.low:.3f}); max_drops allows {most:g}"
            )


def _suite_failure(test_suite: SuiteRunRecord | None) -> Iterator[str]:
    if test_suite and test_suite.error:
        yield (
            f"the Test Suite {test_suite.suite} has no result ({test_suite.error}); expected one"
        )
