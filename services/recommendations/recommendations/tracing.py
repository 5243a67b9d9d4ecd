"""OpenTelemetry, set up from its standard OTEL_* variables."""

import os
import threading
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from recommendations.settings import Tracing

FLUSH_TIME: Final = 3.0
"""How long sending the last spans may take at the end, in seconds."""


class _AcceptedOnly(TextMapPropagator):
    """Reads a format and never writes it."""

    def __init__(self, accepted: TextMapPropagator) -> None:
        self._accepted = accepted

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        return self._accepted.extract(carrier, context, getter)

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        pass

    @property
    def fields(self) -> set[str]:
        """Nothing is written."""
        return set()


def propagator() -> TextMapPropagator:
    """Return what understands W3C trace context, W3C baggage and B3 (one header or several), and writes W3C alone.

    The last one that finds its headers wins: W3C where a caller sends both.
    """
    return CompositePropagator(
        [_AcceptedOnly(B3MultiFormat()), TraceContextTextMapPropagator(), W3CBaggagePropagator()]
    )


def start(service: str, tracing: Tracing) -> TracerProvider:
    """Install the propagator and the tracer provider. OTEL_PROPAGATORS, where it is set, overrides the former."""
    if not os.environ.get("OTEL_PROPAGATORS"):
        propagate.set_global_textmap(propagator())
    # What is merged in wins: OTEL_SERVICE_NAME over the service's own name.
    resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if tracing.endpoint is not None:
        provider.add_span_processor(BatchSpanProcessor(_exporter(tracing)))
    trace.set_tracer_provider(provider)
    return provider


def stop(provider: TracerProvider, within: float = FLUSH_TIME) -> bool:
    """Send the last spans; return False if that took longer than `within` seconds and was given up.

    The SDK itself would wait up to 30 s for a collector that doesn't answer, longer than the process has.
    """
    flush = threading.Thread(target=provider.shutdown, name="flush", daemon=True)
    flush.start()
    flush.join(within)
    return not flush.is_alive()


def _exporter(tracing: Tracing) -> SpanExporter:
    # Endpoint, headers, certificates and time-outs come from the variables, which the exporters read themselves.
    return GrpcExporter() if tracing.protocol == "grpc" else HttpExporter()
