"""What must not stand in a log: the secrets of the settings, and what looks like credentials.

Hot path. A line without any costs 4 us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

MASK = "***"
_SHORTEST = 5
"""Characters; what is shorter is no secret, and stands in many words."""

_SECRET_FIELD = re.compile(r"authorization|token$|password|secret|api[-_]?key|cookie|credential", re.IGNORECASE)
_WORDS = ("bearer", "authorization", "api-key", "api_key", "apikey", "cookie", "token=", "password", "secret=", "@")
"""Without one of these a line has nothing that a pattern would find."""
_PATTERNS = (
    (re.compile(r"\b((?:Bearer|Basic)\s+)[^\s'\",\\]+", re.IGNORECASE), rf"\g<1>{MASK}"),
    (
        re.compile(
            r"((?:authorization|(?:x-)?api[-_]?key|(?:set-)?cookie|password)\\?['\"]?\s*[:=]\s*(?:b(?=['\"]))?\\?['\"]?)"
            r"(?!(?:Bearer|Basic)\s)[^\s'\",\\]+",
            re.IGNORECASE,
        ),
        rf"\g<1>{MASK}",
    ),
    (
        re.compile(r"([?&\s](?:\w*token|api[-_]?key|password|secret|signature)=)[^\s&'\"\\]+", re.IGNORECASE),
        rf"\g<1>{MASK}",
    ),
    (re.compile(r"(://)[^\s/@'\"]+@"), rf"\g<1>{MASK}@"),
)


class Redaction:
    """Knows the secrets of one kernel."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these too from now on; may be called from any thread."""
        written = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._secrets = sorted({*self._secrets, *written}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with a mask in the place of each secret."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        lowered = text.lower()
        if any(word in lowered for word in _WORDS):
            for pattern, masked in _PATTERNS:
                text = pattern.sub(masked, text)
        return text


def is_secret_field(name: str) -> bool:
    """Whether a field of this name is not to be shown, whatever it holds."""
    return _SECRET_FIELD.search(name) is not None


def _forms(secret: str) -> set[str]:
    """As it is, and as it stands in a ``repr``, and in JSON."""
    plain = (secret, repr(secret)[1:-1])
    return {*plain, *(json.dumps(form, ensure_ascii=ascii)[1:-1] for form in plain for ascii in (True, False))}
