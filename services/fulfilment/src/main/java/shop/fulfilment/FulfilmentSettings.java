package shop.fulfilment;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import shop.telemetry.Logging;
import shop.telemetry.Settings;
import shop.telemetry.Tracing;

/** What the worker takes from its environment. */
record FulfilmentSettings(
        String natsUrl,
        String natsUser,
        String natsPassword,
        List<String> streamSubjects,
        boolean streamInFile,
        Duration streamMaxAge,
        String subject,
        Duration ackWait,
        int maxDeliver,
        int metricsPort,
        String logLevel,
        Duration drainTimeout,
        Tracing.Exporter exporter) {

    /** @throws shop.telemetry.InvalidSettings naming everything that is missing or malformed */
    static FulfilmentSettings read(Map<String, String> environment) {
        Settings settings = new Settings(environment);
        FulfilmentSettings read = new FulfilmentSettings(
                settings.required("NATS_URL"),
                settings.required("NATS_USERNAME"),
                settings.required("NATS_PASSWORD"),
                List.of(settings.required("STREAM_ORDERS_SUBJECTS").trim().split("\\s*,\\s*")),
                settings.word("STREAM_ORDERS_STORAGE", "file", List.of("file", "memory")).equals("file"),
                settings.duration("STREAM_ORDERS_MAX_AGE", Duration.ZERO),
                settings.required("CONSUMER_ORDERS_ORDER_CREATED_SUBJECT"),
                settings.requiredDuration("CONSUMER_ORDERS_ORDER_CREATED_ACK_WAIT"),
                settings.requiredNumber("CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER", 1),
                settings.port("METRICS_PORT", 8081),
                settings.word("LOG_LEVEL", "info", Logging.LEVELS),
                settings.duration("DRAIN_TIMEOUT", Duration.ofSeconds(15)),
                Tracing.Exporter.read(settings));
        settings.check();
        return read;
    }
}
