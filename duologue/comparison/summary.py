"""A comparison for people and for CI: Markdown for a pull request, and JUnit XML."""

import xml.etree.ElementTree as ET

from duologue.comparison.manifest import ComparisonManifest, Difference
from duologue.comparison.result import amount, shown, span, spoken, spoken_p


def summary(manifest: ComparisonManifest) -> str:
    """Renders a comparison as Markdown: the answer, the gates, and the outcomes."""
    settings, pairs = manifest.settings, manifest.pairs
    left_out = {
        "left out because the simulated user left its role": pairs.users_fault,
        "failed": pairs.missing,
    }
    return "\n".join(
        [
            f"## {manifest.answer}",
            "",
            f"`{settings.candidate.reference}` against `{settings.baseline.reference}` on "
            f"{manifest.dataset}: {pairs.compared} of {pairs.pairs} pairs compared, "
            f"{pairs.unchanged} of them the same word for word.",
            "",
            *(["**Passed.**"] if not manifest.failed_gates else ["**Not passed:**", ""]),
            *(f"- {reason}" for reason in manifest.reasons),
            "",
            "| outcome | baseline | candidate | difference | p |",
            "|---|---:|---:|---:|---:|",
            *map(_row, sorted(manifest.differences, key=lambda one: one.p_adjusted is None)),
            "",
            "Outcomes marked with * are exploratory: no gate uses them.",
            "",
            *(
                f"- {side}: {count} conversations {what}"
                for what, by_side in left_out.items()
                for side, count in by_side.items()
                if count
            ),
            *(
                f"- with the left out pairs, {spoken(one.outcome)} differs by "
                f"{amount(one, one.difference)} ({span(one)})"
                for one in manifest.sensitivity
            ),
        ]
    )


def _row(one: Difference) -> str:
    mark = "*" if one.p_adjusted is None else ""
    return (
        f"| {spoken(one.outcome)}{mark} | {shown(one, one.baseline)} | {shown(one, one.candidate)} "
        f"| {amount(one, one.difference)} ({span(one)}) "
        f"| {spoken_p(one)} |"
    )


def junit(manifest: ComparisonManifest) -> str:
    """Renders the outcomes that gates use as JUnit XML, one test case each."""
    failed = manifest.failed_gates
    names = dict.fromkeys(
        (*(one.outcome for one in manifest.gated), *(one.outcome for one in failed if one.outcome))
    )
    others = [one for one in failed if one.outcome is None]
    suite = ET.Element(
        "testsuite",
        name=f"duologue compare {manifest.dataset}",
        tests=str(len(names) + len(others)),
        failures=str(len({one.outcome for one in failed if one.outcome}) + len(others)),
        time=f"{manifest.seconds:.1f}",
    )
    for name in names:
        case = ET.SubElement(suite, "testcase", classname="duologue.compare", name=name)
        # Two failures in one case are more than some readers of JUnit XML understand.
        if reasons := [one.reason for one in failed if one.outcome == name]:
            ET.SubElement(case, "failure", message="; ".join(reasons))
    for one in others:
        case = ET.SubElement(suite, "testcase", classname="duologue.compare", name="gate")
        ET.SubElement(case, "failure", message=one.reason)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
