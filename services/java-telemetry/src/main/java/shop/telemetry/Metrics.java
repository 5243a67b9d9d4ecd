package shop.telemetry;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.tracer.common.SpanContext;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** Micrometer's Prometheus registry: the JVM's metrics, and histograms whose buckets name a trace (exemplars). */
public final class Metrics {
    /**
     * Upper bounds, dense around the limits that alerts use (300 ms, 500 ms, 800 ms). They are the same in every language
     * (docs/services.md), as only then quantiles over several services mean anything.
     */
    static final List<Duration> BUCKETS =
            Stream.of(5, 10, 25, 50, 100, 200, 300, 500, 800, 1_000, 2_500, 5_000, 10_000).map(Duration::ofMillis).toList();

    private Metrics() {}

    public static PrometheusMeterRegistry start() {
        PrometheusMeterRegistry registry =
                new PrometheusMeterRegistry(new OpenMetrics(), new PrometheusRegistry(), Clock.SYSTEM, new CurrentSpan());
        new JvmMemoryMetrics().bindTo(registry);
        // Never closed: it listens to the collector for as long as the process lives.
        new JvmGcMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        return registry;
    }

    /** The histogram {@code name} (dots become underscores, and _seconds is appended) with the shop's common buckets. */
    public static Timer histogram(MeterRegistry registry, String name, String description, String... tags) {
        return Timer.builder(name).description(description).tags(tags).serviceLevelObjectives(BUCKETS.toArray(Duration[]::new)).register(registry);
    }

    /** Micrometer's own default has exemplars on sums and counts too, which OpenMetrics 1.0 forbids. */
    private static final class OpenMetrics implements PrometheusConfig {
        @Override
        public String get(String key) {
            return null;
        }

        @Override
        public Properties prometheusProperties() {
            Properties properties = new Properties();
            properties.setProperty("io.prometheus.exporter.exemplarsOnAllMetricTypes", "false");
            return properties;
        }
    }

    private static final class CurrentSpan implements SpanContext {
        @Override
        public String getCurrentTraceId() {
            return Span.current().getSpanContext().isValid() ? Span.current().getSpanContext().getTraceId() : null;
        }

        @Override
        public String getCurrentSpanId() {
            return Span.current().getSpanContext().isValid() ? Span.current().getSpanContext().getSpanId() : null;
        }

        @Override
        public boolean isCurrentSpanSampled() {
            return Span.current().getSpanContext().isSampled();
        }

        @Override
        public void markCurrentSpanAsExemplar() {
            // Only a tail sampler inside the process would need to know.
        }
    }
}
