"""Options as a person gave them, checked."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from duologue.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], values: Model | Mapping[str, Any]) -> Model:
    """Takes options as a person gave them, and tells the first wrong one in a sentence.

    Raises:
        UsageError: one of them cannot be used.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(map(str, first["loc"]))
        raise UsageError(f"{option} is {first['input']!r}: {first['msg'].lower()}") from None
