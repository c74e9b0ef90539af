"""The key that skills of a namespace are signed with. Needs a package of the extra ``signatures``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class PublicKey:
    """ECDSA on the curve P-256 with SHA-256, as ``cosign generate-key-pair`` makes it."""

    def __init__(self, pem: bytes) -> None:
        """Raises :class:`ValueError`."""
        try:
            key = load_pem_public_key(pem)
        except Exception as error:  # what the library raises depends on the kind of damage
            raise ValueError(f"not a public key in PEM form ({type(error).__name__})") from None
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("a key of another kind; only ECDSA on the curve P-256 is checked")
        self._key = key

    def verifies(self, payload: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, payload, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True
