package shop.fulfilment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import shop.orders.v1.Order;
import shop.orders.v1.OrderCreated;
import shop.orders.v1.OrderItem;

/**
 * The whole worker against a real NATS server with JetStream, at NATS_URL, NATS_USERNAME and NATS_PASSWORD; its streams are
 * deleted. Not run by default: {@code mvn test -Dtests.excluded= -Dtests.included=integration}.
 */
@Tag("integration")
@Timeout(90)
class NatsIntegrationTest {
    private static final int METRICS_PORT = 18_081;
    private static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final Map<String, String> environment = new HashMap<>(FulfilmentSettingsTest.COMPLETE);
    private Connection connection;
    private Worker worker;

    @BeforeEach
    void connect() throws Exception {
        environment.putAll(System.getenv());
        environment.putAll(Map.of("CONSUMER_ORDERS_ORDER_CREATED_ACK_WAIT", "1s", "METRICS_PORT", String.valueOf(METRICS_PORT),
                "STREAM_ORDERS_SUBJECTS", "order.*", "CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER", "2"));
        connection = Nats.connect(Options.builder().server(environment.get("NATS_URL"))
                .userInfo(environment.get("NATS_USERNAME"), environment.get("NATS_PASSWORD")).build());
        for (String stream : connection.jetStreamManagement().getStreamNames()) {
            connection.jetStreamManagement().deleteStream(stream);
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
        connection.close();
    }

    private void start() throws Exception {
        worker = Main.start(environment);
        worker.becomeReady();
    }

    private static byte[] event(String id) {
        return OrderCreated.newBuilder().setOrder(Order.newBuilder().setId(id).setUserId("u-1")
                .addItems(OrderItem.newBuilder().setProductId("p-1").setQuantity(2))).build().toByteArray();
    }

    private MessageInfo lastDeadLetter() throws IOException, JetStreamApiException {
        return connection.jetStreamManagement().getLastMessage(Topology.DEAD, "dead.order.created");
    }

    private long waiting() throws IOException, JetStreamApiException {
        var consumer = connection.jetStreamManagement().getConsumerInfo(Topology.ORDERS, Topology.DURABLE);
        return consumer.getNumPending() + consumer.getNumAckPending();
    }

    /** Until it holds; what isn't there yet counts as no. */
    private static void await(Callable<Boolean> condition) throws Exception {
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (JetStreamApiException e) {
                // Not there yet.
            }
            Thread.sleep(50);
        }
    }

    @Test
    void ordersAreHandledOnceAndAcknowledged() throws Exception {
        start();
        for (int i = 0; i < 25; i++) {
            connection.jetStream().publish("order.created", event("o-" + i % 20));
        }
        await(() -> waiting() == 0);
        assertEquals(20, connection.keyValue(Topology.BUCKET).keys().size());
        assertEquals("o-3", Order.parseFrom(connection.keyValue(Topology.BUCKET).get("o-3").getValue()).getId());
        String metrics = HttpClient.newHttpClient().send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + METRICS_PORT + "/actuator/prometheus")).build(),
                HttpResponse.BodyHandlers.ofString()).body();
        assertTrue(metrics.contains("messaging_process_duration_seconds_count{destination=\"order.created\",outcome=\"duplicate\"} 5"), metrics);
    }

    @Test
    void garbageBecomesADeadLetterInItsTrace() throws Exception {
        start();
        connection.jetStream().publish("order.created", new Headers().put("Traceparent", TRACEPARENT), new byte[] {1, 2, 3});
        await(() -> lastDeadLetter() != null);
        Headers headers = lastDeadLetter().getHeaders();
        assertTrue(headers.getFirst("traceparent").startsWith(TRACEPARENT.substring(0, 35)), headers.toString());
        assertEquals("order.created", headers.getFirst(DeadLetters.ORIGINAL_SUBJECT));
        await(() -> waiting() == 0);
    }

    @Test
    void anOrderWhoseLastDeliveryGotNoAnswerBecomesADeadLetter() throws Exception {
        // A worker that takes messages and dies, as often as they are delivered.
        FulfilmentSettings settings = FulfilmentSettings.read(environment);
        Topology topology = new Topology(connection, settings);
        topology.ensure();
        var orders = topology.orders();
        connection.jetStream().publish("order.created", event("o-lost"));
        for (int delivery = 1; delivery <= settings.maxDeliver(); delivery++) {
            assertEquals(delivery, orders.next(10_000).metaData().deliveredCount());
        }
        start();
        await(() -> lastDeadLetter() != null);
        assertEquals("1", lastDeadLetter().getHeaders().getFirst(DeadLetters.ORIGINAL_SEQUENCE));
        assertEquals("o-lost", OrderCreated.parseFrom(lastDeadLetter().getData()).getOrder().getId());
        await(() -> connection.jetStreamManagement().getStreamInfo(Topology.ABANDONED).getStreamState().getMsgCount() == 0);
    }

    @Test
    void drainingLeavesNothingHalfDone() throws Exception {
        start();
        for (int i = 0; i < 200; i++) {
            connection.jetStream().publish("order.created", event("o-" + i));
        }
        worker.close();
        worker = null;
        await(() -> connection.jetStreamManagement().getConsumerInfo(Topology.ORDERS, Topology.DURABLE).getNumAckPending() == 0);
        long left = connection.jetStreamManagement().getConsumerInfo(Topology.ORDERS, Topology.DURABLE).getNumPending();
        assertEquals(200, left + connection.jetStreamManagement().getStreamInfo("KV_" + Topology.BUCKET).getStreamState().getMsgCount());
    }
}
