package shop.telemetry;

import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import java.util.HashMap;
import java.util.Map;

/** The OpenTelemetry SDK, configured by the standard OTEL_* variables. */
public final class Tracing {
    private Tracing() {}

    /**
     * Starts the SDK. What the environment leaves open: no span is exported without an OTLP endpoint; W3C trace context, W3C
     * baggage and B3 (one header or several) are understood. Metrics are Micrometer's, logs go to standard output.
     */
    public static OpenTelemetrySdk start(String service, Map<String, String> environment) {
        Map<String, String> defaults = new HashMap<>();
        defaults.put("otel.service.name", service);
        defaults.put("otel.metrics.exporter", "none");
        defaults.put("otel.logs.exporter", "none");
        // The last one that finds its headers wins: W3C where a caller sends both.
        defaults.put("otel.propagators", "b3,tracecontext,baggage");
        if (!set(environment, "OTEL_EXPORTER_OTLP_ENDPOINT") && !set(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) {
            defaults.put("otel.traces.exporter", "none");
        }
        return AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> defaults)
                .addTracerProviderCustomizer((provider, properties) -> provider.addSpanProcessor(new Nowhere()))
                .disableShutdownHook() // the service's own drain comes first, then closes the SDK
                .build()
                .getOpenTelemetrySdk();
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

    private static boolean set(Map<String, String> environment, String name) {
        return !environment.getOrDefault(name, "").isEmpty();
    }
}
