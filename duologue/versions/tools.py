"""The evaluation tools a version can be exported for; light to import, for the command line."""

from enum import StrEnum


class EvaluationTool(StrEnum):
    """Whose loader is to read the file."""

    DEEPEVAL = "deepeval"
    """DeepEval: conversational goldens, for `add_goldens_from_jsonl_file`."""
    PROMPTFOO = "promptfoo"
    """promptfoo: test cases, for `tests: file://…`."""
    OPENAI_EVALS = "openai-evals"
    """OpenAI's open-source `evals`: samples, for `samples_jsonl`."""
