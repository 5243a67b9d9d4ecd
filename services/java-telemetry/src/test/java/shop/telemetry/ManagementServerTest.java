package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Scope;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ManagementServerTest {
    private final PrometheusMeterRegistry registry = Metrics.start();
    private final AtomicBoolean ready = new AtomicBoolean(true);
    private ManagementServer server;

    @BeforeEach
    void start() throws Exception {
        server = new ManagementServer(0, registry, ready::get);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<String> get(String path, String accept) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Accept", accept).timeout(Duration.ofSeconds(10)).build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void theJvmsMetricsAreServed() throws Exception {
        HttpResponse<String> response = get("/actuator/prometheus", "*/*");
        assertEquals(200, response.statusCode());
        for (String metric : new String[] {"jvm_memory_used_bytes{area=\"heap\"", "jvm_threads_live_threads", "jvm_classes_loaded_classes", "process_uptime_seconds", "process_cpu_usage"}) {
            assertTrue(response.body().contains(metric), metric + " is missing");
        }
    }

    @Test
    void aHistogramsBucketNamesTheTrace() throws Exception {
        SpanContext span = SpanContext.create(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());
        try (Scope scope = Span.wrap(span).makeCurrent()) {
            Metrics.histogram(registry, "rpc.server.duration", "How long.", "method", "GetUser", "code", "OK").record(Duration.ofMillis(7));
        }
        String text = get("/actuator/prometheus", "application/openmetrics-text; version=1.0.0").body();
        assertTrue(text.contains("rpc_server_duration_seconds_bucket{code=\"OK\",method=\"GetUser\",le=\"0.01\"} 1 # {span_id=\"b7ad6b7169203331\",trace_id=\"0af7651916cd43dd8448eb211c80319c\"}"), text);
        assertTrue(text.contains("rpc_server_duration_seconds_count{code=\"OK\",method=\"GetUser\"} 1\n"), "exemplars on counts are no OpenMetrics");
    }

    @Test
    void readinessFollowsTheService() throws Exception {
        assertEquals("{\"status\":\"ready\"}\n", get("/health/ready", "*/*").body());
        ready.set(false);
        assertEquals(503, get("/health/ready", "*/*").statusCode());
        assertEquals(200, get("/health/live", "*/*").statusCode(), "a service that drains is alive");
        assertEquals(404, get("/", "*/*").statusCode());
    }
}
