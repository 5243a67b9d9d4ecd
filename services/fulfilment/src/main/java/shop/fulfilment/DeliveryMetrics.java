package shop.fulfilment;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;
import shop.telemetry.Metrics;

/** messaging_process_duration_seconds{destination, outcome}: how long deliveries took, and how they ended. */
final class DeliveryMetrics {
    /** How a delivery ended: the label, in small letters. */
    enum Outcome { SCHEDULED, DUPLICATE, RETRIED, DEAD_LETTERED }

    private DeliveryMetrics() {}

    /** @param start of the handling, of System.nanoTime */
    static void record(MeterRegistry registry, String destination, Outcome outcome, long start) {
        Metrics.histogram(registry, "messaging.process.duration", "How long this service took to handle a delivery.",
                        "destination", destination, "outcome", outcome.name().toLowerCase(Locale.ROOT))
                .record(Duration.ofNanos(System.nanoTime() - start));
    }
}
