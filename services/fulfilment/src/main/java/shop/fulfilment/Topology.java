package shop.fulfilment;

import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.KeyValue;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.time.Duration;

/**
 * The streams, consumers and bucket that the worker needs. A stream that exists stays as it is: whoever runs the broker may
 * have made it with more replicas or other limits.
 */
final class Topology {
    static final String ORDERS = "ORDERS";
    static final String DEAD = "ORDERS_DEAD";
    static final String ABANDONED = "ORDERS_ABANDONED";
    static final String DURABLE = "fulfilment";
    static final String BUCKET = "fulfilment-shipments";

    /** The server's errors.json: stream not found; stream exists with another configuration. */
    private static final int NOT_FOUND = 10_059;
    private static final int EXISTS = 10_058;

    private final Connection connection;
    private final FulfilmentSettings settings;

    Topology(Connection connection, FulfilmentSettings settings) {
        this.connection = connection;
        this.settings = settings;
    }

    /** Makes what is missing. */
    void ensure() throws IOException, JetStreamApiException {
        StreamConfiguration.Builder orders = stream(ORDERS, settings.streamSubjects().toArray(String[]::new));
        if (!settings.streamMaxAge().isZero()) {
            orders.maxAge(settings.streamMaxAge());
        }
        ensure(orders.build());
        // No age limit: a dead letter waits for somebody to look at it.
        ensure(stream(DEAD, settings.streamSubjects().stream().map(StreamDeadLetters.PREFIX::concat).toArray(String[]::new)).build());
        ensure(stream(ABANDONED, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + ORDERS + "." + DURABLE)
                .retentionPolicy(RetentionPolicy.WorkQueue).build());
    }

    ConsumerContext orders() throws IOException, JetStreamApiException {
        return consumer(ORDERS, ConsumerConfiguration.builder()
                .filterSubject(settings.subject()).ackWait(settings.ackWait()).maxDeliver(settings.maxDeliver()));
    }

    ConsumerContext abandoned() throws IOException, JetStreamApiException {
        return consumer(ABANDONED, ConsumerConfiguration.builder().ackWait(Duration.ofSeconds(30)));
    }

    KeyValue shipments() throws IOException, JetStreamApiException {
        JetStreamManagement management = connection.jetStreamManagement();
        try {
            management.getStreamInfo("KV_" + BUCKET);
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() != NOT_FOUND) {
                throw e;
            }
            connection.keyValueManagement().create(
                    KeyValueConfiguration.builder(BUCKET).storageType(storage()).maxHistoryPerKey(1).build());
        }
        return connection.keyValue(BUCKET);
    }

    private ConsumerContext consumer(String stream, ConsumerConfiguration.Builder builder) throws IOException, JetStreamApiException {
        ConsumerConfiguration configuration = builder.durable(DURABLE).ackPolicy(AckPolicy.Explicit).build();
        return connection.getStreamContext(stream).createOrUpdateConsumer(configuration);
    }

    private StreamConfiguration.Builder stream(String name, String... subjects) {
        return StreamConfiguration.builder().name(name).subjects(subjects).storageType(storage());
    }

    private StorageType storage() {
        return settings.streamInFile() ? StorageType.File : StorageType.Memory;
    }

    private void ensure(StreamConfiguration stream) throws IOException, JetStreamApiException {
        JetStreamManagement management = connection.jetStreamManagement();
        try {
            management.getStreamInfo(stream.getName());
        } catch (JetStreamApiException missing) {
            if (missing.getApiErrorCode() != NOT_FOUND) {
                throw missing;
            }
            try {
                management.addStream(stream);
            } catch (JetStreamApiException e) {
                if (e.getApiErrorCode() != EXISTS) { // the publisher was faster
                    throw e;
                }
            }
        }
    }
}
