package shop.fulfilment;

import io.micrometer.core.instrument.MeterRegistry;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValueUtils;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes dead letters of orders whose last delivery got no answer, because the worker died or hung. The server publishes an
 * advisory for each and delivers the order no more; a stream keeps the advisories until one of the workers has read them.
 */
final class AbandonedOrders {
    private static final Logger log = LoggerFactory.getLogger(AbandonedOrders.class);
    private static final Duration RETRY = Duration.ofSeconds(5);
    /** "no message found" (the server's errors.json). */
    private static final int NO_MESSAGE = 10_037;

    private final JetStreamManagement management;
    private final String stream;
    private final DeadLetters deadLetters;
    private final MeterRegistry registry;

    AbandonedOrders(JetStreamManagement management, String stream, DeadLetters deadLetters, MeterRegistry registry) {
        this.management = management;
        this.stream = stream;
        this.deadLetters = deadLetters;
        this.registry = registry;
    }

    /** @param advisory io.nats.jetstream.advisory.v1.max_deliver, as JSON */
    void handle(Delivery advisory) {
        long start = System.nanoTime();
        try {
            long sequence = JsonValueUtils.readLong(JsonParser.parse(advisory.data()), "stream_seq", 0);
            MessageInfo order = management.getMessage(stream, sequence);
            Headers headers = order.getHeaders() == null ? new Headers() : order.getHeaders();
            deadLetters.keep(order.getSubject(), sequence, headers, order.getData(), "the last delivery got no answer");
            advisory.acknowledge();
            DeliveryMetrics.record(registry, order.getSubject(), DeliveryMetrics.Outcome.DEAD_LETTERED, start);
            log.atError().addKeyValue("sequence", sequence).log("an abandoned order became a dead letter");
        } catch (JsonParseException e) {
            advisory.terminate();
            log.warn("not an advisory: {}", e.getMessage());
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NO_MESSAGE) {
                advisory.acknowledge(); // too old, and gone from the stream
            } else {
                retry(advisory, e);
            }
        } catch (IOException | RuntimeException e) {
            retry(advisory, e);
        }
    }

    private static void retry(Delivery advisory, Exception failure) {
        advisory.retry(RETRY);
        log.warn("an abandoned order could not be made a dead letter yet: {}", failure.getMessage(), failure);
    }
}
