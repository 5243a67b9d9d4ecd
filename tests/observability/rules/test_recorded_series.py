"""What is recorded, computed by the real promtool from what services, proxies and kube-state-metrics export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from components.observability.arguments import Interface, MeshReporter, ObservabilityArgs
from components.observability.buckets import MESH_SECONDS
from components.observability.rules.groups import rule_files
from components.specs.container import Language
from components.specs.observability.objectives import Objective
from tests.observability.rules.platforms import OWN_PARTS, platform, service
from tests.observability.rules.promtool import evaluate

Expected = Mapping[str, Mapping[str, float]]
BOTH = 'service="orders",team="shop"'
POD = f'{BOTH},pod="orders-1",job="pods"'
PROMISED = Objective.model_validate({"availability": "99%", "latency": {"p95": "500ms"}, "window": "3d"})
APPLICATION = platform(service("orders", Language.GO, Interface.RPC, objective=PROMISED), *OWN_PARTS)


def meshed(reporter: MeshReporter) -> ObservabilityArgs:
    orders = replace(APPLICATION.workloads["orders"], is_meshed_service=True)
    return replace(APPLICATION, mesh=reporter, workloads={**APPLICATION.workloads, "orders": orders})


def differences(
    folder: Path,
    args: ObservabilityArgs,
    series: Mapping[str, str],
    expected: Expected,
    at: timedelta,
    step: timedelta = timedelta(minutes=1),
) -> str:
    """What promtool says against the expectation; nothing where it agrees."""
    return evaluate(folder, rule_files(args), series, expected, at=at, step=step)


def test_requests_errors_and_durations_are_recorded_by_method_and_by_service(tmp_path: Path) -> None:
    series = {
        f'rpc_server_duration_seconds_count{{method="GetOrder",code="OK",{POD}}}': "0+540x20",
        f'rpc_server_duration_seconds_count{{method="GetOrder",code="NOT_FOUND",{POD}}}': "0+30x20",
        f'rpc_server_duration_seconds_count{{method="GetOrder",code="UNAVAILABLE",{POD}}}': "0+30x20",
        f'rpc_server_duration_seconds_count{{method="CreateOrder",code="OK",{POD}}}': "0+60x20",
        f'rpc_server_duration_seconds_bucket{{method="GetOrder",code="OK",le="0.1",{POD}}}': "0+300x20",
        f'rpc_server_duration_seconds_bucket{{method="GetOrder",code="OK",le="0.2",{POD}}}': "0+600x20",
        f'rpc_server_duration_seconds_bucket{{method="GetOrder",code="OK",le="+Inf",{POD}}}': "0+600x20",
    }
    rpc = f'interface="rpc",{BOTH}'
    expected = {
        "service_method:requests:rate5m": {
            f'service_method:requests:rate5m{{method="GetOrder",{rpc}}}': 10,
            f'service_method:requests:rate5m{{method="CreateOrder",{rpc}}}': 1,
        },
        # A caller's mistake is no error of the service; and where nothing fails there is a 0.
        "service_method:errors:rate5m": {
            f'service_method:errors:rate5m{{method="GetOrder",{rpc}}}': 0.5,
            f'service_method:errors:rate5m{{method="CreateOrder",{rpc}}}': 0,
        },
        "service:requests:rate5m": {f"service:requests:rate5m{{{BOTH}}}": 11},
        "service:errors:rate5m": {f"service:errors:rate5m{{{BOTH}}}": 0.5},
        "service:request_duration_seconds:p50": {f"service:request_duration_seconds:p50{{{BOTH}}}": 0.1},
        "service:request_duration_seconds:p95": {f"service:request_duration_seconds:p95{{{BOTH}}}": 0.19},
    }
    assert not differences(tmp_path, APPLICATION, series, expected, timedelta(minutes=15))


def test_a_wrong_expectation_of_a_recorded_series_is_noticed(tmp_path: Path) -> None:
    series = {f'rpc_server_duration_seconds_count{{method="GetOrder",code="OK",{POD}}}': "0+60x20"}
    expected = {"service:requests:rate5m": {f"service:requests:rate5m{{{BOTH}}}": 2.0}}
    assert "got" in differences(tmp_path, APPLICATION, series, expected, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("interface", "ok", "failed", "method"),
    [
        (
            Interface.HTTP,
            'http_server_request_duration_seconds_count{method="GET",route="/api/orders/{id}",code="200",',
            'http_server_request_duration_seconds_count{method="GET",route="/api/orders/{id}",code="503",',
            "GET /api/orders/{id}",
        ),
        (
            Interface.MESSAGING,
            'messaging_process_duration_seconds_count{destination="order.created",outcome="scheduled",',
            'messaging_process_duration_seconds_count{destination="order.created",outcome="dead_lettered",',
            "order.created",
        ),
    ],
)
def test_every_interface_is_measured_in_the_same_terms(
    interface: Interface, ok: str, failed: str, method: str, tmp_path: Path
) -> None:
    args = platform(service("orders", Language.GO, interface), *OWN_PARTS)
    series = {f"{ok}{POD}}}": "0+57x20", f"{failed}{POD}}}": "0+3x20"}
    labels = f'interface="{interface.value}",method="{method}",{BOTH}'
    expected = {
        "service_method:requests:rate5m": {f"service_method:requests:rate5m{{{labels}}}": 1},
        "service_method:errors:rate5m": {f"service_method:errors:rate5m{{{labels}}}": 0.05},
    }
    assert not differences(tmp_path, args, series, expected, timedelta(minutes=15))


def istio(seen_by: MeshReporter, **labels: str) -> str:
    usual = {
        "reporter": seen_by.value,
        "destination_canonical_service": "orders",
        "destination_service_name": "orders",
        "response_code": "200",
        "grpc_response_status": "0",
        # What the target's own labels are: the Pod's with a sidecar, the waypoint's with a waypoint.
        "service": "orders" if seen_by is MeshReporter.SIDECAR else "waypoint",
        "pod": "a",
    }
    return ",".join(f'{name}="{value}"' for name, value in {**usual, **labels}.items())


@pytest.mark.parametrize("reporter", MeshReporter)
def test_the_mesh_counts_requests_and_faults_of_http_and_of_grpc(reporter: MeshReporter, tmp_path: Path) -> None:
    count = "istio_requests_total"
    series = {
        f"{count}{{{istio(reporter)}}}": "0+540x20",
        f"{count}{{{istio(reporter, grpc_response_status='14')}}}": "0+6x20",
        f"{count}{{{istio(reporter, grpc_response_status='5')}}}": "0+6x20",
        f"{count}{{{istio(reporter, response_code='503', grpc_response_status='')}}}": "0+12x20",
        f"{count}{{{istio(reporter, response_code='503', grpc_response_status='14')}}}": "0+6x20",
        # The other side's view of the same requests.
        f"{count}{{{istio(reporter, reporter='source')}}}": "0+570x20",
    }
    expected = {
        "service_mesh:requests:rate5m": {'service_mesh:requests:rate5m{service="orders"}': 9.5},
        "service_mesh:errors:rate5m": {'service_mesh:errors:rate5m{service="orders"}': 0.4},
    }
    assert not differences(tmp_path, meshed(reporter), series, expected, timedelta(minutes=15))


def test_a_waypoint_counts_requests_that_no_pod_could_answer(tmp_path: Path) -> None:
    waypoint = MeshReporter.WAYPOINT
    nobody = istio(waypoint, destination_canonical_service="unknown", response_code="503", grpc_response_status="")
    nowhere = istio(waypoint, destination_canonical_service="unknown", destination_service_name="unknown")
    series = {
        f"istio_requests_total{{{istio(waypoint)}}}": "0+54x20",
        f"istio_requests_total{{{nobody}}}": "0+6x20",
        f"istio_requests_total{{{nowhere}}}": "0+600x20",
    }
    expected = {
        "service_mesh:requests:rate5m": {'service_mesh:requests:rate5m{service="orders"}': 1},
        "service_mesh:errors:rate5m": {'service_mesh:errors:rate5m{service="orders"}': 0.1},
    }
    assert not differences(tmp_path, meshed(waypoint), series, expected, timedelta(minutes=15))


@pytest.mark.parametrize("fraction", ["", ".0"])
def test_the_meshs_buckets_are_recorded_in_seconds(fraction: str, tmp_path: Path) -> None:
    """Prometheus 3 writes whole bounds with a fraction (500.0), earlier ones as they come (500)."""
    sidecar = MeshReporter.SIDECAR
    bounds = {seconds: f"{seconds * 1000:g}" for seconds in MESH_SECONDS}
    assert bounds[0.0005] == "0.5" and bounds[3600.0] == "3.6e+06"
    spelled = {seconds: "0.5" if seconds < 0.001 else f"{seconds * 1000:.0f}{fraction}" for seconds in MESH_SECONDS}
    name = "istio_request_duration_milliseconds_bucket"
    series = {f"{name}{{{istio(sidecar, le=le)}}}": "0+60x20" for le in (*spelled.values(), "+Inf")}
    recorded = "service_mesh:request_duration_seconds_bucket:rate5m"
    expected = {
        recorded: {
            f'{recorded}{{service="orders",le="{le}"}}': 1.0 for le in (*(repr(one) for one in MESH_SECONDS), "+Inf")
        }
    }
    assert not differences(tmp_path, meshed(sidecar), series, expected, timedelta(minutes=15))


def test_burn_rates_say_how_many_times_too_fast_the_budget_goes(tmp_path: Path) -> None:
    """2 % of requests fail where 1 % may, and 20 % are slow where 5 % may."""
    minutes = 60 * 7
    count = "rpc_server_duration_seconds_count"
    bucket = "rpc_server_duration_seconds_bucket"
    series = {
        f'{count}{{method="GetOrder",code="OK",{POD}}}': f"0+588x{minutes}",
        f'{count}{{method="GetOrder",code="INTERNAL",{POD}}}': f"0+12x{minutes}",
        f'{bucket}{{method="GetOrder",code="OK",le="0.5",{POD}}}': f"0+480x{minutes}",
        f'{bucket}{{method="GetOrder",code="OK",le="1.0",{POD}}}': f"0+600x{minutes}",
        f'{bucket}{{method="GetOrder",code="OK",le="+Inf",{POD}}}': f"0+600x{minutes}",
    }
    rates: dict[str, Mapping[str, float]] = {
        f"round(slo:burn_rate:{window}, 0.001)": {
            f'{{slo="availability",{BOTH}}}': 2,
            f'{{slo="latency-p95",{BOTH}}}': 4,
        }
        for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
    }
    expected: dict[str, Mapping[str, float]] = {
        **rates,
        "round(slo:error_budget_remaining:ratio, 0.001)": {
            f'{{slo="availability",{BOTH}}}': -1,
            f'{{slo="latency-p95",{BOTH}}}': -3,
        },
        "slo:objective:ratio": {
            f'slo:objective:ratio{{slo="availability",{BOTH}}}': 0.99,
            f'slo:objective:ratio{{slo="latency-p95",{BOTH}}}': 0.95,
        },
    }
    assert not differences(tmp_path, APPLICATION, series, expected, timedelta(minutes=minutes))


def test_a_long_window_weighs_a_busy_hour_more_than_a_quiet_one(tmp_path: Path) -> None:
    """Half of 60 requests a minute fail for an hour, then none of 6,000: that is 0.5 % of all, not 25 %."""
    count = "rpc_server_duration_seconds_count"
    series = {
        f'{count}{{method="GetOrder",code="OK",{POD}}}': "0+30x60 7830+6000x59",
        f'{count}{{method="GetOrder",code="INTERNAL",{POD}}}': "0+30x60 1800x60",
    }
    burn_rate = 'slo:burn_rate:2h{slo="availability"}'
    labels = f'{{slo="availability",{BOTH}}}'
    # 0.5 % of all is half of the 1 % that may fail.
    expected = {f"{burn_rate} > bool 0.4": {labels: 1.0}, f"{burn_rate} < bool 0.6": {labels: 1.0}}
    assert not differences(tmp_path, APPLICATION, series, expected, timedelta(minutes=120))


def test_the_mesh_counts_for_the_services_that_it_knows_and_the_application_for_others(tmp_path: Path) -> None:
    sidecar = MeshReporter.SIDECAR
    args = meshed(sidecar)
    worker = service(
        "fulfilment", Language.JAVA, Interface.MESSAGING, objective=Objective.model_validate({"availability": "99%"})
    )
    args = replace(args, workloads={**args.workloads, "fulfilment": worker})
    other = 'service="fulfilment",team="shop",pod="f-1"'
    name = "istio_request_duration_milliseconds_bucket"
    series = {
        f"istio_requests_total{{{istio(sidecar)}}}": "0+540x30",
        f"istio_requests_total{{{istio(sidecar, response_code='503')}}}": "0+60x30",
        f"{name}{{{istio(sidecar, le='500.0')}}}": "0+300x30",
        f"{name}{{{istio(sidecar, le='+Inf')}}}": "0+600x30",
        # The application has not seen what the proxy has refused.
        f'rpc_server_duration_seconds_count{{method="GetOrder",code="OK",{POD}}}': "0+540x30",
        f'messaging_process_duration_seconds_count{{destination="a",outcome="scheduled",{other}}}': "0+45x30",
        f'messaging_process_duration_seconds_count{{destination="a",outcome="dead_lettered",{other}}}': "0+15x30",
    }
    expected = {
        "slo:requests:rate5m": {
            'slo:requests:rate5m{service="orders",slo="availability"}': 10,
            'slo:requests:rate5m{service="orders",slo="latency-p95"}': 10,
            'slo:requests:rate5m{service="fulfilment",slo="availability"}': 1,
        },
        "slo:errors:rate5m": {
            'slo:errors:rate5m{service="orders",slo="availability"}': 1,
            'slo:errors:rate5m{service="orders",slo="latency-p95"}': 5,
            'slo:errors:rate5m{service="fulfilment",slo="availability"}': 0.25,
        },
    }
    assert not differences(tmp_path, args, series, expected, timedelta(minutes=20))


def test_each_budget_is_counted_over_its_own_window(tmp_path: Path) -> None:
    long = replace(APPLICATION.workloads["orders"], name="users")
    objective = Objective.model_validate({"availability": "99%", "window": "30d"})
    args = replace(APPLICATION, workloads={**APPLICATION.workloads, "users": replace(long, objective=objective)})
    # Four days ago one in ten failed, since then nothing: three days don't know of it.
    day = 24 * 60 // 4
    series: dict[str, str] = {}
    for name, window in (("orders", "3d"), ("users", "30d")):
        labels = f'service="{name}",slo="availability",window="{window}"'
        series[f"slo:requests:mean5m{{{labels}}}"] = f"10x{5 * day}"
        series[f"slo:errors:mean5m{{{labels}}}"] = f"1x{day} 0x{4 * day}"
    left = "slo:error_budget_remaining:ratio"
    # A fifth of what there is of 30 days: 2 % where 1 % may fail.
    expected = {
        f'round({left}{{service="orders"}}, 0.1)': {f'{{slo="availability",{BOTH}}}': 1.0},
        f'round({left}{{service="users"}}, 0.1)': {'{slo="availability",service="users",team="shop"}': -1.0},
    }
    at = timedelta(days=5)
    assert not differences(tmp_path, args, series, expected, at, step=timedelta(minutes=4))


def test_objects_are_known_by_the_service_that_they_are_of(tmp_path: Path) -> None:
    named = 'label_app_kubernetes_io_name="orders",label_polyglot_dev_team="shop"'
    series = {
        f'kube_pod_labels{{namespace="shop",pod="orders-1",uid="1",job="kube-state-metrics",{named}}}': "1x10",
        'kube_pod_labels{namespace="shop",pod="strange",uid="2",job="kube-state-metrics"}': "1x10",
        f'kube_deployment_labels{{namespace="shop",deployment="orders-canary",{named}}}': "1x10",
        f'kube_horizontalpodautoscaler_labels{{namespace="shop",horizontalpodautoscaler="orders",{named}}}': "1x10",
        'kube_pod_spec_volumes_persistentvolumeclaims_info{namespace="shop",pod="orders-1",volume="data",'
        'persistentvolumeclaim="data-orders-1"}': "1x10",
    }
    expected = {
        f"{kind}:service:info": {f'{kind}:service:info{{namespace="shop",{kind}="{name}",{BOTH}}}': 1.0}
        for kind, name in (
            ("pod", "orders-1"),
            ("deployment", "orders-canary"),
            ("horizontalpodautoscaler", "orders"),
            ("persistentvolumeclaim", "data-orders-1"),
        )
    }
    assert not differences(tmp_path, APPLICATION, series, expected, timedelta(minutes=5))
