"""Global rate limits: the service that counts, what it is told, and who must reach it."""

from __future__ import annotations

import json

from components.mesh.rate_limit_filters import rate_limit_filters
from components.mesh.rate_limit_service import (
    FILE,
    rate_limit_callers,
    rate_limit_config,
    rate_limit_workload,
)
from components.specs.variables import SecretReference
from tests.components.mesh.rate_limited import GLOBAL, configs, limit
from tests.components.mesh.whole_shop import gateway, orders, shop, users, whole_shop


def test_a_rule_keeps_its_name_when_others_come_and_go() -> None:
    one, other = limit(path="/api/user", scope="global"), limit(by="caller", scope="global")
    alone = json.loads(rate_limit_config(shop(orders(one)))[FILE])
    together = json.loads(rate_limit_config(shop(orders(other, one)))[FILE])
    assert alone["descriptors"][0] in together["descriptors"], "what has been counted in Redis goes on counting"


def test_the_service_knows_each_descriptor_that_the_proxies_send() -> None:
    args = whole_shop()
    known = json.loads(rate_limit_config(args)[FILE])
    sent = [
        (config["domain"], rule["actions"])
        for body in rate_limit_filters(args)
        for patch in body["spec"]["configPatches"]
        if (config := patch["patch"]["value"]["typed_config"]) and patch["patch"]["value"]["name"] == GLOBAL
        for rule in config["rate_limits"]
    ]
    names = {next(iter(actions[0].values()))["descriptor_value"] for _, actions in sent}
    assert {domain for domain, _ in sent} == {known["domain"]}
    assert names == {one["value"] for one in known["descriptors"]}, "an unknown descriptor is never limited"
    assert len(known["descriptors"]) == len(names), "the service refuses a file that names a descriptor twice"


def test_global_limits_are_counted_by_the_rate_limit_service_of_the_namespace() -> None:
    config = configs(shop(orders(limit(scope="global"))), "orders-rate-limits")[GLOBAL]
    called = config["rate_limit_service"]["grpc_service"]["envoy_grpc"]["cluster_name"]
    assert called == "outbound|8081||ratelimit.shop.svc.cluster.local", "Istio's own cluster, with its identity and TLS"
    assert config["failure_mode_deny"] is False, "counting is no reason for an outage"


def test_whoever_has_global_limits_must_reach_the_service() -> None:
    assert rate_limit_callers(shop(orders(limit()), users(limit(scope="global")))) == (["users"], False)
    assert rate_limit_callers(shop(gateway(limit(scope="global", by="caller")))) == ([], True)


def test_the_service_runs_hardened_with_its_password_from_the_store_s_secret() -> None:
    spec = rate_limit_workload(store="cache", host="cache", port=6379)
    assert spec.env["REDIS_AUTH"] == SecretReference(secret="cache", key="password")
    assert spec.env["REDIS_URL"] == "cache:6379"
    assert spec.exceptions == {}, "no hardened default is switched off for it"
    assert not spec.ports["http"].exposed, "it answers there to anyone who asks, and each question counts"
