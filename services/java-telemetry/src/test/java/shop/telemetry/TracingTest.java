package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TracingTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";
    private static final String OTHER_TRACE = "11111111111111111111111111111111";

    private final OpenTelemetrySdk telemetry = Tracing.start("users", Map.of());

    @AfterEach
    void stop() {
        telemetry.close();
    }

    private Context extract(Map<String, String> headers) {
        return telemetry.getPropagators().getTextMapPropagator().extract(Context.root(), headers, new TextMapGetter<>() {
            @Override
            public Iterable<String> keys(Map<String, String> carrier) {
                return carrier.keySet();
            }

            @Override
            public String get(Map<String, String> carrier, String key) {
                return carrier.entrySet().stream().filter(e -> e.getKey().equalsIgnoreCase(key)).map(Map.Entry::getValue).findAny().orElse(null);
            }
        });
    }

    static Map<String, Map<String, String>> formats() {
        return Map.of(
                "W3C", Map.of("traceparent", "00-" + TRACE + "-" + SPAN + "-01"),
                "B3 in one header", Map.of("b3", TRACE + "-" + SPAN + "-1"),
                "B3 in several headers", Map.of("X-B3-TraceId", TRACE, "X-B3-SpanId", SPAN, "X-B3-Sampled", "1"),
                "W3C before B3", Map.of("traceparent", "00-" + TRACE + "-" + SPAN + "-01", "b3", OTHER_TRACE + "-" + SPAN + "-1"));
    }

    static java.util.stream.Stream<Map.Entry<String, Map<String, String>>> eachFormat() {
        return formats().entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("eachFormat")
    void aTraceGoesOnWhicheverFormatItArrivesIn(Map.Entry<String, Map<String, String>> format) {
        Context incoming = extract(format.getValue());
        Span span = telemetry.getTracer("test").spanBuilder("work").setParent(incoming).startSpan();
        Map<String, String> outgoing = new HashMap<>();
        telemetry.getPropagators().getTextMapPropagator().inject(incoming.with(span), outgoing, Map::put);
        String spanId = span.getSpanContext().getSpanId();
        assertEquals("00-" + TRACE + "-" + spanId + "-01", outgoing.get("traceparent"), format.getKey());
        assertTrue(span.getSpanContext().isSampled(), "the caller's decision is kept");
        assertFalse(spanId.equals(SPAN), "the work is a span of its own");
    }

    @Test
    void baggageIsCarried() {
        Context incoming = extract(Map.of("baggage", "tenant=blue,flag=on"));
        assertEquals("blue", Baggage.fromContext(incoming).getEntryValue("tenant"));
        Map<String, String> outgoing = new HashMap<>();
        telemetry.getPropagators().getTextMapPropagator().inject(incoming, outgoing, Map::put);
        assertTrue(outgoing.get("baggage").contains("flag=on"), outgoing.toString());
    }

    @Test
    void aNewTraceIsMadeWhereNoneArrives() {
        Span span = telemetry.getTracer("test").spanBuilder("work").setParent(extract(Map.of())).startSpan();
        assertTrue(span.getSpanContext().isValid(), "log lines have a trace id although nothing is exported");
    }
}
