"""From a request, or the record of an installation, to a release."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.engine.downloads import Downloads
from luaskills.engine.names import check_identifier
from luaskills.errors import ManagementError, ManifestError
from luaskills.management.github import latest_release, repository, skill_id_of
from luaskills.management.release import Release
from luaskills.management.requests import SourceRequest, SourceType
from luaskills.management.source_manifest import hub_release, private_release
from luaskills.types import Authority, Json


def requested_skill_id(asked: SourceRequest) -> str:
    """The id a request is about, from itself or its source; raises ManagementError."""
    if asked.source_type is SourceType.URL:
        raise ManagementError(
            "public URL skill install is disabled by source policy; "
            "use github, official_hub, or a host-private system manifest"
        )
    skill_id = asked.skill_id
    if asked.source is not None and asked.source_type is SourceType.GITHUB:
        repo = repository(asked.source)
        derived = skill_id_of(repo)
        if skill_id is not None and skill_id != derived:
            raise ManagementError(
                f"github repository '{repo}' resolves to skill_id '{derived}' but the request targets '{skill_id}'"
            )
        skill_id = derived
    elif skill_id is None and asked.source_type is SourceType.OFFICIAL_HUB:
        skill_id = asked.source
    if skill_id is None:
        raise ManagementError("install/update request requires skill_id or one source that can derive it")
    return checked_skill_id(skill_id)


def checked_skill_id(skill_id: str) -> str:
    """The id, when it may name a skill; raises ManagementError."""
    try:
        check_identifier("skill_id", skill_id)
    except ManifestError as error:
        raise ManagementError(str(error)) from None
    return skill_id


def resolve(
    skill_id: str,
    source_type: SourceType,
    locator: str | None,
    authority: Authority | None,
    options: Mapping[str, Json],
    downloads: Downloads,
) -> Release:
    """The newest version a source has; raises ManagementError, DependencyError."""
    match source_type:
        case SourceType.OFFICIAL_HUB:
            return hub_release(skill_id, locator, options, downloads)
        case SourceType.PRIVATE_URL_MANIFEST:
            return private_release(skill_id, locator, authority, options, downloads)
        case _:
            return latest_release(skill_id, repository(locator), downloads)
