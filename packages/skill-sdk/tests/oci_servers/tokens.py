"""A token server as registries with bearer tokens have it, signing what the real registry believes."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SERVICE, ISSUER = "poems", "the librarian"
_SIGNATURE_HALF = 32


@dataclass
class TokenServer:
    realm: str
    roots: Path
    """PEM file the registry checks tokens with."""
    allowed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By user: the password and the actions granted, such as ``pull,push``. The user ``""`` is anybody."""
    identity_tokens: dict[str, str] = field(default_factory=dict)
    """Whose they are."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Method and parameters of every request."""
    lifetime: float = 300.0
    """Seconds."""

    @property
    def settings(self) -> str:
        """For the registry."""
        return (
            f"auth: {{token: {{realm: '{self.realm}', service: {SERVICE}, issuer: {ISSUER},"
            f" rootcertbundle: {self.roots}}}}}"
        )


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    authority = trustme.CA()
    signer = _Signer(authority.issue_cert("tokens.example"))
    roots = folder / "roots.pem"
    authority.cert_pem.write_to_path(str(roots))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, method: str, query: str) -> None:
            parameters = {name: values[0] for name, values in parse_qs(query).items()}
            state.asked.append((method, parameters))
            granted = _granted(state, self.headers.get("Authorization"), parameters)
            self.send_response(401 if granted is None else 200)
            self.end_headers()
            if granted is not None:
                token = signer.token(parameters.get("scope", ""), granted, state.lifetime)
                self.wfile.write(json.dumps({"token": token}).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = TokenServer(f"http://127.0.0.1:{server.server_address[1]}/token", roots)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join(10)


def _granted(state: TokenServer, authorization: str | None, parameters: dict[str, str]) -> str | None:
    if refresh := parameters.get("refresh_token"):
        user = state.identity_tokens.get(refresh)
        return None if user is None else state.allowed[user][1]
    pair = base64.b64decode((authorization or "").removeprefix("Basic ")).decode()
    user, _, password = pair.partition(":")
    known = state.allowed.get(user)
    return known[1] if known is not None and known[0] == password else None


class _Signer:
    def __init__(self, issued: trustme.LeafCert) -> None:
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._key = key
        body = "".join(issued.cert_chain_pems[0].bytes().decode().splitlines()[1:-1])
        self._header = {"typ": "JWT", "alg": "ES256", "x5c": [body]}

    def token(self, scope: str, granted: str, lifetime: float) -> str:
        now = int(time.time())
        _, name, actions = scope.split(":")
        allowed = [action for action in actions.split(",") if action in granted.split(",")]
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "exp": now + int(lifetime),
            "nbf": now - 10,
            "iat": now,
            "jti": str(time.monotonic_ns()),
            "access": [{"type": "repository", "name": name, "actions": allowed}],
        }
        signed = f"{_encoded(self._header)}.{_encoded(claims)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ECDSA(SHA256())))
        return f"{signed}.{_base64(r.to_bytes(_SIGNATURE_HALF) + s.to_bytes(_SIGNATURE_HALF))}"


def _encoded(content: object) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
