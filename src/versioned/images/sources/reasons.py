"""Why a source did not answer, in a line that can be shown to anybody. Pure."""

from __future__ import annotations

import re

from versioned.errors import VersionedError

_LIMIT = 300
_NAMES = (
    "passw|passphrase|secret|token|credential|signature|authorization|api[_-]?key|access[_-]?key"
)
_SECRETS = (
    (re.compile(r"://[^/\s'\"]*@"), "://***@"),
    (re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\"]*"), r"\1?***"),
    (re.compile(r"(/[^\s?'\"]*)\?[^\s'\"]*=[^\s'\"]*"), r"\1?***"),
    (re.compile(r"\b(Bearer|Basic|Negotiate)\s+[^\s'\"]+", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"), "***"),
    (
        re.compile(
            rf"((?<![\w-])(?!\w*(?:Error|Exception)\b)[\w-]*(?:{_NAMES})[\w-]*['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&]+)",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
)


def one_line(text: str) -> str:
    """At most 300 characters, in which whatever looks like a secret is starred out."""
    text = " ".join(text[: _LIMIT * 20].split())
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _LIMIT else f"{text[: _LIMIT - 3]}..."


def reason_of(error: BaseException) -> str:
    """`one_line` of the message of an error of ours; of any other with its kind."""
    if isinstance(error, VersionedError):
        return one_line(error.message)
    kind = type(error).__name__
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - a foreign error may even fail to say what it is
        text = ""
    return one_line(f"{kind}: {text}" if text else kind)
