package shop.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import org.slf4j.event.KeyValuePair;

/**
 * One line of JSON for each event: time, level, msg, service, trace_id and span_id of the current span, as in every language
 * (docs/services.md); the logger, the event's key-value pairs, and the stack trace of an exception as error.
 *
 * <p>The span is read when the line is written, which is right only because the appender writes in the thread that logs.
 */
final class JsonEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    /** RFC 3339 in UTC, always with milliseconds. */
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);
    private final String service;

    JsonEncoder(String service) {
        this.service = service;
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(256);
        line.append("{\"time\":\"").append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp()))).append('"');
        field(line, "level", event.getLevel() == Level.TRACE ? "debug" : event.getLevel().toString().toLowerCase(Locale.ROOT));
        field(line, "msg", event.getFormattedMessage());
        field(line, "service", service);
        SpanContext span = Span.current().getSpanContext();
        if (span.isValid()) {
            field(line, "trace_id", span.getTraceId());
            field(line, "span_id", span.getSpanId());
        }
        field(line, "logger", event.getLoggerName());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                value(line, pair.key, pair.value);
            }
        }
        if (event.getThrowableProxy() != null) {
            field(line, "error", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return line.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void value(StringBuilder line, String name, Object value) {
        boolean isNumber = value instanceof Integer || value instanceof Long || value instanceof Double number && Double.isFinite(number);
        if (isNumber || value instanceof Boolean) {
            quoted(line.append(','), name);
            line.append(':').append(value);
        } else {
            field(line, name, String.valueOf(value));
        }
    }

    private static void field(StringBuilder line, String name, String value) {
        quoted(line.append(','), name);
        quoted(line.append(':'), value);
    }

    private static void quoted(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> line.append("\\\"");
                case '\\' -> line.append("\\\\");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c) && !paired(text, i)) {
                        line.append(String.format("\\u%04x", (int) c));
                    } else {
                        line.append(c);
                    }
                }
            }
        }
        line.append('"');
    }

    /** A surrogate without its other half can't be written as UTF-8. */
    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
