"""Numbers as the interface bounds them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

U8 = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
S64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
