package shop.fulfilment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import shop.telemetry.InvalidSettings;

class FulfilmentSettingsTest {
    static final Map<String, String> COMPLETE = Map.of(
            "NATS_URL", "nats://nats:4222",
            "NATS_USERNAME", "shop",
            "NATS_PASSWORD", "secret",
            "STREAM_ORDERS_SUBJECTS", "order.*,return.*",
            "STREAM_ORDERS_STORAGE", "file",
            "STREAM_ORDERS_MAX_AGE", "72h",
            "CONSUMER_ORDERS_ORDER_CREATED_SUBJECT", "order.created",
            "CONSUMER_ORDERS_ORDER_CREATED_ACK_WAIT", "30s",
            "CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER", "3");

    @Test
    void thePlatformsVariablesAreUnderstood() {
        FulfilmentSettings settings = FulfilmentSettings.read(COMPLETE);
        assertEquals(List.of("order.*", "return.*"), settings.streamSubjects());
        assertEquals(Duration.ofHours(72), settings.streamMaxAge());
        assertEquals(Duration.ofSeconds(30), settings.ackWait());
        assertEquals(3, settings.maxDeliver());
    }

    @Test
    void thePlatformGivesEverySettingThatIsRequired() throws Exception {
        Map<String, String> environment = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("../../tests/golden/local/fulfilment.yaml"))) {
            if (line.strip().startsWith("- name: ")) {
                environment.put(line.strip().substring("- name: ".length()), "any");
            }
        }
        // Only names are compared here, so malformed values ("any" is no number) don't count.
        String message = assertThrows(InvalidSettings.class, () -> FulfilmentSettings.read(environment)).getMessage();
        assertFalse(message.contains("missing"), message);
    }

    @Test
    void everyMissingVariableIsNamedAtOnce() {
        Map<String, String> incomplete = new HashMap<>(COMPLETE);
        incomplete.remove("NATS_URL");
        incomplete.remove("CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER");
        String message = assertThrows(InvalidSettings.class, () -> FulfilmentSettings.read(incomplete)).getMessage();
        assertEquals("missing environment variables: NATS_URL, CONSUMER_ORDERS_ORDER_CREATED_MAX_DELIVER", message);
    }
}
