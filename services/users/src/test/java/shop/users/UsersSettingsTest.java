package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
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
    void thePlatformGivesEverySettingThatIsRequired() throws Exception {
        Map<String, String> environment = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("../../tests/golden/local/users.yaml"))) {
            if (line.strip().startsWith("- name: ")) {
                environment.put(line.strip().substring("- name: ".length()), "any");
            }
        }
        // Only names are compared here, so malformed values ("any" is no number) don't count.
        String message = assertThrows(InvalidSettings.class, () -> UsersSettings.read(environment)).getMessage();
        assertFalse(message.contains("missing"), message);
    }

    @Test
    void thePortsAreTheCataloguesWhereNothingElseIsSaid() {
        UsersSettings settings = UsersSettings.read(Map.of("USERS_DB_HOST", "users-db", "USERS_DB_PORT", "5432",
                "USERS_DB_DATABASE", "users_db", "USERS_DB_USERNAME", "users", "USERS_DB_PASSWORD", "secret"));
        assertEquals(50_051, settings.grpcPort());
        assertEquals(8081, settings.metricsPort());
    }
}
