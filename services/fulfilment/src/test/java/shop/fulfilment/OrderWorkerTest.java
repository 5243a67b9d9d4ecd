package shop.fulfilment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.impl.Headers;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import shop.fulfilment.OrderWorker.Outcome;
import shop.orders.v1.Order;
import shop.orders.v1.OrderCreated;
import shop.orders.v1.OrderItem;
import shop.telemetry.Logging;
import shop.telemetry.Metrics;
import shop.telemetry.Tracing;

class OrderWorkerTest {
    private static final int MAX_DELIVER = 3;
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";
    private static final byte[] EVENT = event(Order.newBuilder().setId("o-1").setUserId("u-1")
            .addItems(OrderItem.newBuilder().setProductId("p-1").setQuantity(2)));

    private final Set<String> scheduled = new HashSet<>();
    private final List<String> dead = new ArrayList<>();
    private final OpenTelemetrySdk telemetry = Tracing.start("fulfilment", Map.of());
    private final PrometheusMeterRegistry registry = Metrics.start();
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private Shipments shipments = order -> scheduled.add(order.getId());
    private DeadLetters deadLetters = (subject, sequence, headers, data, reason) -> dead.add(subject + " " + sequence + ": " + reason);

    @BeforeEach
    void start() {
        Logging.start("fulfilment", "info", log);
    }

    @AfterEach
    void stop() {
        telemetry.close();
    }

    private static byte[] event(Order.Builder order) {
        return OrderCreated.newBuilder().setOrder(order).build().toByteArray();
    }

    private Outcome handle(Delivery delivery) {
        return new OrderWorker(shipments, deadLetters, MAX_DELIVER, telemetry, registry).handle(delivery);
    }

    private List<JsonObject> lines() {
        return log.toString(StandardCharsets.UTF_8).lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    }

    @Test
    void anOrdersShipmentIsScheduledAndTheMessageAcknowledged() {
        FakeDelivery delivery = new FakeDelivery(EVENT, 1);
        assertEquals(Outcome.SCHEDULED, handle(delivery));
        assertEquals(Set.of("o-1"), scheduled);
        assertEquals(List.of("acknowledged"), delivery.answers());
        assertEquals("o-1", lines().get(0).get("order_id").getAsString());
    }

    @Test
    void aSecondDeliveryOfAnOrderChangesNothing() {
        handle(new FakeDelivery(EVENT, 1));
        FakeDelivery second = new FakeDelivery(EVENT, 2);
        assertEquals(Outcome.DUPLICATE, handle(second));
        assertEquals(List.of("acknowledged"), second.answers(), "it would come again and again");
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2"})
    void aFailureIsTriedAgainLaterEachTime(long number, long seconds) {
        shipments = order -> {
            throw new IOException("no answer");
        };
        FakeDelivery delivery = new FakeDelivery(EVENT, number);
        assertEquals(Outcome.RETRIED, handle(delivery));
        assertEquals(List.of("retry after " + seconds + " s"), delivery.answers());
        assertEquals(List.of(), dead);
    }

    @Test
    void theLastFailureMakesADeadLetter() {
        shipments = order -> {
            throw new IllegalStateException("no answer");
        };
        FakeDelivery delivery = new FakeDelivery(EVENT, MAX_DELIVER);
        assertEquals(Outcome.DEAD_LETTERED, handle(delivery));
        assertEquals(List.of("order.created 7: no answer"), dead);
        assertEquals(List.of("terminated"), delivery.answers());
    }

    @Test
    void aMessageIsNotGivenUpBeforeItsDeadLetterIsKept() {
        deadLetters = (subject, sequence, headers, data, reason) -> {
            throw new IOException("no stream");
        };
        FakeDelivery delivery = new FakeDelivery("nonsense".getBytes(StandardCharsets.UTF_8), MAX_DELIVER);
        assertEquals(Outcome.RETRIED, handle(delivery));
        assertFalse(delivery.answers().contains("terminated"), "the server reports it as abandoned instead");
    }

    @Test
    void whatIsNoOrderBecomesADeadLetterAtOnce() {
        FakeDelivery garbage = new FakeDelivery("nonsense".getBytes(StandardCharsets.UTF_8), 1);
        assertEquals(Outcome.DEAD_LETTERED, handle(garbage));
        FakeDelivery empty = new FakeDelivery(new byte[0], 1);
        assertEquals(Outcome.DEAD_LETTERED, handle(empty));
        assertTrue(dead.get(1).contains("order.id") && dead.get(1).contains("user_id") && dead.get(1).contains("items"), dead.get(1));
        FakeDelivery nothing = new FakeDelivery(event(Order.newBuilder().setId("o-1").setUserId("u-1")
                .addItems(OrderItem.newBuilder().setProductId("p-1"))), 1);
        assertEquals(Outcome.DEAD_LETTERED, handle(nothing));
        assertEquals(Set.of(), scheduled);
    }

    @ParameterizedTest
    @CsvSource({
        "traceparent,00-" + TRACE + "-" + SPAN + "-01",
        "Traceparent,00-" + TRACE + "-" + SPAN + "-01",
        "b3," + TRACE + "-" + SPAN + "-1",
    })
    void thePublishersTraceIsInTheLogTheMetricsAndTheDeadLetter(String header, String value) {
        Headers kept = new Headers();
        deadLetters = (subject, sequence, headers, data, reason) -> {
            assertEquals("blue", Baggage.current().getEntryValue("tenant"));
            MessageHeaders.inject(telemetry.getPropagators().getTextMapPropagator(), io.opentelemetry.context.Context.current(), kept);
        };
        Headers headers = new Headers().put(header, value).put("baggage", "tenant=blue");
        handle(new FakeDelivery(new byte[0], 1, headers, new ArrayList<>()));
        JsonObject line = lines().get(0);
        assertEquals(TRACE, line.get("trace_id").getAsString());
        assertEquals("00-" + TRACE + "-" + line.get("span_id").getAsString() + "-01", kept.getFirst("traceparent"));
        String metrics = registry.scrape("application/openmetrics-text; version=1.0.0");
        assertTrue(metrics.contains("messaging_process_duration_seconds_count{destination=\"order.created\",outcome=\"dead_lettered\"} 1"), metrics);
        assertTrue(metrics.contains("trace_id=\"" + TRACE + "\""), "an exemplar names the trace");
    }
}
