"""Text encodings of processes and files: labels, strict decoding with a lossless fall-back, encoding."""

from __future__ import annotations

import base64
import binascii
import sys
from dataclasses import dataclass

from luaskills.errors import HostFunctionError

BASE64 = "base64"
_WINDOWS = sys.platform == "win32"
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("system", "ansi", "acp"), "mbcs" if _WINDOWS else "utf-8"),
    **dict.fromkeys(("oem", "console"), "oem" if _WINDOWS else "utf-8"),
    **dict.fromkeys(("gbk", "cp936", "windows-936"), "gbk"),
    "gb18030": "gb18030",
    **dict.fromkeys(("latin1", "latin-1", "iso-8859-1"), "latin-1"),
    **dict.fromkeys((BASE64, "bytes"), BASE64),
}
_NAMES = {"mbcs": "system", "oem": "oem", "latin-1": "latin1"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """One encoding; `name` is what results report, `codec` what Python calls it."""

    name: str
    codec: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """Bytes as text; `base64` is filled when the text does not hold all of them or was asked for."""

    text: str
    lossy: bool
    base64: str | None


def encoding(label: str) -> Encoding:
    """The encoding of a label. Raises `HostFunctionError` for an unknown one, without a function prefix."""
    codec = _CODECS.get(label.strip().lower())
    if codec is None:
        raise HostFunctionError(f"unsupported text encoding `{label}`")
    return Encoding(_NAMES.get(codec, codec), codec)


def default_encoding(option: object) -> Encoding:
    """The encoding of the host option `default_text_encoding`, or of the platform."""
    if isinstance(option, str) and option.strip():
        return encoding(option)
    return encoding("system" if _WINDOWS else "utf-8")


def decode(content: bytes, chosen: Encoding) -> Decoded:
    """Text of `content`: strictly, or with replacement characters and the original bytes beside."""
    if chosen.codec == BASE64:
        whole = base64.b64encode(content).decode()
        return Decoded(whole, False, whole)
    try:
        return Decoded(content.decode(chosen.codec), False, None)
    except UnicodeDecodeError:
        return Decoded(content.decode(chosen.codec, "replace"), True, base64.b64encode(content).decode())


def encode(content: str, chosen: Encoding) -> bytes:
    """Bytes of a text. Raises `HostFunctionError` for a character the encoding does not have."""
    if chosen.codec == BASE64:
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise HostFunctionError(f"base64 decode failed: {error}") from None
    try:
        return content.encode(chosen.codec)
    except UnicodeEncodeError as error:
        raise HostFunctionError(f"character {content[error.start]!r} has no form in encoding `{chosen.name}`") from None
