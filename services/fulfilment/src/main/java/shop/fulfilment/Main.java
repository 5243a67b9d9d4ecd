package shop.fulfilment;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.telemetry.Lifecycle;
import shop.telemetry.Logging;
import shop.telemetry.ManagementServer;
import shop.telemetry.Metrics;
import shop.telemetry.Tracing;

/** The fulfilment worker. */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final String SERVICE = "fulfilment";
    /** How long the broker may take to answer when the worker starts. */
    private static final Duration BROKER_START = Duration.ofSeconds(30);
    private static final Duration CONNECT_PAUSE = Duration.ofMillis(500);

    private Main() {}

    public static void main(String[] arguments) {
        Logging.start(SERVICE, "info", System.out); // so that a complaint about the settings is JSON, too
        Lifecycle.run(() -> start(System.getenv()));
    }

    /** Starts everything; what it returns drains the messages under way, then closes the rest. */
    static AutoCloseable start(Map<String, String> environment) throws Exception {
        FulfilmentSettings settings = FulfilmentSettings.read(environment);
        Logging.start(SERVICE, settings.logLevel(), System.out);
        OpenTelemetrySdk telemetry = Tracing.start(SERVICE, environment);
        PrometheusMeterRegistry registry = Metrics.start();
        Connection connection = connect(settings);
        Topology topology = new Topology(connection, settings);
        topology.ensure();
        DeadLetters deadLetters = new StreamDeadLetters(
                connection.jetStream(), Topology.ORDERS, telemetry.getPropagators().getTextMapPropagator());
        OrderWorker worker = new OrderWorker(
                new KeyValueShipments(topology.shipments()), deadLetters, settings.maxDeliver(), telemetry, registry);
        AbandonedOrders abandoned = new AbandonedOrders(connection.jetStreamManagement(), Topology.ORDERS, deadLetters);
        Subscription orders = new Subscription("orders", topology::orders, worker::handle);
        Subscription advisories = new Subscription("abandoned", topology::abandoned, abandoned::handle);
        ManagementServer management = new ManagementServer(settings.metricsPort(), registry,
                () -> connection.getStatus() == Connection.Status.CONNECTED && orders.isRunning() && advisories.isRunning());
        return () -> {
            long deadline = System.nanoTime() + settings.drainTimeout().toNanos();
            orders.stop();
            advisories.stop();
            for (Subscription subscription : new Subscription[] {orders, advisories}) {
                if (!subscription.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()))) {
                    log.warn("messages were still under way after {} s, and will be delivered again", settings.drainTimeout().toSeconds());
                }
            }
            connection.flush(Duration.ofSeconds(1)); // the last acknowledgements
            connection.close();
            telemetry.shutdown().join(2, TimeUnit.SECONDS); // the last spans
            management.close();
        };
    }

    /** Once connected, the connection comes back by itself for as long as the worker lives. */
    private static Connection connect(FulfilmentSettings settings) throws IOException, InterruptedException {
        Options options = Options.builder()
                .server(settings.natsUrl())
                .userInfo(settings.natsUser().toCharArray(), settings.natsPassword().toCharArray())
                .connectionName(SERVICE)
                .maxReconnects(-1)
                .connectionListener((connection, event) -> log.info("broker: {}", event))
                .build();
        long deadline = System.nanoTime() + BROKER_START.toNanos();
        while (true) {
            try {
                return Nats.connect(options);
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw new IOException("no connection to NATS within " + BROKER_START.toSeconds() + " s: " + e.getMessage(), e);
                }
                Thread.sleep(CONNECT_PAUSE.toMillis());
            }
        }
    }
}
