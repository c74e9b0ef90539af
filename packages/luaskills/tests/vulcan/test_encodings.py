"""Text encodings."""

from __future__ import annotations

import pytest

from luaskills.errors import HostFunctionError
from luaskills.vulcan.encodings import decode, default_encoding, encode, encoding


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        (" UTF8 ", "utf-8"),
        ("acp", "utf-8"),
        ("OEM", "utf-8"),
        ("cp936", "gbk"),
        ("Latin-1", "latin-1"),
        ("bytes", "base64"),
    ],
)
def test_labels(label, codec):
    assert encoding(label).codec == codec


def test_an_unknown_label_is_named():
    with pytest.raises(HostFunctionError, match="unsupported text encoding `utf-7`"):
        encoding("utf-7")


def test_the_default_follows_the_host_option():
    assert (default_encoding("gb18030").name, default_encoding(None).name) == ("gb18030", "utf-8")


def test_base64_is_always_filled():
    decoded = decode(b"\xff", encoding("base64"))
    assert (decoded.text, decoded.base64, decoded.lossy) == ("/w==", "/w==", False)
    assert encode("/w==", encoding("base64")) == b"\xff"


def test_a_character_without_form_is_named():
    with pytest.raises(HostFunctionError, match="'你' has no form in encoding `latin1`"):
        encode("你", encoding("latin1"))
