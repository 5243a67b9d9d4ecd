package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Against a real server, at the service's own USERS_DB_* variables; its database is emptied. Not run by default:
 * {@code mvn test -Dtests.excluded= -Dtests.included=integration}.
 */
@Tag("integration")
@Timeout(60)
class PostgresIntegrationTest extends UserRepositoryContract {
    private static HikariDataSource pool;

    @BeforeAll
    static void connect() throws SQLException {
        pool = Main.pool(UsersSettings.read(System.getenv()), new SimpleMeterRegistry());
        execute("DROP TABLE IF EXISTS users, schema_migrations");
        Migrations.apply(pool);
    }

    @AfterAll
    static void disconnect() {
        pool.close();
    }

    @Override
    UserRepository repository() {
        return new PostgresUserRepository(pool);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void eachMigrationIsAppliedOnceHoweverManyReplicasStart() throws Exception {
        execute("DROP TABLE users, schema_migrations");
        ExecutorService replicas = Executors.newFixedThreadPool(4);
        Future<?>[] starts = new Future<?>[4];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = replicas.submit(() -> {
                Migrations.apply(pool);
                return null;
            });
        }
        for (Future<?> start : starts) {
            start.get();
        }
        replicas.shutdown();
        try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT count(*) FROM schema_migrations")) {
            assertTrue(count.next());
            assertEquals(Migrations.ALL.size(), count.getInt(1));
        }
    }

    @Test
    void aMigrationThatWasChangedAfterwardsIsRefused() throws SQLException {
        execute("UPDATE schema_migrations SET checksum = checksum + 1");
        try {
            String message = assertThrows(IllegalStateException.class, () -> Migrations.apply(pool)).getMessage();
            assertTrue(message.contains(Migrations.ALL.get(0)), message);
        } finally {
            execute("UPDATE schema_migrations SET checksum = checksum - 1");
        }
    }

    @Test
    void migrationsOfALaterReleaseAreLeftAlone() throws SQLException {
        execute("INSERT INTO schema_migrations (name, checksum) VALUES ('999_later.sql', 1)");
        Migrations.apply(pool);
        execute("DELETE FROM schema_migrations WHERE name = '999_later.sql'");
    }

    @Test
    void aStatementThatHangsMakesTheStoreUnavailable() throws SQLException {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.put("USERS_DB_TIMEOUT", "1s");
        try (HikariDataSource impatient = Main.pool(UsersSettings.read(environment), new SimpleMeterRegistry());
                Connection blocker = pool.getConnection(); Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
            UserRepository users = new PostgresUserRepository(impatient);
            long start = System.nanoTime();
            assertThrows(UserRepository.StoreUnavailable.class, () -> users.find(UUID.randomUUID()));
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 5, "the time-out is the setting's");
            blocker.rollback();
        }
    }
}
