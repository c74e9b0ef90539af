"""Who may do what."""

from pharia_kernel.access.access import Access
from pharia_kernel.access.authenticator import Authenticator, Identity

__all__ = ["Access", "Authenticator", "Identity"]
