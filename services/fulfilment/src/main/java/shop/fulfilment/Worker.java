package shop.fulfilment;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.telemetry.Lifecycle;
import shop.telemetry.ManagementServer;

/** The worker's process: it waits for the broker, handles what comes, and drains the messages under way. */
final class Worker implements Lifecycle.Service {
    private static final Logger log = LoggerFactory.getLogger(Worker.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final String name;
    private final FulfilmentSettings settings;
    private final OpenTelemetrySdk telemetry;
    private final PrometheusMeterRegistry registry;
    private final ManagementServer management;
    /** None before the broker is there. */
    private volatile Connection connection;
    private volatile List<Subscription> subscriptions = List.of();

    /** Opens the port of metrics and health; the broker need not be there yet. */
    Worker(String name, FulfilmentSettings settings, OpenTelemetrySdk telemetry, PrometheusMeterRegistry registry) throws IOException {
        this.name = name;
        this.settings = settings;
        this.telemetry = telemetry;
        this.registry = registry;
        this.management = new ManagementServer(settings.metricsPort(), registry, this::isReady);
    }

    private boolean isReady() {
        return !subscriptions.isEmpty()
                && subscriptions.stream().allMatch(Subscription::isRunning)
                && connection.getStatus() == Connection.Status.CONNECTED;
    }

    @Override
    public void becomeReady() throws InterruptedException {
        while (true) {
            try {
                if (connection == null) {
                    connection = connect();
                }
                subscriptions = subscribe();
                return;
            } catch (IOException | JetStreamApiException e) {
                log.warn("the broker is not ready: {}", e.getMessage());
                Thread.sleep(PAUSE.toMillis());
            }
        }
    }

    /** Once connected, the connection comes back by itself for as long as the worker lives. */
    private Connection connect() throws IOException, InterruptedException {
        return Nats.connect(Options.builder()
                .server(settings.natsUrl())
                .userInfo(settings.natsUser().toCharArray(), settings.natsPassword().toCharArray())
                .connectionName(name)
                .maxReconnects(-1)
                .connectionListener((connection, event) -> log.info("broker: {}", event))
                .build());
    }

    private List<Subscription> subscribe() throws IOException, JetStreamApiException {
        Topology topology = new Topology(connection, settings);
        topology.ensure();
        DeadLetters deadLetters = new StreamDeadLetters(
                connection.jetStream(), Topology.ORDERS, telemetry.getPropagators().getTextMapPropagator());
        OrderWorker orders = new OrderWorker(
                new KeyValueShipments(topology.shipments()), deadLetters, settings.maxDeliver(), telemetry, registry);
        AbandonedOrders abandoned =
                new AbandonedOrders(connection.jetStreamManagement(), Topology.ORDERS, deadLetters, registry);
        return List.of(
                new Subscription("orders", topology::orders, orders::handle),
                new Subscription("abandoned", topology::abandoned, abandoned::handle));
    }

    @Override
    public void close() throws Exception {
        long deadline = System.nanoTime() + settings.drainTimeout().toNanos();
        subscriptions.forEach(Subscription::stop);
        for (Subscription subscription : subscriptions) {
            if (!subscription.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()))) {
                log.warn("messages were still under way after {} s, and will be delivered again", settings.drainTimeout().toSeconds());
            }
        }
        if (connection != null) {
            acknowledgeTheLast();
        }
        telemetry.shutdown().join(2, TimeUnit.SECONDS); // the last spans
        management.close();
    }

    private void acknowledgeTheLast() throws InterruptedException {
        try {
            connection.flush(Duration.ofSeconds(1));
        } catch (TimeoutException e) {
            log.warn("the last acknowledgements may be lost, and their messages delivered again: {}", e.getMessage());
        }
        connection.close();
    }
}
