package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertEquals("these environment variables are missing or empty: ABSENT, EMPTY; PORT is \"seventy\", but must be a port from 0 to"
                + " 65535; LEVEL is \"loud\", but must be one of debug, info, warn, error; COUNT is \"0\", but must be a whole number, 1 or more",
                message);
    }

    @Test
    void whatTheEnvironmentLeavesOpenHasADefault() {
        Settings settings = new Settings(Map.of("LEVEL", "WARN"));
        assertEquals(8081, settings.port("METRICS_PORT", 8081));
        assertEquals("warn", settings.word("LEVEL", "info", Logging.LEVELS), "capitals don't matter");
        settings.check();
    }

    @ParameterizedTest
    @CsvSource({"30s,30000", "72h,259200000", "1m30s,90000", "250ms,250", "1.5s,1500"})
    void durationsAreWrittenAsTheCatalogueWritesThem(String text, long millis) {
        Settings settings = new Settings(Map.of("ACK_WAIT", text));
        assertEquals(Duration.ofMillis(millis), settings.requiredDuration("ACK_WAIT"));
        settings.check();
    }

    @ParameterizedTest
    @ValueSource(strings = {"30", "s", "-1s", "1s!", "1d", " 1s"})
    void otherDurationsAreRefused(String text) {
        Settings settings = new Settings(Map.of("ACK_WAIT", text));
        settings.requiredDuration("ACK_WAIT");
        assertTrue(assertThrows(InvalidSettings.class, settings::check).getMessage().startsWith("ACK_WAIT is"));
    }
}
