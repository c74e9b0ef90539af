"""The way through a proxy, where one is set."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import urllib3


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """``proxies`` is by scheme; under ``no`` stand hosts and endings of hosts to reach directly, or ``*``."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    for exempt in proxies.get("no", "").split(","):
        name = exempt.strip().lower().lstrip(".")
        if name == "*" or (name and (name in (host, parts.netloc) or host.endswith(f".{name}"))):
            return None
    return proxies.get(parts.scheme)


def new_pool(proxy: str | None, context: ssl.SSLContext) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(ssl_context=context)
    address = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(address)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=pair) if pair else None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(bare, proxy_headers=headers, ssl_context=context)
