package shop.fulfilment;

import java.io.IOException;
import java.util.Map;
import shop.telemetry.Lifecycle;
import shop.telemetry.Logging;
import shop.telemetry.Metrics;
import shop.telemetry.Settings;
import shop.telemetry.Tracing;

/** The fulfilment worker. */
public final class Main {
    private static final String SERVICE = "fulfilment";

    private Main() {}

    public static void main(String[] arguments) {
        // So that a complaint about the settings is JSON, too.
        Logging.start(Settings.serviceName(System.getenv(), SERVICE), "info", System.out);
        Lifecycle.run(() -> start(System.getenv()));
    }

    static Worker start(Map<String, String> environment) throws IOException {
        FulfilmentSettings settings = FulfilmentSettings.read(environment);
        String name = Settings.serviceName(environment, SERVICE);
        Logging.start(name, settings.logLevel(), System.out);
        return new Worker(name, settings, Tracing.start(name, settings.exporter()), Metrics.start());
    }
}
