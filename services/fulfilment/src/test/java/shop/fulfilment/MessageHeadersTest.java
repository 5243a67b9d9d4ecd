package shop.fulfilment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.nats.client.impl.Headers;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MessageHeadersTest {
    @Test
    void aHeaderInOtherCapitalsIsReplacedAndNotDoubled() {
        Headers headers = new Headers().put("Traceparent", "00-11111111111111111111111111111111-2222222222222222-01");
        SpanContext span = SpanContext.create(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());
        MessageHeaders.inject(W3CTraceContextPropagator.getInstance(), Context.root().with(Span.wrap(span)), headers);
        assertEquals(Set.of("traceparent"), headers.keySet());
        assertEquals("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", headers.getFirst("traceparent"));
    }

    @Test
    void aReasonBecomesOneLineOfAscii() {
        assertEquals("not an order: x", MessageHeaders.line("not an\r\norder: ü x\n"));
    }
}
