"""Callers with a JSON Web Token of an identity provider (OpenID Connect)."""

from pharia_kernel.access.jwt.authenticator import JwtOptions, JwtTokens
from pharia_kernel.access.jwt.grants import Grant

__all__ = ["Grant", "JwtOptions", "JwtTokens"]
