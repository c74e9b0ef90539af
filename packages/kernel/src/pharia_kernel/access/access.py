"""The one place where it is decided whether somebody may do something.

Hot path. Without an authenticator a decision costs 0.6 us. An API key costs 30 us, most of them for the span, and the
log record as much again; a token signed with RS256 costs 110 us more.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from opentelemetry.trace import Status, StatusCode, Tracer

from pharia_kernel.access.audit import decided
from pharia_kernel.access.authenticator import Authenticator
from pharia_kernel.errors import AccessDenied, AccessError, HostFault, TokenRefused, Unauthenticated
from pharia_kernel.types import Action, Caller, Rights

logger = logging.getLogger("pharia_kernel.access")

_LONGEST_TOKEN = 16_384


class Access:
    """An async context manager. Every decision goes to the audit log, unless everybody may do everything."""

    def __init__(self, authenticator: Authenticator | None, tracer: Tracer) -> None:
        """Without ``authenticator`` everybody may do everything."""
        self._authenticator = authenticator
        self._tracer = tracer
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Access:
        if self._authenticator is not None:
            await self._stack.enter_async_context(self._authenticator)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def open(self) -> bool:
        """Whether everybody may do everything."""
        return self._authenticator is None

    async def check(self, caller: Caller, namespace: str | None, action: Action) -> Caller:
        """The caller with identity and rights, if it may; ``namespace`` None means: in at least one.

        Raises :class:`~pharia_kernel.errors.AccessError`.
        """
        admitted = await self.admit(caller, namespace, action)
        self._note(admitted, namespace, action)
        return admitted

    async def admit(self, caller: Caller, namespace: str | None, action: Action) -> Caller:
        """Like :meth:`check`, but only refusals are noted: for a first look that another decision follows."""
        try:
            admitted = await self._identified(caller)
        except AccessError as error:
            reason = error.reason if isinstance(error, TokenRefused) else error.code
            decided(caller, namespace, action, allowed=False, reason=reason)
            raise
        self._deny_without(admitted, namespace, action)
        return admitted

    def require(self, caller: Caller, namespace: str | None, action: Action) -> None:
        """Like :meth:`check`, for a caller that was identified before; any other is refused."""
        if caller.rights is None and not self.open:
            decided(caller, namespace, action, allowed=False, reason="unauthenticated")
            raise _nobody()
        self._deny_without(caller, namespace, action)
        self._note(caller, namespace, action)

    async def may(self, caller: Caller, namespace: str | None, action: Action) -> bool:
        """Whether :meth:`check` would pass; nothing is noted. False too if nobody can say."""
        try:
            admitted = await self._identified(caller)
        except AccessError:
            return False
        return admitted.rights is None or _missing(admitted.rights, namespace, action) is None

    async def _identified(self, caller: Caller) -> Caller:
        if caller.rights is not None or self._authenticator is None:
            return caller
        if caller.token is None:
            raise _nobody()
        with self._tracer.start_as_current_span(
            "check_permissions", record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                return await self._asked(self._authenticator, caller.token)
            except (AccessError, HostFault) as error:
                span.set_status(Status(StatusCode.ERROR, error.code))
                raise

    async def _asked(self, authenticator: Authenticator, token: str) -> Caller:
        if len(token) > _LONGEST_TOKEN:
            raise TokenRefused("the token is too long")
        try:
            identity = await authenticator.identify(token)
        except AccessError:
            raise
        except Exception as fault:  # its text and frames may hold the token
            logger.error("access: fault of the kernel (%s)", type(fault).__name__)
            raise HostFault("checking the caller's token failed unexpectedly") from None
        return Caller(token if identity.forwarded else None, identity.id, identity.rights)

    def _deny_without(self, caller: Caller, namespace: str | None, action: Action) -> None:
        missing = None if caller.rights is None else _missing(caller.rights, namespace, action)
        if missing is None:
            return
        decided(caller, namespace, action, allowed=False, reason=f"no right to {missing.value}")
        where = "any namespace" if namespace is None else f'namespace "{namespace}"'
        raise AccessDenied(f"{caller.id} has no right to {missing.value} in {where} (ask its operator for access)")

    def _note(self, caller: Caller, namespace: str | None, action: Action) -> None:
        if not self.open:
            decided(caller, namespace, action, allowed=True, reason="granted")


def _missing(rights: Rights, namespace: str | None, action: Action) -> Action | None:
    """Asking for what the skills of a namespace may ask for needs the right to run them as well."""
    wanted = (Action.CSI, Action.RUN) if action is Action.CSI and namespace is not None else (action,)
    return next((one for one in wanted if not rights.allow(one, namespace)), None)


def _nobody() -> Unauthenticated:
    return Unauthenticated("Bearer token expected")
