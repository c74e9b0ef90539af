"""Whether an address may be served with the settings there are."""

from __future__ import annotations

import ipaddress

from pharia_kernel.config.settings import Settings
from pharia_kernel.errors import ConfigError


def check_exposure(host: str, settings: Settings) -> None:
    """Raise :class:`ConfigError` where machines other than this one could call, and nothing says who may."""
    if settings.access_mode != "none" or ipaddress.ip_address(host).is_loopback:
        return
    if settings.access.mode == "none" and settings.access.allow_everybody:
        return
    raise ConfigError(
        f"kernel-address {host}: other machines could call every skill. Choose who may (access.mode keys, jwt or iam), "
        "serve only this machine (KERNEL_ADDRESS=127.0.0.1:8081), or let everybody in on purpose "
        "(ACCESS__MODE=none and ACCESS__ALLOW_EVERYBODY=true)"
    )
