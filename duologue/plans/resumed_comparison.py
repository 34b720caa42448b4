"""Resuming a comparison by its name alone: its settings are stored with it."""

from pydantic import ValidationError

from duologue.errors import UsageError
from duologue.settings.comparison import ComparisonForm
from duologue.settings.options import validated
from duologue.storage.files import located, storage_errors
from duologue.storage.locations import without_credentials
from duologue.versions.checkpoints import CHECKPOINTS_FOLDER
from duologue.versions.places import COMPARISONS_FOLDER, EXAMPLE_VERSION, is_version

FORM = "form"
"""The name of the checkpoint with the settings that a comparison was started with."""


def with_stored_settings(form: ComparisonForm) -> ComparisonForm:
    """Returns the settings of a comparison to resume: the stored ones, overridden by those given.

    Settings that are given as their defaults count as not given.

    Raises:
        UsageError: there is no such comparison, or its settings cannot be read.
    """
    comparison = form.advanced.resume if form.advanced else None
    if comparison is None:
        return form
    stored = _stored(comparison, form)
    before = stored.model_dump(mode="json", exclude_defaults=True)
    given = form.model_dump(mode="json", exclude_defaults=True)
    if given.get("baseline_version") == "latest":
        del given["baseline_version"]  # it was the latest when the comparison started
    advanced = {**before.pop("advanced", {}), **given.pop("advanced", {})}
    return validated(ComparisonForm, {**before, **given, "advanced": advanced})


def _stored(comparison: str, form: ComparisonForm) -> ComparisonForm:
    subject = f"resume {comparison!r}"
    if not is_version(comparison):
        raise UsageError(f"{subject}: expected a comparison such as {EXAMPLE_VERSION}")
    pattern = f"{COMPARISONS_FOLDER}/{CHECKPOINTS_FOLDER}/{comparison}/{FORM}.json"
    with storage_errors(f"{without_credentials(form.output)}: cannot be read"):
        found = list(located(form.output).glob(f"{form.name or '*'}/{pattern}"))
    if not found:
        raise UsageError(
            f"{subject}: {without_credentials(form.output)} has no such comparison; check it, and "
            "`output` and `name`, or leave `resume` empty to start a new one"
        )
    try:
        return ComparisonForm.model_validate_json(found[0].read_bytes())
    except ValidationError as error:
        raise UsageError(
            f"{subject}: its settings cannot be read ({error.error_count()} are wrong); repeat the "
            "whole command without `resume`"
        ) from None
