"""Whole numbers as wide as the interface carries them: what does not fit is refused where it is written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

U8 = Annotated[int, Field(ge=0, le=2**8 - 1)]
U32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
S64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
