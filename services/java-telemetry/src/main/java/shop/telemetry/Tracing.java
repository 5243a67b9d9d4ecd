package shop.telemetry;

import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import io.opentelemetry.extension.trace.propagation.B3Propagator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The OpenTelemetry SDK, configured by the standard OTEL_* variables. */
public final class Tracing {
    private Tracing() {}

    /**
     * Where spans go.
     *
     * @param on false where spans are made, for the ids in logs and metrics, and sent nowhere
     * @param protocol grpc or http/protobuf
     */
    public record Exporter(boolean on, String protocol) {
        private static final String HTTP = "http/protobuf";
        public static final Exporter OFF = new Exporter(false, HTTP);

        /**
         * Reads whether and how spans are sent. http/protobuf is the default that the specification asks for, though not the one of
         * Java's SDK: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specify-protocol
         */
        public static Exporter read(Settings settings) {
            boolean on = settings.optional(variable(settings, "ENDPOINT"), null) != null
                    && !settings.optional("OTEL_TRACES_EXPORTER", "").equals("none");
            return new Exporter(on, settings.word(variable(settings, "PROTOCOL"), HTTP, List.of(HTTP, "grpc")));
        }

        private static String variable(Settings settings, String what) {
            String traces = "OTEL_EXPORTER_OTLP_TRACES_" + what;
            return settings.optional(traces, null) == null ? "OTEL_EXPORTER_OTLP_" + what : traces;
        }
    }

    /**
     * Starts the SDK. What the environment leaves open: W3C trace context, W3C baggage and B3 (one header or several) are understood,
     * W3C alone is passed on. Metrics are Micrometer's, logs go to standard output.
     */
    public static OpenTelemetrySdk start(String service, Exporter exporter) {
        Map<String, String> defaults = Map.of(
                "otel.service.name", service,
                "otel.metrics.exporter", "none",
                "otel.logs.exporter", "none",
                // The last one that finds its headers wins: W3C where a caller sends both.
                "otel.propagators", "b3,tracecontext,baggage");
        Map<String, String> settled = Map.of(
                "otel.traces.exporter", exporter.on() ? "otlp" : "none",
                "otel.exporter.otlp.traces.protocol", exporter.protocol());
        boolean chosen = !new Settings(System.getenv()).optional("OTEL_PROPAGATORS", "").isEmpty();
        return AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> defaults)
                .addPropertiesCustomizer(properties -> settled)
                .addPropagatorCustomizer((format, properties) ->
                        format instanceof B3Propagator && !chosen ? new AcceptedOnly(format) : format)
                .addTracerProviderCustomizer((provider, properties) -> provider.addSpanProcessor(new Nowhere()))
                .disableShutdownHook() // the service's own drain comes first, then closes the SDK
                .build()
                .getOpenTelemetrySdk();
    }

    /** Reads a format and never writes it. */
    private record AcceptedOnly(TextMapPropagator format) implements TextMapPropagator {
        @Override
        public Collection<String> fields() {
            return List.of(); // of those that are written
        }

        @Override
        public <C> void inject(Context context, C carrier, TextMapSetter<C> setter) {}

        @Override
        public <C> Context extract(Context context, C carrier, TextMapGetter<C> getter) {
            return format.extract(context, carrier, getter);
        }
    }

    /** Without any processor the SDK makes no spans at all, and a log line would have no trace id where nothing is exported. */
    private static final class Nowhere implements SpanProcessor {
        @Override
        public void onStart(Context parent, ReadWriteSpan span) {}

        @Override
        public boolean isStartRequired() {
            return false;
        }

        @Override
        public void onEnd(ReadableSpan span) {}

        @Override
        public boolean isEndRequired() {
            return false;
        }
    }
}
