from __future__ import annotations

import json

import pytest

from pharia_kernel.telemetry.redaction import Redaction, is_secret_field


@pytest.mark.parametrize(
    "text",
    [
        "Bearer s3cret",
        "authorization: Basic s3cret",
        "Authorization: s3cret",
        "{'Authorization': 's3cret'}",
        "[(b'authorization', b'Bearer s3cret')]",
        '{"x-api-key": "s3cret", "a": 1}',
        "Cookie: s3cret",
        "https://user:s3cret@example.org/x",
        "GET /x?access_token=s3cret&a=b",
        "password=s3cret",
        json.dumps({"text": '{"authorization": "Bearer s3cret"}'}),
    ],
)
def test_what_looks_like_credentials_is_masked(text: str) -> None:
    masked = Redaction()(text)
    assert "s3cret" not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text", ["bearer", "max_tokens=5", "someone@example.org", "authorization-url is not set", "x" * 1000]
)
def test_what_does_not_is_left_alone(text: str) -> None:
    assert Redaction(["s3cret"])(text) == text


def test_what_is_masked_in_json_stays_json() -> None:
    line = json.dumps({"message": "Authorization: s3cret", "headers": {"cookie": "a=b; c=d"}, "url": "http://u:p@h/"})
    assert json.loads(Redaction()(line))["message"] == "Authorization: ***"


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    assert Redaction(["s3cret", "s3cret-and-more"])("a s3cret-and-more b s3cret c") == "a *** b *** c"


def test_what_is_too_short_for_a_secret_is_no_secret() -> None:
    assert Redaction(["t", "info"])("text info") == "text info"


def test_fields_are_secret_by_their_names() -> None:
    secret = ("Authorization", "registry_password", "api-key", "token", "access_token", "Set-Cookie", "client_secret")
    assert all(map(is_secret_field, secret))
    assert not any(map(is_secret_field, ("tokens", "max_tokens", "namespace", "trace_id", "key")))


def test_secrets_that_come_later_are_masked_too() -> None:
    masked = Redaction(["s3cret"])
    masked.learn(["another", "s3cret-and-more"])
    assert masked("s3cret-and-more, s3cret, another") == "***, ***, ***"
