"""security.istio.io/v1: who may call, and how callers prove who they are.

https://istio.io/latest/docs/reference/config/security/
"""

from typing import Literal, NotRequired, TypedDict

from components.resources.metadata import Metadata, WorkloadSelector


class TargetReference(TypedDict):
    """A Gateway, Service or ServiceEntry of the same namespace that a policy is attached to."""

    group: str
    kind: str
    name: str


class Source(TypedDict, total=False):
    """Who calls, by the identity in the caller's certificate; all fields must fit."""

    principals: list[str]
    notPrincipals: list[str]


class From(TypedDict):
    """One source."""

    source: Source


class Operation(TypedDict, total=False):
    """What is called; all fields must fit."""

    hosts: list[str]
    ports: list[str]
    methods: list[str]
    paths: list[str]
    notPaths: list[str]


class To(TypedDict):
    """One operation."""

    operation: Operation


class Condition(TypedDict):
    """An attribute, and the values of which it must have one."""

    key: str
    values: list[str]


Rule = TypedDict("Rule", {"from": list[From], "to": list[To], "when": list[Condition]}, total=False)
"""Fits where one source, one operation and all conditions do; an absent list fits always."""


class AuthorizationPolicySpec(TypedDict, total=False):
    """Without rules it allows nothing; without selector and targetRefs it holds for the whole namespace."""

    selector: WorkloadSelector
    targetRefs: list[TargetReference]
    action: Literal["ALLOW"]
    rules: list[Rule]


class AuthorizationPolicy(TypedDict):
    """Which requests are let in."""

    apiVersion: Literal["security.istio.io/v1"]
    kind: Literal["AuthorizationPolicy"]
    metadata: Metadata
    spec: AuthorizationPolicySpec


class MutualTls(TypedDict):
    """Whether callers must prove who they are."""

    mode: Literal["STRICT", "PERMISSIVE"]


class PeerAuthenticationSpec(TypedDict):
    """Ports are the containers', as texts."""

    selector: NotRequired[WorkloadSelector]
    mtls: MutualTls
    portLevelMtls: NotRequired[dict[str, MutualTls]]


class PeerAuthentication(TypedDict):
    """Mutual TLS of a namespace, or of one workload's ports."""

    apiVersion: Literal["security.istio.io/v1"]
    kind: Literal["PeerAuthentication"]
    metadata: Metadata
    spec: PeerAuthenticationSpec


class JwtRule(TypedDict):
    """An issuer of tokens; exactly one of jwksUri and jwks."""

    issuer: str
    audiences: list[str]
    jwksUri: NotRequired[str]
    jwks: NotRequired[str]
    forwardOriginalToken: bool


class RequestAuthenticationSpec(TypedDict):
    """A request with a token that fits no rule is refused; one without a token is let through to the policies."""

    selector: NotRequired[WorkloadSelector]
    targetRefs: NotRequired[list[TargetReference]]
    jwtRules: list[JwtRule]


class RequestAuthentication(TypedDict):
    """Which tokens are believed."""

    apiVersion: Literal["security.istio.io/v1"]
    kind: Literal["RequestAuthentication"]
    metadata: Metadata
    spec: RequestAuthenticationSpec
