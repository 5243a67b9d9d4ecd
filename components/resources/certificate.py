"""cert-manager.io/v1 Certificate: a key pair that cert-manager keeps in a Secret, and renews.

https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
"""

from datetime import timedelta
from typing import Literal, TypedDict

from components.quantities import duration_text
from components.resources.metadata import Metadata


class IssuerReference(TypedDict):
    """Who signs; an issuer of the whole cluster."""

    group: Literal["cert-manager.io"]
    kind: Literal["ClusterIssuer"]
    name: str


class PrivateKey(TypedDict):
    """The key; a new one each time."""

    algorithm: Literal["ECDSA"]
    size: Literal[256]
    rotationPolicy: Literal["Always"]


class CertificateSpec(TypedDict):
    """Which names, and in which Secret."""

    secretName: str
    dnsNames: list[str]
    issuerRef: IssuerReference
    privateKey: PrivateKey
    usages: list[Literal["digital signature", "key encipherment", "server auth"]]
    renewBefore: str


class Certificate(TypedDict):
    """One key pair in one Secret."""

    apiVersion: Literal["cert-manager.io/v1"]
    kind: Literal["Certificate"]
    metadata: Metadata
    spec: CertificateSpec


def certificate(
    metadata: Metadata, *, secret: str, names: list[str], issuer: str, renew_before: timedelta
) -> Certificate:
    """Build the certificate of a server: for these names, by an issuer of the whole cluster, kept in this Secret."""
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": metadata,
        "spec": {
            "secretName": secret,
            "dnsNames": names,
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "server auth"],
            "renewBefore": duration_text(renew_before),
        },
    }
