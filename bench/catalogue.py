"""A generated catalogue of any size: the same for the same number of services, so that two runs compare."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

LANGUAGES: Final = ("go", "java", "python")
GROUP: Final = 10
"""Services of one team, which share a PostgreSQL store."""
CALLS: Final[dict[int, tuple[int, ...]]] = {
    0: (1, 2, 3),
    1: (4, 5),
    2: (5, 7),
    3: (4, 6),
    4: (6, 7),
    5: (6,),
    8: (4,),
    9: (6,),
}
"""Place in the group → the places that it calls: an edge, three layers behind it, a worker and a nightly job."""
CALLED_IN_THE_NEXT_GROUP: Final = {3: 7}
CONTENTS: Final = ("settings", "routes", "features")
"""ConfigMaps of a service with 12 objects."""
EDGE, PUBLISHER, WORKER, JOB = 0, 4, 8, 9


def catalogue(services: int) -> dict[str, Any]:
    """Return a catalogue of ordinary services.

    Of each ten, one has an edge, one is a worker without ports, one a nightly job, and four are autoscaled. They call
    each other in four layers, as people build them; ten share a PostgreSQL store, and all one cache and one stream.
    """
    names = [f"service-{number:03}" for number in range(services)]
    databases = {_store(number): {"engine": "postgres"} for number in range(services)}
    return {
        "platform": "bench",
        "team-defaults": {"team": "bench"},
        "services": {name: _service(number, names) for number, name in enumerate(names)},
        "stores": {**databases, "cache": {"engine": "redis"}},
        "streams": {"EVENTS": {"subjects": ["event.*"], "max-age": "72h"}},
        "external": {"payments": {"host": "api.payments.example", "port": 443}},
        "config-maps": {f"{name}-settings": _settings(name) for name in names[::3]},
    }


def catalogue_of_twelve(services: int) -> dict[str, Any]:
    """Return a catalogue of services that each come to 12 objects, those of the chart in `helm/chart`."""
    names = [f"service-{number:03}" for number in range(services)]
    return {
        "platform": "bench",
        "team-defaults": {"team": "bench"},
        "services": {name: _service_of_twelve(number, names) for number, name in enumerate(names)},
        "config-maps": {f"{name}-{content}": _settings(name) for name in names for content in CONTENTS},
    }


def environment(services: dict[str, Any]) -> dict[str, Any]:
    """Return the environment in which a generated catalogue is rendered into a folder."""
    places = {name: {"storage": "10Gi"} for name in services.get("stores", {})}
    broker = {"broker": {"storage": "10Gi", "replicas": 3}} if "streams" in services else {}
    return {
        "tier": "development",
        "cluster": {"render-to": "build/rendered"},
        "namespace": "bench",
        "replicas": 2,
        "quota": {"cpu": "4000", "memory": "8000Gi", "pods": 10000},
        "secrets-from": "cluster",
        "edge-namespace": "edge",
        "stores": places,
        **broker,
    }


def _service(number: int, names: Sequence[str]) -> dict[str, Any]:
    place = number % GROUP
    service: dict[str, Any] = {
        "language": LANGUAGES[number % len(LANGUAGES)],
        "image": _image(names[number]),
        "env": {"LOG_LEVEL": "info", "SERVICE": names[number], "POD": {"field": "metadata.name"}},
        "resources": {"cpu": "250m", "memory": "512Mi"},
        "calls": _calls(number, names),
        "uses": ["cache", _store(number)],
    }
    if number % 3 == 0:
        service["env-from"] = [{"config": f"{names[number]}-settings"}]
    if place == WORKER:
        return service | {"consumes": {"EVENTS/event.created": {"ack-wait": "30s", "max-deliver": 3}}}
    if place == JOB:
        return service | {"kind": "cronjob", "job": {"schedule": "0 3 * * *"}}
    if place == EDGE:
        service["ports"] = {"http": 8080}
        service["edge"] = {"host": "bench", "paths": [f"/{names[number]}"]}
    else:
        service["ports"] = {"grpc": 50051, "metrics": 9090}
    if place % 2 == 0:
        service["autoscaling"] = {"min": 2, "max": 10, "cpu": "70%"}
    if place == PUBLISHER:
        service["publishes"] = ["EVENTS/event.created"]
        service["uses"].append("payments")
    return service


def _service_of_twelve(number: int, names: Sequence[str]) -> dict[str, Any]:
    name = names[number]
    return {
        "language": LANGUAGES[number % len(LANGUAGES)],
        "image": _image(name),
        "ports": {"grpc": 50051, "metrics": 9090},
        "env": {"LOG_LEVEL": "info", "SERVICE": name, "POD": {"field": "metadata.name"}},
        "env-from": [{"config": f"{name}-settings"}],
        "resources": {"cpu": "250m", "memory": "512Mi"},
        "calls": _calls(number, names),
        "autoscaling": {"min": 2, "max": 10, "cpu": "70%", "memory": "80%"},
        "volumes": {
            "data": {"claim": "10Gi", "access": "ReadWriteMany"},
            "routes": {"config": f"{name}-routes"},
            "features": {"config": f"{name}-features", "on-change": "reload"},
            "scratch": {"empty": "64Mi"},
        },
        "mounts": {
            "/data": "data",
            "/etc/routes": {"volume": "routes", "read-only": True},
            "/etc/features": {"volume": "features", "read-only": True},
            "/tmp": "scratch",  # noqa: S108 - inside a container
        },
        "api-access": [{"resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
        "exceptions": {"service-account-token": "It watches its ConfigMaps for changes."},
    }


def _calls(number: int, names: Sequence[str]) -> list[str]:
    """Return those of its group, and perhaps of the next, that a service calls; the last group may lack some."""
    place = number % GROUP
    first = number - place
    called = [first + other for other in CALLS.get(place, ())]
    if place in CALLED_IN_THE_NEXT_GROUP:
        called.append(first + GROUP + CALLED_IN_THE_NEXT_GROUP[place])
    return [names[other] for other in called if other < len(names)]


def _store(number: int) -> str:
    return f"store-{number // GROUP:03}"


def _settings(name: str) -> dict[str, Any]:
    return {"data": {f"SETTING_{index}": f"{name} value {index}" for index in range(8)}}


def _image(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"registry.example.com/bench/{name}:1.0.0@sha256:{digest}"
