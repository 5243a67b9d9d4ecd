package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Scope;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LoggingTest {
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private List<JsonObject> lines() {
        return output.toString(StandardCharsets.UTF_8).lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    }

    @Test
    void anEventIsOneLineOfJson() {
        Logging.start("users", "info", output);
        String awkward = "a \"quoted\"\\\n\ttext with \u0001, ü, 🙂 and half of one: \ud83d";
        LoggerFactory.getLogger("shop.test").atWarn().addKeyValue("count", 3).addKeyValue("who", "x\"y").log(awkward);
        JsonObject line = lines().get(0);
        assertEquals(1, lines().size(), "line breaks are escaped");
        assertEquals("warn", line.get("level").getAsString());
        assertEquals(awkward, line.get("msg").getAsString());
        assertEquals("users", line.get("service").getAsString());
        assertEquals(3, line.get("count").getAsInt());
        assertEquals("x\"y", line.get("who").getAsString());
        assertFalse(line.has("trace_id"), "there is no span");
    }

    @Test
    void linesHaveTheFormOfEveryLanguage() throws Exception {
        JsonObject shared = Conformance.read("telemetry.json").getAsJsonObject("log");
        Logging.start("users", "debug", output);
        Logger log = LoggerFactory.getLogger("shop.test");
        log.debug("said");
        log.info("said");
        log.warn("said");
        log.error("said");
        log.atInfo().addKeyValue("seconds", 0.0625).log("said");
        for (JsonObject line : lines()) {
            shared.getAsJsonArray("fields").forEach(field -> assertTrue(line.has(field.getAsString()), field + " is missing in " + line));
            String time = line.get("time").getAsString();
            assertTrue(time.matches(shared.get("time").getAsString()), time);
        }
        assertEquals(shared.getAsJsonArray("levels").asList(), lines().stream().map(line -> line.get("level")).limit(4).toList());
        assertTrue(output.toString(StandardCharsets.UTF_8).contains("\"seconds\":0.0625"), "a number, not text");
    }

    @Test
    void aTimeOnTheSecondHasItsMillisecondsAllTheSame() {
        LoggingEvent event = new LoggingEvent();
        event.setInstant(Instant.EPOCH);
        event.setLoggerName("shop.test");
        event.setLevel(Level.INFO);
        event.setMessage("said");
        String line = new String(new JsonEncoder("users").encode(event), StandardCharsets.UTF_8);
        assertTrue(line.contains("\"1970-01-01T00:00:00.000Z\""), line);
    }

    @Test
    void aLineNamesTheCurrentSpan() {
        Logging.start("users", "info", output);
        SpanContext span = SpanContext.create(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());
        try (Scope scope = Span.wrap(span).makeCurrent()) {
            LoggerFactory.getLogger("shop.test").info("inside");
        }
        assertEquals("0af7651916cd43dd8448eb211c80319c", lines().get(0).get("trace_id").getAsString());
        assertEquals("b7ad6b7169203331", lines().get(0).get("span_id").getAsString());
    }

    /** A service starts its logs before it knows its settings, and again with them. */
    @Test
    void logsThatAreStartedAnewGoOnToTheSameStream() {
        AtomicBoolean closed = new AtomicBoolean();
        OutputStream stream = new FilterOutputStream(output) {
            @Override
            public void close() {
                closed.set(true);
            }
        };
        Logging.start("users", "info", stream);
        Logging.start("users", "debug", stream);
        LoggerFactory.getLogger("shop.test").debug("still here");
        assertFalse(closed.get(), "nothing could be written to it any more");
        assertEquals(1, lines().size());
    }

    @Test
    void anExceptionIsAFieldOfItsLine() {
        Logging.start("users", "info", output);
        LoggerFactory.getLogger("shop.test").error("failed", new IllegalStateException("why", new RuntimeException("cause")));
        String error = lines().get(0).get("error").getAsString();
        assertTrue(error.contains("IllegalStateException: why") && error.contains("cause") && error.contains("LoggingTest"), error);
    }

    @Test
    void librariesStayQuietWhenTheShopDebugs() {
        Logging.start("users", "debug", output);
        LoggerFactory.getLogger("shop.test").debug("ours");
        LoggerFactory.getLogger("io.netty.test").debug("theirs");
        java.util.logging.Logger.getLogger("io.grpc.test").warning("through java.util.logging");
        assertEquals(List.of("ours", "through java.util.logging"), lines().stream().map(line -> line.get("msg").getAsString()).toList());
    }
}
