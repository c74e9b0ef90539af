"""The caller's token in a request."""

from __future__ import annotations

from requests import PreparedRequest
from requests.auth import AuthBase


class Bearer(AuthBase):
    """As authentication of the session, and not as a header: else an entry in ``~/.netrc`` would replace it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def hide_in(self, text: str) -> str:
        """The text without the token, for errors that quote what a server said."""
        return text.replace(self._token, "***") if self._token else text
