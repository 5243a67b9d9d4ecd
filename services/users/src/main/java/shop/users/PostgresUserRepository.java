package shop.users;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

/** Users in PostgreSQL. */
final class PostgresUserRepository implements UserRepository {
    private final DataSource database;

    PostgresUserRepository(DataSource database) {
        this.database = database;
    }

    @Override
    public Optional<User> find(UUID id) {
        return inDatabase("SELECT id, email, display_name, created_at FROM users WHERE id = ?", statement -> {
            statement.setObject(1, id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(user(row)) : Optional.empty();
            }
        });
    }

    @Override
    public boolean add(User user) {
        String insert = "INSERT INTO users (id, email, display_name, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (lower(email)) DO NOTHING";
        return inDatabase(insert, statement -> {
            statement.setObject(1, user.id());
            statement.setString(2, user.email());
            statement.setString(3, user.displayName());
            statement.setObject(4, user.createdAt().atOffset(ZoneOffset.UTC));
            return statement.executeUpdate() == 1;
        });
    }

    private static User user(ResultSet row) throws SQLException {
        return new User(
                row.getObject("id", UUID.class),
                row.getString("email"),
                row.getString("display_name"),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }

    private interface Work<T> {
        T with(PreparedStatement statement) throws SQLException;
    }

    private <T> T inDatabase(String sql, Work<T> work) {
        try (Connection connection = database.getConnection(); PreparedStatement statement = connection.prepareStatement(sql)) {
            return work.with(statement);
        } catch (SQLException e) {
            if (isTransient(e)) {
                throw new StoreUnavailable(e);
            }
            throw new IllegalStateException("PostgreSQL refused a statement: " + e.getMessage(), e);
        }
    }

    /** Classes 08 (connection), 53 (resources) and 57 (shutdown, statement time-out) pass; see PostgreSQL's appendix A. */
    private static boolean isTransient(SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        return e instanceof SQLTransientException
                || e instanceof SQLNonTransientConnectionException
                || state.startsWith("08")
                || state.startsWith("53")
                || state.startsWith("57");
    }
}
