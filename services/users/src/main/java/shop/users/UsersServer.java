package shop.users;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ExecutorServiceMetrics;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.instrumentation.grpc.v1_6.GrpcTelemetry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.users.v1.UserServiceGrpc;

/** The gRPC server: the users' service with its telemetry, and health. Calls of the health service are not measured. */
final class UsersServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UsersServer.class);
    /** What is left to interrupt calls that outlive the drain. */
    private static final Duration INTERRUPTION = Duration.ofSeconds(1);

    private final Server server;
    private final HealthStatusManager health = new HealthStatusManager();
    private final ExecutorService threads;
    private final Duration drainTimeout;
    private volatile boolean serving;

    /** @param concurrency calls worked on at once; each may hold a database connection */
    UsersServer(ServerBuilder<?> builder, UserService service, OpenTelemetry telemetry, MeterRegistry registry, int concurrency,
            Duration drainTimeout) {
        AtomicInteger number = new AtomicInteger();
        this.threads = Executors.newFixedThreadPool(concurrency, task -> new Thread(task, "call-" + number.incrementAndGet()));
        new ExecutorServiceMetrics(threads, "calls", Tags.empty()).bindTo(registry);
        this.drainTimeout = drainTimeout;
        this.server = builder
                .executor(threads)
                .addService(health.getHealthService())
                .addService(ServerInterceptors.interceptForward(service,
                        GrpcTelemetry.create(telemetry).createServerInterceptor(), new CallMetrics(registry)))
                .build();
    }

    /** Opens the port; the health says NOT_SERVING. */
    void start() throws IOException {
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
        health.setStatus(UserServiceGrpc.SERVICE_NAME, ServingStatus.NOT_SERVING);
        server.start();
        log.atInfo().addKeyValue("for", "grpc").addKeyValue("port", port()).log("listening");
    }

    /** Calls are welcome from now on. */
    void serve() {
        serving = true;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
        health.setStatus(UserServiceGrpc.SERVICE_NAME, ServingStatus.SERVING);
    }

    int port() {
        return server.getPort();
    }

    boolean isServing() {
        return serving && !server.isShutdown();
    }

    /** Drains: NOT_SERVING, no new calls, and time for those under way to end. */
    @Override
    public void close() throws InterruptedException {
        health.enterTerminalState();
        server.shutdown();
        if (!server.awaitTermination(drainTimeout.toMillis(), TimeUnit.MILLISECONDS)) {
            log.warn("calls were still under way after {} s, and are cut off", drainTimeout.toSeconds());
            server.shutdownNow().awaitTermination(INTERRUPTION.toMillis(), TimeUnit.MILLISECONDS);
        }
        threads.shutdownNow();
    }
}
