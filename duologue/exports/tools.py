"""What a version or a comparison can be exported for; light to import, for the command line."""

from enum import StrEnum


class Tool(StrEnum):
    """Whose loader is to read the file."""

    DEEPEVAL = "deepeval"
    """DeepEval: conversational goldens, for `add_goldens_from_jsonl_file`."""
    INSPECT = "inspect"
    """Inspect: samples, for `json_dataset`."""
    LANGFUSE = "langfuse"
    """Langfuse: dataset items, for `create_dataset_item`."""
    LANGSMITH = "langsmith"
    """LangSmith: examples, for `create_examples`."""
    MLFLOW = "mlflow"
    """MLflow: records of an evaluation dataset, for `merge_records` and `mlflow.genai.evaluate`."""
    PROMPTFOO = "promptfoo"
    """promptfoo: test cases, for `tests: file://…`."""
    SFT = "sft"
    """Fine-tuning: whole conversations as chat messages, as OpenAI, TRL and others read them."""
    PREFERENCES = "preferences"
    """Preference tuning: pairs of replies from a comparison, as TRL reads them."""
