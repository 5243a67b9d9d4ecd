package shop.users;

import java.time.Duration;
import java.util.Map;
import shop.telemetry.Logging;
import shop.telemetry.Settings;
import shop.telemetry.Tracing;

/** What the service takes from its environment. */
record UsersSettings(
        String databaseHost,
        int databasePort,
        String database,
        String databaseUser,
        String databasePassword,
        int poolSize,
        Duration databaseTimeout,
        int grpcPort,
        int metricsPort,
        String logLevel,
        Duration drainTimeout,
        Tracing.Exporter exporter) {

    /** @throws shop.telemetry.InvalidSettings naming everything that is missing or malformed */
    static UsersSettings read(Map<String, String> environment) {
        Settings settings = new Settings(environment);
        UsersSettings read = new UsersSettings(
                settings.required("USERS_DB_HOST"),
                settings.requiredNumber("USERS_DB_PORT", 1),
                settings.required("USERS_DB_DATABASE"),
                settings.required("USERS_DB_USERNAME"),
                settings.required("USERS_DB_PASSWORD"),
                settings.number("USERS_DB_POOL_SIZE", 10, 1),
                settings.duration("USERS_DB_TIMEOUT", Duration.ofSeconds(5)),
                settings.port("GRPC_PORT", 50_051),
                settings.port("METRICS_PORT", 8081),
                settings.word("LOG_LEVEL", "info", Logging.LEVELS),
                settings.duration("DRAIN_TIMEOUT", Duration.ofSeconds(15)),
                Tracing.Exporter.read(settings));
        settings.check();
        return read;
    }
}
