package shop.users;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the schema up to date: forwards only, each migration once, all in one transaction.
 *
 * <p>Of its own because the service has one schema and PostgreSQL's DDL is transactional: a migration library would be as large
 * as the rest of the service. Replicas that start together wait for each other; a database with later migrations than these is
 * left alone, since during a roll-out an old replica may start after a new one.
 */
final class Migrations {
    /** Oldest first. A migration that has been released never changes; a new one is added at the end. */
    static final List<String> ALL = List.of("001_users.sql");

    private static final Logger log = LoggerFactory.getLogger(Migrations.class);
    /** Any number that nothing else in this database locks. */
    private static final long LOCK = 7_203_115_001L;

    private Migrations() {}

    /** @throws IllegalStateException when a migration in the database isn't the one of that name here */
    static void apply(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection(); Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT pg_advisory_xact_lock(" + LOCK + ")");
            statement.execute("""
                    CREATE TABLE IF NOT EXISTS schema_migrations (
                        name text PRIMARY KEY, checksum bigint NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())""");
            Map<String, Long> applied = applied(statement);
            for (String name : ALL) {
                String sql = read(name);
                if (!applied.containsKey(name)) {
                    statement.execute(sql);
                    record(connection, name, checksum(sql));
                    log.atInfo().addKeyValue("migration", name).log("schema migrated");
                } else if (applied.get(name) != checksum(sql)) {
                    throw new IllegalStateException("migration " + name + " was changed after it had been applied to this database;"
                            + " restore it, and put the change into a new migration");
                }
            }
            connection.commit();
        }
    }

    private static Map<String, Long> applied(Statement statement) throws SQLException {
        Map<String, Long> checksums = new HashMap<>();
        try (ResultSet rows = statement.executeQuery("SELECT name, checksum FROM schema_migrations")) {
            while (rows.next()) {
                checksums.put(rows.getString(1), rows.getLong(2));
            }
        }
        return checksums;
    }

    private static void record(Connection connection, String name, long checksum) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO schema_migrations (name, checksum) VALUES (?, ?)")) {
            insert.setString(1, name);
            insert.setLong(2, checksum);
            insert.executeUpdate();
        }
    }

    static String read(String name) {
        try (InputStream file = Migrations.class.getResourceAsStream("/migrations/" + name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("migration " + name + " can't be read", e);
        }
    }

    private static long checksum(String sql) {
        CRC32 crc = new CRC32();
        crc.update(sql.getBytes(StandardCharsets.UTF_8));
        return crc.getValue();
    }
}
