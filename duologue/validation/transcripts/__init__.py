"""Reading transcripts, and checking them: conversations in files, whatever made them."""

from duologue.validation.transcripts.files import TRANSCRIPT_FORMATS, read_transcripts
from duologue.validation.transcripts.names import TranscriptNames
from duologue.validation.transcripts.transcript import (
    CheckedTranscript,
    Transcript,
    check_transcript,
    check_transcripts,
    judged_transcript,
)

__all__ = [
    "TRANSCRIPT_FORMATS",
    "CheckedTranscript",
    "Transcript",
    "TranscriptNames",
    "check_transcript",
    "check_transcripts",
    "judged_transcript",
    "read_transcripts",
]
