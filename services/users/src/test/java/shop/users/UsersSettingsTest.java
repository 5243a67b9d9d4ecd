package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import shop.telemetry.InvalidSettings;

class UsersSettingsTest {
    @Test
    void everyMissingVariableIsNamedAtOnce() {
        String message = assertThrows(InvalidSettings.class, () -> UsersSettings.read(Map.of())).getMessage();
        for (String name : new String[] {"HOST", "PORT", "DATABASE", "USERNAME", "PASSWORD"}) {
            assertTrue(message.contains("USERS_DB_" + name), message);
        }
    }

    @Test
    void thePortsAreTheCataloguesWhereNothingElseIsSaid() {
        UsersSettings settings = UsersSettings.read(Map.of("USERS_DB_HOST", "users-db", "USERS_DB_PORT", "5432",
                "USERS_DB_DATABASE", "users_db", "USERS_DB_USERNAME", "users", "USERS_DB_PASSWORD", "secret"));
        assertEquals(50_051, settings.grpcPort());
        assertEquals(8081, settings.metricsPort());
    }
}
