"""Which index the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.composition.documents import default_directory, document_index, embedder, kept_here
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.csi.documents import AbsentDocuments
from pharia_kernel.csi.documents.embedded import EmbeddedDocuments
from pharia_kernel.csi.documents.remote import RemoteDocuments
from pharia_kernel.csi.embeddings import OpenAiEmbedder, StaticEmbedder
from pharia_kernel.errors import ConfigError, NotConfigured, UnsupportedOperation

_URL = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, EmbeddedDocuments),
        ({"document_index_url": _URL}, RemoteDocuments),
        ({"document_index_url": ""}, EmbeddedDocuments),
        ({"document_index_url": _URL, "document_index": "embedded"}, EmbeddedDocuments),
        ({"document_index_url": _URL, "document_index": "none"}, AbsentDocuments),
        ({"document_index_url": _URL, "document_index": "remote"}, RemoteDocuments),
    ],
)
async def test_the_index_is_the_one_that_is_configured(given: dict[str, Any], kind: type) -> None:
    assert isinstance(document_index(Settings.model_validate(given)), kind)


def test_a_remote_index_needs_its_address() -> None:
    with pytest.raises(ConfigError, match="DOCUMENT_INDEX_URL"):
        document_index(Settings(document_index="remote"))


def test_the_address_is_that_of_the_original(tmp_path: Path) -> None:
    environ = {"DOCUMENT_INDEX_URL": f"{_URL}/", "HOME": "/home/x"}
    settings = load_settings(environ=environ, directory=tmp_path)
    assert (settings.document_index_url, settings.warnings) == (_URL, ())
    assert (
        load_settings(environ={"DOCUMENT_INDEX_URL": "", "HOME": "/h"}, directory=tmp_path).document_index_url is None
    )


async def test_only_the_embedded_index_is_changed_here() -> None:
    embedded = document_index(Settings())
    assert kept_here(embedded) is embedded
    with pytest.raises(UnsupportedOperation):
        kept_here(document_index(Settings.model_validate({"document_index_url": _URL})))
    with pytest.raises(NotConfigured):
        kept_here(document_index(Settings(document_index="none")))


async def test_texts_are_embedded_here_or_by_an_endpoint() -> None:
    assert isinstance(embedder(Settings()), StaticEmbedder)
    remote = embedder(Settings.model_validate({"embeddings": {"url": _URL, "model": "m", "token": "sk-secret"}}))
    assert isinstance(remote, OpenAiEmbedder)
    assert remote.model == "m"


def test_an_endpoint_needs_a_model_and_its_token_stays_secret(tmp_path: Path) -> None:
    environ = {"EMBEDDINGS__URL": _URL, "EMBEDDINGS__TOKEN": "sk-secret", "HOME": "/h"}
    with pytest.raises(ConfigError, match="EMBEDDINGS__MODEL") as caught:
        load_settings(environ=environ, directory=tmp_path)
    settings = load_settings(environ={**environ, "EMBEDDINGS__MODEL": "m"}, directory=tmp_path)
    assert "sk-secret" not in str(caught.value) + repr(settings)


def test_an_overlap_is_smaller_than_a_passage(tmp_path: Path) -> None:
    environ = {"EMBEDDED_DOCUMENTS__PASSAGE_CHARACTERS": "50", "HOME": "/h"}
    with pytest.raises(ConfigError, match="overlap-characters must be smaller"):
        load_settings(environ=environ, directory=tmp_path)


def test_documents_are_in_the_data_directory_of_the_user() -> None:
    assert default_directory({"XDG_DATA_HOME": "/data"}) == Path("/data/pharia-kernel/documents")
    assert default_directory({"HOME": "/home/ann"}) == Path("/home/ann/.local/share/pharia-kernel/documents")
