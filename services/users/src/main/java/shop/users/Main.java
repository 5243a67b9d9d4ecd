package shop.users;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;
import shop.telemetry.Lifecycle;
import shop.telemetry.Logging;
import shop.telemetry.ManagementServer;
import shop.telemetry.Metrics;
import shop.telemetry.Tracing;

/** The users' service. */
public final class Main {
    private static final String SERVICE = "users";
    /** How long the database may take to answer when the service starts. */
    private static final Duration DATABASE_START = Duration.ofSeconds(30);

    private Main() {}

    public static void main(String[] arguments) {
        Logging.start(SERVICE, "info", System.out); // so that a complaint about the settings is JSON, too
        Lifecycle.run(() -> start(System.getenv()));
    }

    /** Starts everything; what it returns drains the calls, then closes the rest in the opposite order. */
    static AutoCloseable start(Map<String, String> environment) throws Exception {
        UsersSettings settings = UsersSettings.read(environment);
        Logging.start(SERVICE, settings.logLevel(), System.out);
        OpenTelemetrySdk telemetry = Tracing.start(SERVICE, environment);
        PrometheusMeterRegistry registry = Metrics.start();
        HikariDataSource pool = pool(settings, registry);
        Migrations.apply(pool);
        UserService service = new UserService(new PostgresUserRepository(pool), Clock.systemUTC());
        // Half as many again as connections: calls that need none are not kept waiting by those that do.
        int concurrency = settings.poolSize() + settings.poolSize() / 2 + 1;
        UsersServer server = new UsersServer(netty(settings), service, telemetry, registry, concurrency, settings.drainTimeout());
        server.start();
        ManagementServer management = new ManagementServer(settings.metricsPort(), registry, server::isServing);
        return () -> {
            server.close();
            pool.close();
            telemetry.shutdown().join(2, TimeUnit.SECONDS); // the last spans
            management.close();
        };
    }

    private static NettyServerBuilder netty(UsersSettings settings) {
        return NettyServerBuilder.forPort(settings.grpcPort())
                // Behind a virtual IP a client stays with the replica it reached first; connections end, so that new ones get a share.
                .maxConnectionAge(5, TimeUnit.MINUTES)
                .maxConnectionAgeGrace(30, TimeUnit.SECONDS)
                // Go's clients ping every 10 s at the most; the default of 5 min would cut them off.
                .permitKeepAliveTime(10, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
    }

    static HikariDataSource pool(UsersSettings settings, MeterRegistry registry) {
        int seconds = (int) Math.max(1, settings.databaseTimeout().toSeconds());
        PGSimpleDataSource database = new PGSimpleDataSource();
        database.setServerNames(new String[] {settings.databaseHost()});
        database.setPortNumbers(new int[] {settings.databasePort()});
        database.setDatabaseName(settings.database());
        database.setUser(settings.databaseUser());
        database.setPassword(settings.databasePassword());
        database.setApplicationName(SERVICE);
        database.setConnectTimeout(seconds);
        database.setSocketTimeout(2 * seconds); // later than the server's own time-out, for when it no longer answers
        database.setOptions("-c statement_timeout=" + settings.databaseTimeout().toMillis());
        HikariConfig config = new HikariConfig();
        config.setPoolName(SERVICE);
        config.setDataSource(database);
        config.setMaximumPoolSize(settings.poolSize());
        config.setConnectionTimeout(Math.max(250, settings.databaseTimeout().toMillis())); // 250 ms is the pool's own floor
        config.setInitializationFailTimeout(DATABASE_START.toMillis());
        config.setMetricRegistry(registry);
        return new HikariDataSource(config);
    }
}
