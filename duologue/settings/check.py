"""The settings of `duologue check`."""

from duologue.settings.judges import JudgeOptions
from duologue.settings.options import AtLeastOne, Options
from duologue.settings.participants import CallSettings
from duologue.settings.rules import RuleSettings
from duologue.settings.run import Budget

CHECK_SETTINGS = ("rules", "judges", "budget", "call", "max_concurrency")
"""Those of a config file that `duologue check` takes."""


class CheckSettings(Options):
    """How transcripts are checked."""

    rules: RuleSettings = RuleSettings()
    """Which validation rules apply, how severe each is, and their thresholds."""
    judges: tuple[JudgeOptions, ...] = ()
    """Judges that read the conversations, a table each: `reference`, and what it is asked."""
    budget: Budget = Budget()
    """When the judges are asked no further."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a judge's single call."""
    max_concurrency: AtLeastOne = 32
    """How many conversations are judged concurrently."""
