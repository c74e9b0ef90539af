"""Lets pass only what was signed with the namespace's key."""

from __future__ import annotations

import asyncio

from pharia_kernel.skills.oci.cache import ImageCache
from pharia_kernel.skills.oci.failures import Absent
from pharia_kernel.skills.oci.image import Layer
from pharia_kernel.skills.oci.reference import shown
from pharia_kernel.skills.oci.signature import NotSigned, Signature, Verifier, claims, signature_tag
from pharia_kernel.skills.oci.source import ImageSource


class SignatureCheck:
    def __init__(self, source: ImageSource, cache: ImageCache, verifier: Verifier, settings: str) -> None:
        self._source = source
        self._cache = cache
        self._verifier = verifier
        self._settings = settings

    async def check(self, place: str, repository: str, digest: str, deadline: float) -> None:
        """Raises :class:`NotSigned`, and :class:`RequestFailed` when that can not be found out.

        ``place`` is how the cache calls the repository. A signature that was found good is kept; the key is asked about
        it again each time, since it may be another key by now.
        """
        kept = await asyncio.to_thread(self._cache.signature, place, digest)
        if kept is not None and kept.covers(digest, self._verifier):
            return
        reference = shown(place, digest)
        try:
            manifest = await self._source.manifest(repository, signature_tag(digest), deadline)
        except Absent:
            raise NotSigned(
                f"{reference} is not signed, and {self._settings} has a public-key (sign it with `cosign sign --key`)"
            ) from None
        signature = await self._covering(manifest, repository, digest, deadline)
        if signature is None:
            raise NotSigned(f"no signature of {reference} was made with the public-key of {self._settings}")
        await asyncio.to_thread(self._cache.keep_signature, place, digest, signature)

    async def _covering(self, manifest: bytes, repository: str, digest: str, deadline: float) -> Signature | None:
        for claim in claims(manifest):
            try:
                payload = await self._source.blob(repository, Layer(claim.payload, claim.size), deadline)
            except Absent:
                continue
            signature = Signature(payload, claim.signature)
            if signature.covers(digest, self._verifier):
                return signature
        return None
