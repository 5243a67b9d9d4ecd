package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TracingTest {
    private final OpenTelemetrySdk telemetry = Tracing.start("users", Tracing.Exporter.OFF);

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

    static List<JsonObject> vectors() throws IOException {
        return Conformance.read("propagation.json").getAsJsonArray("vectors").asList().stream().map(JsonElement::getAsJsonObject).toList();
    }

    private static Map<String, String> texts(JsonObject object) {
        Map<String, String> texts = new HashMap<>();
        object.asMap().forEach((name, value) -> texts.put(name, value.getAsString()));
        return texts;
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void traceAndBaggageGoOnAsW3cInWhateverFormatTheyArrive(JsonObject vector) {
        Context incoming = extract(texts(vector.getAsJsonObject("headers")));
        assertEquals(vector.get("parent_id").getAsString(), Span.fromContext(incoming).getSpanContext().getSpanId());
        Span span = telemetry.getTracer("test").spanBuilder("work").setParent(incoming).startSpan();
        Map<String, String> outgoing = new HashMap<>();
        telemetry.getPropagators().getTextMapPropagator().inject(incoming.with(span), outgoing, Map::put);
        String flags = vector.get("sampled").getAsBoolean() ? "01" : "00";
        assertEquals("00-" + vector.get("trace_id").getAsString() + "-" + span.getSpanContext().getSpanId() + "-" + flags, outgoing.get("traceparent"));
        assertNotEquals(vector.get("parent_id").getAsString(), span.getSpanContext().getSpanId(), "the work is a span of its own");
        Map<String, String> baggage = new HashMap<>();
        Baggage.fromContext(extract(outgoing)).forEach((key, entry) -> baggage.put(key, entry.getValue()));
        assertEquals(texts(vector.getAsJsonObject("baggage")), baggage);
        assertTrue(outgoing.keySet().stream().noneMatch(name -> name.toLowerCase(Locale.ROOT).contains("b3")), outgoing.toString());
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "-, -, -, -, false, http/protobuf",
        "http://c:4318, -, -, -, true, http/protobuf",
        "http://c:4317, GRPC, -, -, true, grpc",
        "http://c:4317, http/protobuf, grpc, -, true, grpc",
        "http://c:4318, '', '', none, false, http/protobuf",
        "'', -, -, -, false, http/protobuf",
    })
    void spansAreSentWhereTheStandardVariablesSay(String endpoint, String protocol, String traces, String exporter, boolean on, String chosen) {
        Map<String, String> environment = new HashMap<>();
        environment.put("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        environment.put("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        environment.put("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", traces);
        environment.put("OTEL_TRACES_EXPORTER", exporter);
        environment.values().removeIf(Objects::isNull);
        Settings settings = new Settings(environment);
        assertEquals(new Tracing.Exporter(on, chosen), Tracing.Exporter.read(settings));
        settings.check();
    }

    @Test
    void anUnknownProtocolIsASettingThatIsWrong() {
        Settings settings = new Settings(Map.of("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"));
        Tracing.Exporter.read(settings);
        assertEquals("OTEL_EXPORTER_OTLP_PROTOCOL must be one of http/protobuf, grpc",
                assertThrows(InvalidSettings.class, settings::check).getMessage());
    }

    /** Asks the SDK itself: its own default would be gRPC. */
    @ParameterizedTest
    @CsvSource({"http/protobuf,OtlpHttpSpanExporter", "grpc,OtlpGrpcSpanExporter"})
    void theProtocolIsTheOneThatWasChosen(String protocol, String exporter) {
        try (OpenTelemetrySdk sending = Tracing.start("users", new Tracing.Exporter(true, protocol))) {
            assertTrue(sending.toString().contains(exporter), sending.toString());
        }
    }

    @Test
    void aNewTraceIsMadeWhereNoneArrives() {
        Span span = telemetry.getTracer("test").spanBuilder("work").setParent(extract(Map.of())).startSpan();
        assertTrue(span.getSpanContext().isValid(), "log lines have a trace id although nothing is exported");
    }
}
