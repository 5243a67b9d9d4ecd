"""Certificates that expire. Pure.

cert-manager's own metrics are not within reach, as it runs in a namespace of its own. kube-state-metrics reads the
Certificates of the platform's namespaces from the API server, and tells their expiry under the same name
(https://cert-manager.io/docs/devops-tips/prometheus-metrics/). Proxies tell the expiry of their own certificate on the
port that is scraped anyway; ambient mode's tell it nowhere (https://github.com/istio/ztunnel/issues/1748).
"""

from datetime import timedelta
from typing import Final

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.names import KUBE_STATE_METRICS
from components.observability.rules.examples import POD, written
from components.observability.rules.inventory import knows_objects
from components.observability.rules.model import Alert, AlertTest, Firing, RuleGroup
from components.observability.thresholds import CERTIFICATE_DAYS, LAST_CERTIFICATE_DAYS, MESH_CERTIFICATE_HOURS
from components.specs.observability.alerts import Severity

EXPIRY: Final = "certmanager_certificate_expiration_timestamp_seconds"
"""Seconds since 1970, by ``namespace`` and ``name`` of the Certificate."""
_CERTIFICATE: Final = {"namespace": "edge", "name": "shop-tls"}
_HERE: Final = f'{EXPIRY}{{namespace="edge",name="shop-tls"}}'
_DAY: Final = 86_400


def certificate_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return the alerts on certificates of cert-manager, and on those of the proxies beside Pods."""
    issued = ()
    if args.certificates and knows_objects(args):
        labels = {"service": KUBE_STATE_METRICS, "team": args.workloads[KUBE_STATE_METRICS].team}
        issued = (
            _expires(Severity.TICKET, CERTIFICATE_DAYS, labels),
            _expires(Severity.PAGE, LAST_CERTIFICATE_DAYS, labels),
        )
    proxies = (_PROXY,) if args.mesh is MeshReporter.SIDECAR else ()
    return RuleGroup(name="certificates", rules=(*issued, *proxies))


def _expires(severity: Severity, days: int, labels: dict[str, str]) -> Alert:
    def firing(told: Severity, left: str) -> Firing:
        return Firing(
            labels={**_CERTIFICATE, "severity": told.value}, summary=f"The certificate shop-tls expires in {left}"
        )

    # Two weeks are left at the start of a ticket's tests, three days at that of a page's.
    told = (Severity.TICKET,) if severity is Severity.TICKET else (Severity.TICKET, Severity.PAGE)
    before = () if severity is Severity.TICKET else (firing(Severity.TICKET, f"{days}d 0h 0m 0s"),)
    at = timedelta(hours=2)
    end = int(at.total_seconds()) + days * _DAY
    return Alert(
        name="CertificateExpires",
        expression=f"max by (namespace, name) ({EXPIRY}) - time() < {days} * {_DAY}",
        hold=timedelta(hours=1),
        severity=severity,
        labels=labels,
        summary="The certificate {{ $labels.name }} expires in {{ $value | humanizeDuration }}",
        description="cert-manager should have renewed it long since. Clients refuse an expired certificate.",
        dashboard="monitoring",
        tests=(
            AlertTest(
                name=f"less than {days} days for an hour",
                series={_HERE: f"{end - 2 * 3600}x180"},
                at=at,
                fires=tuple(firing(one, f"{days - 1}d 22h 0m 0s") for one in told),
            ),
            AlertTest(name=f"{days} days", series={_HERE: f"{end}x180"}, at=at, fires=before),
        ),
    )


_LABELS: Final = written(POD)
_LEFT: Final = "istio_agent_cert_expiry_seconds"
_PROXY: Final = Alert(
    name="MeshCertificateExpires",
    expression=f'min by (service, team, pod) ({_LEFT}{{resource_name="default"}}) < {MESH_CERTIFICATE_HOURS} * 3600',
    hold=timedelta(minutes=10),
    severity=Severity.PAGE,
    summary="The certificate of the proxy in {{ $labels.pod }} expires in {{ $value | humanizeDuration }}",
    description="The proxy should have renewed it hours ago. When it expires, nobody in the mesh talks to the Pod.",
    dashboard="mesh",
    tests=(
        AlertTest(
            name="5 hours",
            series={f'{_LEFT}{{resource_name="default",{_LABELS}}}': "18000x20"},
            at=timedelta(minutes=15),
            fires=(Firing(labels=POD, summary="The certificate of the proxy in example-1 expires in 5h 0m 0s"),),
        ),
        AlertTest(
            name="6 hours",
            series={f'{_LEFT}{{resource_name="default",{_LABELS}}}': "21600x20"},
            at=timedelta(minutes=15),
        ),
    ),
)
