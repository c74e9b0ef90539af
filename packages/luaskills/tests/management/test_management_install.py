"""Installing packages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from luaskills.errors import ManagementError


def refusal(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(ManagementError) as raised:
        call(*args, **more)
    return str(raised.value)


def test_an_installed_skill_answers_at_once(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.load()
    result = runtime.install("acme/notes")
    assert result == {
        "skill_id": "notes",
        "status": "installed",
        "message": "skill 'notes' installed with version 1.2.0",
        "version": "1.2.0",
        "source_type": "github",
        "source_locator": "acme/notes",
    }
    assert runtime.answer("notes") == "1.2.0"
    record = yaml.safe_load((tmp_path / "state" / "installs" / "notes.yaml").read_text())
    assert record.pop("installed_at_unix_ms") > 0
    assert record == {
        "skill_id": "notes",
        "version": "1.2.0",
        "managed": True,
        "source": {"source_type": "github", "locator": "acme/notes", "tag": "v1.2.0"},
        "root_name": "USER",
    }


def test_nothing_of_the_work_is_left_over(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    assert sorted(runtime.files()) == [
        "state/installs/notes.yaml",
        "user_skills/notes/runtime/run.lua",
        "user_skills/notes/skill.yaml",
    ]
    assert [path.name for path in (tmp_path / "state").iterdir() if path.is_dir()] == ["installs"]
    assert [path.name for path in (tmp_path / "user_skills").iterdir()] == ["notes"]


def test_what_is_installed_is_not_installed_again(runtime: Any, site: Any) -> None:
    # row 148
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    asked = len(site.asked)
    site.publish("notes", "1.3.0")
    result = runtime.install("acme/notes")
    assert (result["status"], result["message"]) == (
        "already_installed",
        "skill already exists; use update to evaluate upgrade behavior",
    )
    assert len(site.asked) == asked
    assert runtime.answer("notes") == "1.2.0"


def test_a_hand_copied_skill_counts_as_installed(runtime: Any) -> None:
    runtime.write("USER", "notes")
    result = runtime.install("acme/notes")
    assert (result["status"], result["version"], result["source_type"]) == ("already_installed", None, None)


def test_a_directory_that_only_hides_is_not_overwritten(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    (tmp_path / "user_skills" / "notes").mkdir(parents=True)
    message = f"target skill directory {tmp_path / 'user_skills' / 'notes'} already exists"
    assert refusal(runtime.install, "acme/notes") == message


def test_a_wrong_checksum_installs_nothing(runtime: Any, site: Any, tmp_path: Path) -> None:
    # row 150
    wrong = "0" * 64
    site.publish("notes", "1.2.0", checksums=f"{wrong} *notes-v1.2.0-skill.zip\n")
    before = runtime.files()
    message = refusal(runtime.install, "acme/notes")
    assert message.startswith(f"Checksum mismatch for notes-v1.2.0-skill.zip: expected {wrong}, got ")
    assert runtime.files() == before
    assert site.asked.count("/acme/notes/releases/download/v1.2.0/notes-v1.2.0-skill.zip") == 2
    assert list((tmp_path / "temp" / "downloads").iterdir()) == []


def test_a_damaged_cache_is_fetched_once_more(runtime: Any, site: Any, tmp_path: Path) -> None:
    site.publish("notes", "1.2.0")
    runtime.install("acme/notes")
    runtime.uninstall("notes")
    (cached,) = (tmp_path / "temp" / "downloads").iterdir()
    cached.write_bytes(b"damaged")
    assert runtime.install("acme/notes")["status"] == "installed"


def test_a_failing_reload_restores_what_was(runtime: Any, site: Any) -> None:
    # row 152
    site.publish("notes", "1.2.0")
    other = runtime.write("USER", "other")
    runtime.load()
    (other / "skill.yaml").write_text("skill_id: other\n")
    before = runtime.files()
    message = refusal(runtime.install, "acme/notes")
    assert message.startswith("Failed to reload LuaSkills after Install: skill manifest ")
    assert message.endswith("directory name is the only skill_id. The previous state was restored.")
    assert runtime.files() == before
    assert runtime.answer("other") == "1.0.0"
    assert not runtime.has("notes")


def test_without_network_nothing_is_asked(make: Any, site: Any) -> None:
    # row 156
    site.publish("notes", "1.2.0")
    runtime = make(allow_network_download=False)
    assert refusal(runtime.install, "acme/notes") == "network download is disabled by host policy"
    assert site.asked == []


def test_public_urls_are_no_source(runtime: Any) -> None:
    # row 158
    request = runtime.request(
        {"source": "https://example.invalid/notes.zip", "source_type": "url", "skill_id": "notes"}
    )
    assert refusal(runtime.management.install, "skills", request) == (
        "public URL skill install is disabled by source policy; use github, official_hub, or a host-private system "
        "manifest"
    )


@pytest.mark.parametrize("locator", ["https://github.com/o/my-skill/", "/o/my-skill/", "http://github.com/o/my-skill"])
def test_a_repository_names_the_skill(runtime: Any, site: Any, locator: str) -> None:
    # row 159
    site.publish("my-skill", "1.0.0", owner="o")
    result = runtime.install(locator)
    assert (result["skill_id"], result["source_locator"]) == ("my-skill", "o/my-skill")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("o/My-Skill", "derived github skill_id must match ^[a-z]([a-z0-9-]*[a-z0-9])?$"),
        ("notes", "github source 'notes' must be one repository locator in owner/repo form"),
        ("o/notes.git", "github source 'o/notes.git' must be one repository locator in owner/repo form"),
        ("o/notes/tree/x", "github source 'o/notes/tree/x' must be one repository locator in owner/repo form"),
        (
            "https://example.org/o/notes",
            "github source 'https://example.org/o/notes' must be one repository locator in owner/repo form",
        ),
        ("../notes", "github source '../notes' must be one repository locator in owner/repo form"),
    ],
)
def test_locators_that_name_no_repository_are_refused(runtime: Any, site: Any, source: str, message: str) -> None:
    # row 159
    assert refusal(runtime.install, source) == message
    assert site.asked == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "install/update request requires skill_id or one source that can derive it"),
        ({"source": "  "}, "install/update request requires skill_id or one source that can derive it"),
        ({"skill_id": "notes"}, "github install requires source repository"),
        (
            {"skill_id": "notes", "source": "acme/other"},
            "github repository 'acme/other' resolves to skill_id 'other' but the request targets 'notes'",
        ),
        (
            {"skill_id": "../notes", "source_type": "official_hub"},
            "skill_id must match ^[a-z]([a-z0-9-]*[a-z0-9])?$",
        ),
    ],
)
def test_requests_say_which_skill_and_from_where(runtime: Any, request_: dict[str, str], message: str) -> None:
    assert refusal(runtime.management.install, "skills", runtime.request(request_)) == message


def test_a_release_without_the_package_is_refused(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0", assets=["something.zip"])
    message = "GitHub release v1.2.0 does not contain asset 'notes-v1.2.0-skill.zip'"
    assert refusal(runtime.install, "acme/notes") == message


@pytest.mark.parametrize("checksums", ["", "0000  notes-v1.2.0-skill.zip\n", f"{'0' * 64}  other.zip\n"])
def test_a_release_without_the_checksum_is_refused(runtime: Any, site: Any, checksums: str) -> None:
    site.publish("notes", "1.2.0", checksums=checksums)
    message = "GitHub release 'v1.2.0' does not expose one SHA-256 checksum for 'notes-v1.2.0-skill.zip'"
    assert refusal(runtime.install, "acme/notes") == message


def test_a_release_whose_tag_is_no_version_is_refused(runtime: Any, site: Any) -> None:
    site.publish("notes", "latest")
    assert "GitHub release 'vlatest' of acme/notes is not one of a skill" in refusal(runtime.install, "acme/notes")


def test_an_unknown_repository_is_an_error_with_its_url(runtime: Any, site: Any) -> None:
    message = refusal(runtime.install, "acme/none")
    assert message.startswith(f"{site.url}/repos/acme/none/releases/latest can not be downloaded: HTTP Error 404")


def test_a_package_of_another_version_is_refused(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0", files={"notes/skill.yaml": "name: x\nversion: 9.9.9\nenable: false\n"})
    before = runtime.files()
    message = "downloaded skill package version '9.9.9' does not match resolved version '1.2.0'"
    assert refusal(runtime.install, "acme/notes") == message
    assert runtime.files() == before


def test_a_package_with_a_broken_manifest_is_refused_with_the_reason(runtime: Any, site: Any) -> None:
    site.publish("notes", "1.2.0", files={"notes/skill.yaml": "name: notes\nversion: 1.2.0\n"})
    message = "downloaded skill package of 'notes' is invalid: skill notes must declare at least one entry"
    assert refusal(runtime.install, "acme/notes") == message


def test_a_full_disk_leaves_the_old_state(runtime: Any, site: Any, tmp_path: Path) -> None:
    """A directory that can not be made stands for any refusal of the file system."""
    site.publish("notes", "1.2.0")
    (tmp_path / "user_skills").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "installs").write_text("in the way")
    before = runtime.files()
    assert refusal(runtime.install, "acme/notes").startswith("Install of skill 'acme/notes' failed: ")
    assert runtime.files() == before


def test_the_hub_gives_packages_by_id(make: Any, site: Any) -> None:
    site.publish("notes", "1.2.0")
    runtime = make(official_skill_hub_base_url=f"{site.url}/hub/")
    archive = site.answers["/acme/notes/releases/download/v1.2.0/notes-v1.2.0-skill.zip"]
    site.answers["/hub/api/v1/skills/notes/resolve?version=latest"] = manifest("notes", "1.2.0", archive, "/a.zip")
    site.answers["/a.zip"] = archive
    request = runtime.request({"skill_id": "notes", "source_type": "official_hub"})
    result = runtime.management.install("skills", request)
    assert (result["status"], result["source_type"], result["source_locator"]) == ("installed", "official_hub", "notes")
    assert runtime.management.update("skills", request)["status"] == "up_to_date"


def test_the_hub_is_asked_for_the_skill_of_the_request(make: Any, site: Any) -> None:
    runtime = make(official_skill_hub_base_url=site.url)
    request = runtime.request({"skill_id": "notes", "source": "other", "source_type": "official_hub"})
    assert refusal(runtime.management.install, "skills", request) == (
        "official_hub source 'other' does not match requested skill_id 'notes'"
    )


def test_without_a_hub_its_option_is_named(runtime: Any) -> None:
    request = runtime.request({"skill_id": "notes", "source_type": "official_hub"})
    assert refusal(runtime.management.install, "skills", request) == (
        "official_hub install requires host_options.official_skill_hub_base_url"
    )


def manifest(skill_id: str, version: str, archive: bytes, url: str) -> bytes:
    listed = {"type": "zip", "url": url, "sha256": hashlib.sha256(archive).hexdigest()}
    return json.dumps({"schema_version": 1, "skill_id": skill_id, "version": version, "archive": listed}).encode()


class TestPrivateManifests:
    def private(self, make: Any, site: Any, **host: Any) -> Any:
        site.publish("notes", "1.2.0")
        archive = site.answers["/acme/notes/releases/download/v1.2.0/notes-v1.2.0-skill.zip"]
        site.answers["/private/notes.json"] = manifest("notes", "1.2.0", archive, "notes.zip")
        site.answers["/private/notes.zip"] = archive
        allowed = {"enable_private_url_skill_install": True, "private_skill_source_allowlist": [f"{site.url}/private"]}
        return make(**{**allowed, **host})

    def request(self, runtime: Any, site: Any, **more: Any) -> dict[str, Any]:
        url = f"{site.url}/private/notes.json"
        base = {"skill_roots": runtime.chain, "skill_id": "notes", "manifest_url": url, "authority": "system"}
        return {**base, **more}

    def test_an_allowed_manifest_installs_and_updates(self, make: Any, site: Any, tmp_path: Path) -> None:
        runtime = self.private(make, site)
        result = runtime.management.install_from_manifest(self.request(runtime, site))
        assert (result["status"], result["source_type"]) == ("installed", "private_url_manifest")
        assert (tmp_path / "root_skills" / "notes").is_dir()
        assert runtime.management.update_from_manifest(self.request(runtime, site))["status"] == "up_to_date"

    def test_only_system_authority_may(self, make: Any, site: Any) -> None:
        runtime = self.private(make, site)
        request = self.request(runtime, site, authority="delegated_tool")
        assert refusal(runtime.management.install_from_manifest, request) == (
            "luaskills_ffi_system_private_install_skill_from_url_manifest_json requires system authority for private "
            "URL manifest operations"
        )
        asked = {
            "skill_id": "notes",
            "source": f"{site.url}/private/notes.json",
            "source_type": "private_url_manifest",
        }
        assert refusal(runtime.management.install, "skills", runtime.request(asked)) == (
            "private_url_manifest install is restricted to host system authority"
        )

    def test_the_host_has_to_allow_it(self, make: Any, site: Any) -> None:
        runtime = self.private(make, site, enable_private_url_skill_install=False)
        message = "private_url_manifest install is disabled by host source policy"
        assert refusal(runtime.management.install_from_manifest, self.request(runtime, site)) == message

    @pytest.mark.parametrize(
        "path", ["/privateer/notes.json", "/private/../x.json", "/private/%2e%2e/x.json", "/private/..%5cx.json", "/"]
    )
    def test_only_what_lies_in_an_allowed_directory_is_asked_for(self, make: Any, site: Any, path: str) -> None:
        runtime = self.private(make, site)
        url = f"{site.url}{path}"
        assert refusal(runtime.management.install_from_manifest, self.request(runtime, site, manifest_url=url)) == (
            f"private_url_manifest source '{url}' is not allowed by host source policy"
        )
        assert site.asked == []

    def test_another_host_with_the_allowed_name_in_front_is_not_allowed(self, make: Any, site: Any) -> None:
        runtime = self.private(make, site, private_skill_source_allowlist=["http://127.0.0.1"])
        request = self.request(runtime, site, manifest_url="http://127.0.0.1@example.invalid/x.json")
        assert "is not allowed by host source policy" in refusal(runtime.management.install_from_manifest, request)

    def test_a_manifest_of_another_skill_is_refused(self, make: Any, site: Any) -> None:
        runtime = self.private(make, site)
        request = self.request(runtime, site, skill_id="other")
        assert refusal(runtime.management.install_from_manifest, request) == (
            "downloaded skill package resolves to skill_id 'notes' instead of 'other'"
        )

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"skill_id": "notes", "version": "1"}', b"\xff"])
    def test_a_manifest_that_makes_no_sense_is_refused(self, make: Any, site: Any, content: bytes) -> None:
        runtime = self.private(make, site)
        site.answers["/private/notes.json"] = content
        message = refusal(runtime.management.install_from_manifest, self.request(runtime, site))
        assert message.startswith(f"skill manifest {site.url}/private/notes.json is invalid: ")
