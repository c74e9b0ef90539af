"""Every error of the kernel, as one tree.

    KernelError
    ├── ConfigError                 settings that can not be used
    ├── AssetMissing                a model or file that is not on this machine
    ├── RequestError                the caller's request
    │   ├── InvalidJson · MalformedRequest · UnsupportedMediaType · PayloadTooLarge · InvalidNamespace
    │   ├── RequestTimeout          the body did not arrive in time
    │   ├── RouteNotFound · MethodNotAllowed
    │   ├── NamespaceNotFound · SkillNotFound
    │   ├── NothingToRollBack       no earlier version of the skill can be had
    │   └── WrongSkillKind          function called as stream, or the reverse
    ├── AccessError                 who asks, and what they may
    │   ├── Unauthenticated · TokenRefused · AccessDenied
    │   └── AccessUnavailable       nobody can say who it is
    ├── SkillError                  the skill itself
    │   ├── SkillRejectedInput · SkillReportedError
    │   ├── InvalidOutput · OutputTooLarge · ProtocolViolation
    │   ├── SkillTrapped · SkillExited · MemoryExceeded
    │   ├── MetadataUsedCsi · InvalidMetadata
    │   └── SkillLoadError          the component can not be served
    │       └── SkillUnreachable    its registry does not answer
    ├── NamespaceInvalid            what is written about the namespace can not be used
    ├── CsiError                    something the skill asked for
    │   ├── InvalidCsiRequest · ModelNotFound · BackendUnauthorized · CallerUnauthorized · BackendRateLimited
    │   ├── DocumentNotFound · EmbeddingMismatch
    │   ├── NotConfigured · UnsupportedOperation
    │   └── BackendUnavailable · BackendSaturated · BackendFailed · BackendAnswerInvalid · BackendTimeout
    ├── DeadlineExceeded
    ├── QuotaExceeded               somebody used what it may use
    ├── Saturated
    └── HostFault                   a fault of the kernel

``code`` is stable and meant for programs; the text is for people and may change. ``status`` is the HTTP status of the
problem document (RFC 9457) that the HTTP shell makes of the error.
"""

from __future__ import annotations

from typing import ClassVar


class KernelError(Exception):
    """Base of all errors; ``str(error)`` says what happened, with which value, and the way out."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "The kernel failed"
    retry_after: int | None = None
    """Seconds after which the caller may try again (HTTP ``Retry-After``)."""


class ConfigError(KernelError):
    code = "config-invalid"
    title = "The configuration can not be used"


class AssetMissing(KernelError):
    code = "asset-missing"
    status = 503
    title = "A file the kernel needs is not on this machine"


class RequestError(KernelError):
    code = "bad-request"
    status = 400
    title = "The request can not be served"


class InvalidJson(RequestError):
    code = "invalid-json"
    title = "The request body is not JSON"


class MalformedRequest(RequestError):
    code = "malformed-request"
    status = 422
    title = "The request has the wrong shape"


class UnsupportedMediaType(RequestError):
    code = "unsupported-media-type"
    status = 415
    title = "The request body is not declared as JSON"


class PayloadTooLarge(RequestError):
    code = "payload-too-large"
    status = 413
    title = "The request body is too large"


class RequestTimeout(RequestError):
    code = "request-timeout"
    status = 408
    title = "The request body did not arrive in time"


class InvalidNamespace(RequestError):
    code = "invalid-namespace"
    title = "The namespace name is not valid"


class RouteNotFound(RequestError):
    code = "route-not-found"
    status = 404
    title = "No such route"


class MethodNotAllowed(RequestError):
    code = "method-not-allowed"
    status = 405
    title = "The route does not take this method"


class NamespaceNotFound(RequestError):
    code = "namespace-not-found"
    status = 404
    title = "No such namespace"


class SkillNotFound(RequestError):
    code = "skill-not-found"
    status = 404
    title = "No such skill"


class NothingToRollBack(RequestError):
    code = "nothing-to-roll-back"
    status = 409
    title = "There is no earlier version of the skill"


class WrongSkillKind(RequestError):
    code = "wrong-skill-kind"
    title = "The skill is of the other kind"


class AccessError(KernelError):
    code = "access-failed"
    status = 403
    title = "Access is not allowed"
    challenge: ClassVar[str | None] = None
    """What the HTTP header ``WWW-Authenticate`` says."""


class Unauthenticated(AccessError):
    code = "unauthenticated"
    status = 401
    title = "A token is needed"
    challenge = "Bearer"


class TokenRefused(AccessError):
    """The text is the same whatever the reason, which only the log has."""

    code = "token-refused"
    title = "The token is not accepted"
    challenge = 'Bearer error="invalid_token"'

    def __init__(self, reason: str = "") -> None:
        super().__init__("Bearer token invalid")
        self.reason = reason


class AccessDenied(AccessError):
    code = "access-denied"
    title = "The caller may not do this"
    challenge = 'Bearer error="insufficient_scope"'


class AccessUnavailable(AccessError):
    code = "access-unavailable"
    status = 503
    title = "Access can not be checked now"
    retry_after = 5


class SkillError(KernelError):
    code = "skill-failed"
    title = "The skill failed"


class SkillRejectedInput(SkillError):
    code = "skill-rejected-input"
    status = 400
    title = "The skill could not use the input"


class SkillReportedError(SkillError):
    code = "skill-reported-error"
    status = 400
    title = "The skill reported an error"


class InvalidOutput(SkillError):
    code = "skill-invalid-output"
    title = "The skill answered something that is not JSON"


class OutputTooLarge(SkillError):
    code = "skill-output-too-large"
    title = "The skill's output is too large"


class ProtocolViolation(SkillError):
    code = "skill-protocol-violation"
    title = "The skill wrote its message events in a wrong order"


class SkillTrapped(SkillError):
    code = "skill-trapped"
    title = "The skill crashed in its sandbox"


class SkillExited(SkillTrapped):
    code = "skill-exited"
    title = "The skill ended its own process"


class MemoryExceeded(SkillTrapped):
    code = "skill-memory-exceeded"
    title = "The skill ran out of memory"


class MetadataUsedCsi(SkillError):
    code = "skill-metadata-used-csi"
    title = "The skill used the CSI while it was asked for its metadata"


class InvalidMetadata(SkillError):
    code = "skill-invalid-metadata"
    title = "The skill's metadata is not valid"


class SkillLoadError(SkillError):
    code = "skill-load-failed"
    title = "The skill can not be loaded"


class SkillUnreachable(SkillLoadError):
    code = "skill-unreachable"
    status = 503
    title = "The skill can not be fetched now"
    retry_after = 10
    """After the next look at the registry, if ``namespace-update-interval`` is what it is by default."""


class NamespaceInvalid(KernelError):
    code = "namespace-invalid"
    title = "The namespace is not configured correctly"


class CsiError(KernelError):
    code = "csi-failed"
    status = 502
    title = "Something the skill asked for failed"


class InvalidCsiRequest(CsiError):
    code = "csi-invalid-request"
    status = 400
    title = "The skill asked for something that can not be done"


class ModelNotFound(CsiError):
    code = "model-not-found"
    status = 404
    title = "The model does not exist"


class DocumentNotFound(CsiError):
    code = "document-not-found"
    status = 404
    title = "There is no such document, collection or index"


class EmbeddingMismatch(CsiError):
    code = "embedding-mismatch"
    status = 503
    title = "The documents were embedded by another model than the kernel uses now"


class BackendUnauthorized(CsiError):
    code = "backend-unauthorized"
    status = 502
    title = "The backend refused the kernel's credentials"


class CallerUnauthorized(BackendUnauthorized):
    code = "backend-caller-unauthorized"
    status = 401
    title = "The backend wants a token of the caller, or refused it"


class BackendRateLimited(CsiError):
    code = "backend-rate-limited"
    status = 429
    title = "The backend's quota is used up"


class NotConfigured(CsiError):
    code = "not-configured"
    status = 503
    title = "The kernel runs without a backend for this"


class UnsupportedOperation(CsiError):
    code = "unsupported-operation"
    status = 501
    title = "The configured backend can not do this"


class BackendUnavailable(CsiError):
    code = "backend-unavailable"
    status = 503
    title = "The backend can not be reached"


class BackendSaturated(CsiError):
    code = "backend-saturated"
    status = 503
    title = "As many requests as the backend may have are under way and waiting"
    retry_after = 1


class BackendFailed(CsiError):
    code = "backend-failed"
    title = "The backend reported an error"


class BackendAnswerInvalid(CsiError):
    code = "backend-answer-invalid"
    title = "The backend answered something unexpected"


class BackendTimeout(CsiError):
    code = "backend-timeout"
    status = 504
    title = "The backend did not answer in time"


class DeadlineExceeded(KernelError):
    code = "deadline-exceeded"
    status = 504
    title = "The skill did not finish in time"


class QuotaExceeded(KernelError):
    code = "quota-exceeded"
    status = 429
    title = "The quota is used up"

    def __init__(self, text: str, limit: str = "", owner: str = "") -> None:
        super().__init__(text)
        self.limit = limit
        """Name of the setting."""
        self.owner = owner
        """Whose limit it is."""


class Saturated(KernelError):
    code = "saturated"
    status = 503
    title = "The kernel is busy"
    retry_after = 1


class HostFault(KernelError):
    code = "host-fault"
    title = "The kernel made a mistake"
