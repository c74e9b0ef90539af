"""Studio over HTTP: projects, and the traces in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter
from pydantic import BaseModel

from pharia_skill.errors import OutdatedPhariaAI, SettingMissing, StudioError
from pharia_skill.studio.exporter import StudioExporter
from pharia_skill.studio.span import StudioSpan, StudioSpanList
from pharia_skill.testing.dev import environment
from pharia_skill.testing.dev.bearer import Bearer

_TIMEOUT = (10.0, 60.0)


class StudioProject(BaseModel):
    name: str
    description: str | None


class StudioClient:
    """``PHARIA_STUDIO_ADDRESS`` and ``PHARIA_AI_TOKEN`` say where and who; a ``.env`` file may hold them.

    Asks at once whether Studio is there. Raises :class:`~pharia_skill.errors.SettingMissing` and
    :class:`~pharia_skill.errors.StudioError`, which is a ``ValueError``.
    """

    def __init__(self, project_name: str) -> None:
        environment.load_environment()
        token = environment.token()
        if token is None:
            raise SettingMissing(
                f"the environment variable {environment.TOKEN} is not set (Studio takes traces from people it knows)"
            )
        self.url = os.environ.get(environment.STUDIO_ADDRESS, "").rstrip("/")
        if not self.url:
            self.url = environment.address(environment.STUDIO_ADDRESS)
        self._token = token
        self._bearer = Bearer(token)
        self._project_name = project_name
        self._project_id: str | None = None
        self._check_connection()

    @classmethod
    def with_project(cls, project_name: str) -> StudioClient:
        """Make the project when Studio has none of this name."""
        client = cls(project_name)
        client._project_id = client._find(project_name)
        if client._project_id is None:
            client._project_id = client.create_project(project_name)
        return client

    @property
    def project_id(self) -> str:
        """Raises ``StudioError`` when there is no project of this name."""
        if self._project_id is None:
            self._project_id = self._find(self._project_name)
        if self._project_id is None:
            raise StudioError(
                f"Project {self._project_name} was not available. Consider creating it with "
                "`StudioClient.create_project`."
            )
        return self._project_id

    def create_project(self, project: str, description: str | None = None) -> str:
        """The id of the new project."""
        body = StudioProject(name=project, description=description).model_dump()
        response = self._ask("POST", "/api/projects", allowed=(409,), json=body)
        if response.status_code == 409:
            raise StudioError("Project already exists")
        return _json_text(response)

    def delete_project(self) -> None:
        self._ask("DELETE", f"/api/projects/{self.project_id}")

    def list_traces(self) -> list[str]:
        """Raises :class:`~pharia_skill.errors.OutdatedPhariaAI` when Studio has no OTLP."""
        response = self._ask("GET", self._traces, allowed=(404,))
        if response.status_code == 404:
            raise OutdatedPhariaAI(
                f"the Studio at {self.url} takes no OTLP: that needs PhariaAI of feature set 251000 or later (ask your "
                "operator to upgrade, or use StudioExporter)"
            )
        return list(response.json()["traces"])

    def assert_new_trace_endpoint_is_available(self) -> None:
        """Raises :class:`~pharia_skill.errors.OutdatedPhariaAI`."""
        self.list_traces()

    @property
    def trace_endpoint(self) -> str:
        """Where OTLP goes, as protobuf over HTTP."""
        return self.url + self._traces

    def exporter(self) -> SpanExporter:
        """Over OTLP, or in the older JSON when this Studio has no OTLP yet."""
        try:
            self.assert_new_trace_endpoint_is_available()
        except OutdatedPhariaAI:
            return StudioExporter(self)
        return OTLPSpanExporter(endpoint=self.trace_endpoint, headers={"Authorization": f"Bearer {self._token}"})

    def submit_spans(self, spans: Sequence[StudioSpan]) -> None:
        """All spans of one trace, in the older JSON."""
        if not spans:
            raise StudioError("Tried to upload an empty trace")
        response = self._ask(
            "POST",
            f"/api/projects/{self.project_id}/traces",
            allowed=(409, 422),
            data=StudioSpanList(list(spans)).model_dump_json(),
            headers={"Content-Type": "application/json"},
        )
        if response.status_code == 409:
            raise StudioError(f"Trace with id {spans[0].context.trace_id} already exists.")
        if response.status_code == 422:
            raise StudioError(f"Uploading the trace failed with 422. Response: {response.text}")

    @property
    def _traces(self) -> str:
        return f"/api/projects/{self.project_id}/traces_v2"

    def _check_connection(self) -> None:
        try:
            response = self._request("GET", "/health")
        except requests.exceptions.MissingSchema:
            raise StudioError(
                "The given url of the studio client is invalid. Make sure to include http:// in your url."
            ) from None
        except requests.exceptions.ConnectionError:
            raise StudioError("The given url of the studio client does not point to a server.") from None
        if response.status_code >= 400:
            raise StudioError(
                "The given url of the studio client does not point to a healthy studio: "
                f"{response.status_code}: {self._bearer.hide_in(response.text)}"
            )

    def _find(self, project: str) -> str | None:
        for known in self._ask("GET", "/api/projects").json():
            if known["name"] == project:
                return str(known["project_id"])
        return None

    def _ask(self, method: str, path: str, allowed: tuple[int, ...] = (), **request: Any) -> requests.Response:
        try:
            response = self._request(method, path, **request)
        except requests.exceptions.RequestException as error:
            raise StudioError(f"no answer from Studio at {self.url}: {error} (check the network)") from error
        if response.status_code >= 400 and response.status_code not in allowed:
            raise StudioError(
                f"Studio answered {method} {path} with {response.status_code}: "
                f"{self._bearer.hide_in(response.text)[:500]} (check {environment.TOKEN} and your rights in Studio)"
            )
        return response

    def _request(self, method: str, path: str, **request: Any) -> requests.Response:
        headers = {"Accept": "application/json", **request.pop("headers", {})}
        return requests.request(
            method, self.url + path, auth=self._bearer, headers=headers, timeout=_TIMEOUT, **request
        )


def _json_text(response: requests.Response) -> str:
    """Studio answers with the id as JSON; older ones with the bare text."""
    try:
        return str(response.json())
    except requests.JSONDecodeError:
        return response.text
