package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void oneErrorNamesEverythingThatIsMissingOrMalformed() {
        Settings settings = new Settings(Map.of("EMPTY", "", "PORT", "seventy", "LEVEL", "loud", "COUNT", "0"));
        settings.required("ABSENT");
        settings.required("EMPTY");
        settings.port("PORT", 1);
        settings.word("LEVEL", "info", Logging.LEVELS);
        settings.requiredNumber("COUNT", 1);
        String message = assertThrows(InvalidSettings.class, settings::check).getMessage();
        assertEquals("missing environment variables: ABSENT, EMPTY; PORT must be a port from 0 to 65535; LEVEL must be one of debug, info,"
                + " warn, error; COUNT must be a whole number of 1 or more", message);
    }

    @Test
    void whatTheEnvironmentLeavesOpenHasADefault() {
        Settings settings = new Settings(Map.of("LEVEL", "WARN"));
        assertEquals(8081, settings.port("METRICS_PORT", 8081));
        assertEquals("warn", settings.word("LEVEL", "info", Logging.LEVELS), "capitals don't matter");
        settings.check();
    }

    @Test
    void durationsAreWrittenAsInEveryLanguage() throws Exception {
        JsonObject shared = Conformance.read("settings.json");
        shared.getAsJsonObject("durations").asMap().forEach((text, seconds) -> {
            Settings settings = new Settings(Map.of("WAIT", text));
            assertEquals(seconds.getAsDouble(), settings.requiredDuration("WAIT").toMillis() / 1e3, text);
            settings.check();
        });
        for (JsonElement text : shared.getAsJsonArray("no_durations")) {
            Settings settings = new Settings(Map.of("WAIT", text.getAsString()));
            settings.requiredDuration("WAIT");
            assertTrue(assertThrows(InvalidSettings.class, settings::check, text::toString).getMessage().startsWith("WAIT must be"));
        }
    }
}
