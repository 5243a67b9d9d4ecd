"""What removes old traces from Elasticsearch or OpenSearch, which keep whatever they get. Pure.

https://www.jaegertracing.io/docs/latest/storage/elasticsearch/#index-cleaner
"""

from datetime import timedelta
from typing import Final

from components import versions
from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.storage import index_prefix, retention, search_server
from components.observability.names import JAEGER
from components.specs.container import Language
from components.specs.resources import Resources
from components.specs.variables import EnvironmentValue, SecretReference
from components.specs.workload import JobSettings, WorkloadKind, WorkloadSpec

PASSWORD: Final = "ES_PASSWORD"  # noqa: S105 - the variable's name, which the cleaner reads for --es.password
_AFTER_MIDNIGHT: Final = "30 0 * * *"
"""Days of indices are those of UTC."""


def index_cleaner_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the CronJob that drops the indices of days that are over for longer than the retention.

    Raises ValueError where traces are in no Elasticsearch or OpenSearch.
    """
    tracing = args.settings.tracing
    server = search_server(tracing.storage) if tracing else None
    if tracing is None or server is None:
        raise ValueError("only Elasticsearch and OpenSearch have indices to drop")
    prefix, login = index_prefix(server), server.login
    env: dict[str, EnvironmentValue] = {PASSWORD: SecretReference(secret=JAEGER, key=login.password)} if login else {}
    return WorkloadSpec(
        kind=WorkloadKind.CRON_JOB,
        language=Language.GO,
        image=versions.JAEGER_INDEX_CLEANER_IMAGE,
        args=(
            str(days_kept(retention(tracing))),
            server.url.rstrip("/"),
            *((f"--index-prefix={prefix}",) if prefix else ()),
            *((f"--es.username={login.username}",) if login else ()),
            *(("--es.tls.enabled=true",) if server.url.startswith("https://") else ()),
        ),
        env=env,
        job=JobSettings(
            schedule=_AFTER_MIDNIGHT,
            time_zone="Etc/UTC",
            starting_deadline=timedelta(hours=6),
            deadline=timedelta(minutes=30),
            retries=3,
        ),
        resources=Resources(cpu="50m", memory="64Mi"),
    )


def days_kept(kept: timedelta) -> int:
    """Return how many days' indices stay, today's among them, so that no trace goes before its time.

    An index holds a whole day, and goes as a whole: of the first of them even the last trace must be old enough.
    """
    return -(-kept // timedelta(days=1)) + 1
