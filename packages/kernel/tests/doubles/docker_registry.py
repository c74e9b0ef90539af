"""The registry of the Debian package ``docker-registry``, on a free port of 127.0.0.1."""

from __future__ import annotations

import base64
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import trustme

from doubles.oci_image import MANIFEST, OciImage, digest_of

_PROGRAM = "docker-registry"
USER, PASSWORD = "poet", "open sesame"
_HTPASSWD = "poet:$2b$05$3GRp/qTQvz/90s8nk6RdE.wcW7VPbaLYwa0729P2RZJ0ODB3kUew6\n"


@dataclass(frozen=True)
class DockerRegistry:
    host: str
    """With its port."""
    folder: Path
    authority: Path | None = None
    """PEM file of who vouches for it, if it speaks TLS."""

    @property
    def url(self) -> str:
        return f"{'https' if self.authority else 'http'}://{self.host}"

    async def push(self, reference: str, image: OciImage) -> str:
        """``reference`` is ``REPOSITORY:TAG``; gives the digest."""
        repository, _, tag = reference.rpartition(":")
        context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        user = {"Authorization": f"Basic {pair}"} if self.authority else {}
        kind = {"Content-Type": "application/octet-stream"}
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context), headers=user, raise_for_status=True
        ) as client:
            for blob in image.blobs:
                async with client.post(f"{self.url}/v2/{repository}/blobs/uploads/") as opened:
                    place = f"{opened.headers['Location']}&digest={digest_of(blob)}"
                async with client.put(place, data=blob, headers=kind):
                    pass
            place = f"{self.url}/v2/{repository}/manifests/{tag}"
            async with client.put(place, data=image.manifest, headers={"Content-Type": MANIFEST}):
                pass
        return image.digest


@contextmanager
def docker_registry(folder: Path, *, guarded: bool = False, address: str = "127.0.0.1:0") -> Iterator[DockerRegistry]:
    """``guarded``: over TLS, and only for :data:`USER`."""
    program = shutil.which(_PROGRAM)
    assert program is not None, f"{_PROGRAM} is not installed; get it with `apt-get install {_PROGRAM}`"
    authority = _certificates(folder) if guarded else None
    (folder / "htpasswd").write_text(_HTPASSWD)
    tls = f"  tls: {{certificate: {folder / 'server.pem'}, key: {folder / 'key.pem'}}}\n" if guarded else ""
    auth = f"auth: {{htpasswd: {{realm: poems, path: {folder / 'htpasswd'}}}}}\n" if guarded else ""
    settings = folder / "config.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{accesslog: {{disabled: true}}}}\n{auth}"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f'http:\n  addr: "{address}"\n  secret: shared\n{tls}'
    )
    with subprocess.Popen(
        [program, "serve", str(settings)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if "listening on " in line:
                host = line.partition("listening on ")[2].split('"')[0].split(",")[0].strip()
                break
        else:
            raise AssertionError("the registry ended: " + "".join(said))
        reader = threading.Thread(target=said.extend, args=(process.stderr,))
        reader.start()
        try:
            yield DockerRegistry(host, folder / "data", authority)
        finally:
            process.terminate()
            process.wait(20)
            reader.join(20)


def _certificates(folder: Path) -> Path:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "server.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    return folder / "authority.pem"
