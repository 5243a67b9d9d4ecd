package shop.fulfilment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.impl.Headers;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import shop.fulfilment.DeliveryMetrics.Outcome;
import shop.orders.v1.Order;
import shop.orders.v1.OrderCreated;
import shop.orders.v1.OrderItem;
import shop.telemetry.Logging;
import shop.telemetry.Metrics;
import shop.telemetry.Tracing;

class OrderWorkerTest {
    private static final int MAX_DELIVER = 3;
    private static final byte[] EVENT = event(Order.newBuilder().setId("o-1").setUserId("u-1")
            .addItems(OrderItem.newBuilder().setProductId("p-1").setQuantity(2)));

    private final Set<String> scheduled = new HashSet<>();
    private final List<String> dead = new ArrayList<>();
    private final OpenTelemetrySdk telemetry = Tracing.start("fulfilment", Tracing.Exporter.OFF);
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

    static List<JsonObject> vectors() throws IOException {
        return shared("propagation.json").getAsJsonArray("vectors").asList().stream().map(JsonElement::getAsJsonObject).toList();
    }

    /** What the services of every language have in common. */
    private static JsonObject shared(String name) throws IOException {
        return JsonParser.parseString(Files.readString(Path.of("../testdata", name))).getAsJsonObject();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void thePublishersTraceIsInTheLogTheMetricsAndTheDeadLetter(JsonObject vector) {
        Headers headers = new Headers();
        vector.getAsJsonObject("headers").asMap().forEach((name, value) -> headers.put(name, value.getAsString()));
        checkTrace(vector, headers);
    }

    /** Publishers that write headers as HTTP does send Traceparent, and NATS tells the two apart. */
    @ParameterizedTest
    @MethodSource("vectors")
    void capitalsInHeadersDontMatter(JsonObject vector) {
        Headers headers = new Headers();
        vector.getAsJsonObject("headers").asMap().forEach((name, value) ->
                headers.put(Character.toUpperCase(name.charAt(0)) + name.substring(1), value.getAsString()));
        checkTrace(vector, headers);
    }

    private void checkTrace(JsonObject vector, Headers headers) {
        Headers kept = new Headers();
        Map<String, String> baggage = new HashMap<>();
        deadLetters = (subject, sequence, received, data, reason) -> {
            Baggage.current().forEach((key, entry) -> baggage.put(key, entry.getValue()));
            MessageHeaders.inject(telemetry.getPropagators().getTextMapPropagator(), io.opentelemetry.context.Context.current(), kept);
        };
        handle(new FakeDelivery(new byte[0], 1, headers, new ArrayList<>()));
        String trace = vector.get("trace_id").getAsString();
        boolean sampled = vector.get("sampled").getAsBoolean();
        JsonObject line = lines().get(0);
        assertEquals(trace, line.get("trace_id").getAsString());
        assertEquals("00-" + trace + "-" + line.get("span_id").getAsString() + (sampled ? "-01" : "-00"), kept.getFirst("traceparent"));
        assertTrue(kept.keySet().stream().noneMatch(name -> name.contains("b3")), kept.toString());
        Map<String, String> expected = new HashMap<>();
        vector.getAsJsonObject("baggage").asMap().forEach((key, value) -> expected.put(key, value.getAsString()));
        assertEquals(expected, baggage);
        String metrics = registry.scrape("application/openmetrics-text; version=1.0.0");
        assertTrue(metrics.contains("messaging_process_duration_seconds_count{destination=\"order.created\",outcome=\"dead_lettered\"} 1"), metrics);
        assertEquals(sampled, metrics.contains("trace_id=\"" + trace + "\""), "an exemplar names a trace that is kept, and no other");
    }

    @Test
    void theMetricIsTheOneThatTheDocumentationDescribes() throws Exception {
        handle(new FakeDelivery(EVENT, 1));
        JsonObject shared = shared("telemetry.json");
        String help = shared.getAsJsonObject("metrics").getAsJsonObject("messaging_process_duration_seconds").get("help").getAsString();
        assertTrue(registry.scrape().contains("# HELP messaging_process_duration_seconds " + help + "\n"), registry.scrape());
        assertEquals(shared.getAsJsonArray("outcomes").asList().stream().map(JsonElement::getAsString).toList(),
                Arrays.stream(Outcome.values()).map(outcome -> outcome.name().toLowerCase(Locale.ROOT)).toList());
    }
}
