"""Reading users from transcript files of any kind, a version's conversations among them."""

from duologue.realism.measuring import Source
from duologue.realism.users import UserSide, user_side
from duologue.storage.locations import without_credentials
from duologue.validation.corpus import without_stop_token
from duologue.validation.transcripts import TranscriptNames, read_transcripts
from duologue.validation.transcripts.names import ALL_RECOGNISED


def read_users(
    path: str, names: TranscriptNames = ALL_RECOGNISED, file_format: str | None = None
) -> Source:
    """Reads the user's side of every conversation in a file.

    Args:
        path: a path or a URL, as `duologue check` takes it.
        names: what the file calls its parts; those not given are recognised.
        file_format: the format, if the file's name does not show it.

    Raises:
        UsageError: the file cannot be read, or holds no conversation.
    """
    users: list[UserSide] = []
    left_out = 0
    transcripts, _ = without_stop_token(read_transcripts(path, names, file_format))
    for transcript in transcripts:
        user = user_side(
            transcript.id, transcript.messages, transcript.positions, transcript.domain
        )
        if user is None:
            left_out += 1
        else:
            users.append(user)
    return Source(without_credentials(path), users, left_out)
