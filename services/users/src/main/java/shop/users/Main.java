package shop.users;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.telemetry.Lifecycle;
import shop.telemetry.Logging;
import shop.telemetry.ManagementServer;
import shop.telemetry.Metrics;
import shop.telemetry.Settings;
import shop.telemetry.Tracing;

/** The users' service. */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final String SERVICE = "users";
    private static final Duration MIGRATION_PAUSE = Duration.ofSeconds(1);

    private Main() {}

    public static void main(String[] arguments) {
        // So that a complaint about the settings is JSON, too.
        Logging.start(Settings.serviceName(System.getenv(), SERVICE), "info", System.out);
        Lifecycle.run(() -> start(System.getenv()));
    }

    /** Opens the ports; what it returns drains the calls, then closes the rest in the opposite order. */
    static Lifecycle.Service start(Map<String, String> environment) throws IOException {
        UsersSettings settings = UsersSettings.read(environment);
        String name = Settings.serviceName(environment, SERVICE);
        Logging.start(name, settings.logLevel(), System.out);
        OpenTelemetrySdk telemetry = Tracing.start(name, settings.exporter());
        PrometheusMeterRegistry registry = Metrics.start();
        HikariDataSource pool = pool(settings, registry);
        UserService service = new UserService(new PostgresUserRepository(pool), Clock.systemUTC());
        // Half as many again as connections: calls that need none are not kept waiting by those that do.
        int concurrency = settings.poolSize() + settings.poolSize() / 2 + 1;
        UsersServer server = new UsersServer(netty(settings), service, telemetry, registry, concurrency, settings.drainTimeout());
        server.start();
        ManagementServer management = new ManagementServer(settings.metricsPort(), registry, server::isServing);
        return new Lifecycle.Service() {
            @Override
            public void becomeReady() throws InterruptedException {
                migrate(pool);
                server.serve();
            }

            @Override
            public void close() throws Exception {
                server.close();
                pool.close();
                telemetry.shutdown().join(2, TimeUnit.SECONDS); // the last spans
                management.close();
            }
        };
    }

    /** Tries until the database is there and has the schema. */
    private static void migrate(DataSource database) throws InterruptedException {
        while (true) {
            try {
                Migrations.apply(database);
                return;
            } catch (SQLException e) {
                log.warn("the database is not ready: {}", e.getMessage());
                Thread.sleep(MIGRATION_PAUSE.toMillis());
            }
        }
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
        config.setInitializationFailTimeout(-1); // connections are opened when they are needed
        config.setMetricRegistry(registry);
        return new HikariDataSource(config);
    }
}
