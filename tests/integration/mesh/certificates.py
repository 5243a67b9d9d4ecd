"""Workloads' certificates as the mesh issues them: the identity is a SPIFFE ID (https://spiffe.io/docs/latest/spiffe-about/)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.mesh.translation.fields import Config, type_url


class TrustDomain:
    """An authority for SPIFFE IDs, and its files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster.local")])
        authority = self._unsigned(self._key.public_key()).subject_name(self._name)
        certificate = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.root = folder / "root.pem"
        self.root.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def identity(self, spiffe_id: str) -> tuple[str, str]:
        """Return the files of a certificate and its key, as a client library wants them."""
        key = ec.generate_private_key(ec.SECP256R1())
        uri = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(spiffe_id)])
        unsigned = self._unsigned(key.public_key()).subject_name(x509.Name([])).add_extension(uri, critical=True)
        files = [self._folder / f"{spiffe_id.replace('/', '_')}.{kind}" for kind in ("crt", "key")]
        files[0].write_bytes(_pem(unsigned.sign(self._key, hashes.SHA256())))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files[1].write_bytes(key.private_bytes(*form))
        return str(files[0]), str(files[1])

    def listening_as(self, spiffe_id: str, *, strict: bool = True) -> Config:
        """Build the transport of a listener that shows a certificate and, where it is strict, insists on one."""
        certificate, key = self.identity(spiffe_id)
        return {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": type_url("extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
                "require_client_certificate": strict,
                "common_tls_context": {
                    "tls_certificates": [
                        {"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}
                    ],
                    "validation_context": {"trusted_ca": {"filename": str(self.root)}},
                },
            },
        }

    def _unsigned(self, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now, hour = dt.datetime.now(dt.UTC), dt.timedelta(hours=1)
        return (
            x509.CertificateBuilder()
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - hour)
            .not_valid_after(now + hour)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
