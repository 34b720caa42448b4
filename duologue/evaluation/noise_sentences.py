"""What an evaluation says about the noise, in the terminal, the report and the Prefect UI."""

from duologue.evaluation.manifest import NoiseRecord, NoiseTest


def noise_sentences(noise: NoiseRecord | None) -> list[str]:
    """Says how each side compares with the noise, or why similarity is only information."""
    if noise is None:
        return []
    if noise.unmeasured:
        return [f"Similarity is only information: {noise.unmeasured}."]
    if not noise.tests:
        return [
            "Similarity is only information: no prefix has all the replies that a comparison "
            "with the noise needs."
        ]
    sentences = []
    for side, test in noise.tests.items():
        sentences += [
            f"The {side}'s replies are {_compared(test, noise.level)} the version's chatbot asked "
            f"again {noise.samples} times: mean {noise.scorer} to the nearest right reply "
            f"{test.closeness:.3f} against {test.noise_closeness:.3f}, {test.below_noise} of "
            f"{test.prefixes} below the noise (p = {test.p_value:.2g}).",
        ]
    return [*sentences, *([_power(next(iter(noise.tests.values())))] if noise.level else [])]


def _compared(test: NoiseTest, level: float) -> str:
    if test.p_value <= level:
        return "worse than those of"
    return "not clearly worse than those of"


def _power(test: NoiseTest) -> str:
    size = f"{test.prefixes} prefixes of {test.seeds} seeds"
    if test.findable_share is None or test.findable_share > 0.5:
        return f"{size} are too few to tell a worse chatbot from noise; use more seeds."
    return (
        f"With {size} the test finds about {test.findable_share:.0%} wrong replies or more in 95 "
        "of 100 evaluations."
    )
