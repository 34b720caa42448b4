"""Publishes a version as a dataset on the Hugging Face Hub."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from duologue.dataset.card import CARD_FILE, card
from duologue.dataset.formats import CONVERSATIONS_FILE, NEXT_TURNS_FILE
from duologue.errors import UsageError
from duologue.exports.croissant import CROISSANT_FILE, croissant
from duologue.settings.rules import LANGUAGE_CONFIDENCE, LANGUAGE_LETTERS
from duologue.storage.files import storage_errors
from duologue.storage.locations import without_credentials
from duologue.validation.language import spoken_language
from duologue.versions.loading import Dataset

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

LEAST_SHARE_OF_A_LANGUAGE = 0.05
"""Of the conversations; fewer are more likely mistakes of the detector than a language."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a version on the Hub."""

    url: str
    """Of the repository."""
    is_new: bool
    """Whether a commit was made; False if the repository held the version already."""


def publish_to_hub(
    dataset: Dataset, repository: str, *, licence: str | None = None, public: bool = False
) -> Published:
    """Uploads a version's Parquet files, its card and its Croissant metadata, in one commit.

    Args:
        dataset: the version.
        repository: such as `my-team/support-conversations`; made if there is none.
        licence: its identifier on the Hub, such as `cc-by-4.0`.
        public: whether everyone may read it. A repository that exists stays as it is, and a public
            one is refused without this.

    Raises:
        UsageError: the extra or the token is missing, the version is held back, the repository is
            public, or the Hub refuses.
    """
    manifest = dataset.manifest
    if manifest.held_back:
        raise UsageError(
            f"{manifest.dataset} {manifest.version} is held back ({manifest.held_back[0]}); "
            "publish one that passes its gates"
        )
    hub = _hub()
    with _refusals(repository):
        url = str(
            hub.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        )
        files = _files(dataset, url, licence)
        before = hub.repo_info(repository, repo_type="dataset")
        if not before.private and not public:
            raise UsageError(
                f"publish-to hub {repository!r}: the dataset is public, so everyone could read the "
                "conversations; add --public to publish them, or name another one"
            )
        after = hub.create_commit(
            repository,
            _operations(files),
            commit_message=f"{manifest.dataset} {manifest.version}, revision {manifest.revision}",
            repo_type="dataset",
        ).oid
    return Published(url, is_new=before.sha != after)


def _hub() -> "HfApi":
    try:
        from huggingface_hub import HfApi, get_token
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise UsageError(
            "publish-to hub: huggingface_hub is not installed; install the extra: "
            'pip install "duologue[hub]"'
        ) from None
    if not get_token():
        raise UsageError(
            "publish-to hub: there is no token; set HF_TOKEN to one that may write, or run "
            "`hf auth login`"
        )
    disable_progress_bars()
    # It would warn that a commit without changes is not made.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return HfApi(library_name="duologue")


def _files(dataset: Dataset, url: str, licence: str | None) -> dict[str, bytes]:
    """Returns what the repository holds, by name."""
    place = without_credentials(dataset.folder)
    manifest = dataset.manifest
    with storage_errors(f"{place}: cannot be read"):
        data = {
            name: (dataset.folder / name).read_bytes()
            for name in (CONVERSATIONS_FILE, NEXT_TURNS_FILE)
        }
        languages = _languages(dataset)
    described = json.dumps(croissant(manifest, url, licence), indent=2)
    seed_file = PurePath(manifest.seed_file.path).name  # where it was is nobody else's business
    text = {
        CARD_FILE: card(manifest, seed_file, languages, licence),
        CROISSANT_FILE: f"{described}\n",
    }
    return data | {name: content.encode() for name, content in text.items()}


def _operations(files: dict[str, bytes]) -> list["CommitOperationAdd"]:
    from huggingface_hub import CommitOperationAdd

    return [CommitOperationAdd(name, content) for name, content in files.items()]


def _languages(dataset: Dataset) -> list[str]:
    """Detects the languages of the users, the most frequent first."""
    counted: Counter[str] = Counter()
    total = 0
    for batch in dataset.conversations.arrow.to_batches(columns=["messages"]):
        for row in batch.to_pylist():
            said = " ".join(one["text"] for one in row["messages"] if one["role"] == "USER")
            total += 1
            if language := spoken_language(said, LANGUAGE_LETTERS, LANGUAGE_CONFIDENCE):
                counted[language] += 1
    return [name for name, n in counted.most_common() if n >= LEAST_SHARE_OF_A_LANGUAGE * total]


@contextmanager
def _refusals(repository: str) -> Iterator[None]:
    """Turns the Hub's errors into one sentence; the originals hold whole requests."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # That of its HTTP client, which is not the same library in each of its releases.
    http_error = cast(type[Exception], HfHubHTTPError.__mro__[1])
    try:
        yield
    except HFValidationError:
        problem = "is no name of a repository; expected one such as my-team/my-dataset"
    except HfHubHTTPError as error:
        status = error.response.status_code
        advice = (
            "check that HF_TOKEN may write to it"
            if status in (401, 403, 404)
            else "try again later; what is published already is not published twice"
        )
        problem = f"the Hub answered {status} {error.response.reason_phrase}; {advice}"
    except ValueError as error:
        if CARD_FILE not in str(error):
            raise
        problem = f"the Hub refuses the card: {' '.join(str(error).split())}; check --license"
    except (http_error, OSError) as error:
        problem = f"the Hub cannot be reached ({type(error).__name__}); try again later"
    else:
        return
    raise UsageError(f"publish-to hub {repository!r}: {problem}")
