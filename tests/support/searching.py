"""Looking for a secret in whatever a run leaves behind."""

import base64
import html
import json
import urllib.parse
from pathlib import Path


def spellings(secret: str) -> set[str]:
    """How a text may be written: readably, and as base64 and hex do."""
    plain = secret.encode()
    # In the middle of other bytes base64 looks one of three ways, without what is shared with them.
    in_base64 = {
        base64.b64encode(b" " * shift + plain).decode()[-(-shift * 8 // 6) : bits // 6]
        for shift in range(3)
        if (bits := (shift + len(plain)) * 8)
    }
    return {*readable_spellings(secret), plain.hex(), *in_base64}


def readable_spellings(secret: str) -> set[str]:
    """How a text may be written: as it is, and as JSON, HTML, URLs and Python do."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
    }


def files_with(secret: str, folder: Path) -> list[Path]:
    """Lists the files below a folder that hold a secret in any spelling."""
    wanted = [spelt.encode() for spelt in spellings(secret)]
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(spelt in path.read_bytes() for spelt in wanted)
    ]
