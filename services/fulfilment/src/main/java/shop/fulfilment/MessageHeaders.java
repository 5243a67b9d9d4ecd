package shop.fulfilment;

import io.nats.client.impl.Headers;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.util.List;

/** Trace context in NATS headers. */
final class MessageHeaders {
    private MessageHeaders() {}

    static Context extract(TextMapPropagator propagator, Headers headers) {
        return propagator.extract(Context.root(), headers, Getter.INSTANCE);
    }

    static void inject(TextMapPropagator propagator, Context context, Headers headers) {
        propagator.inject(context, headers, (carrier, name, value) -> {
            carrier.remove(names(carrier, name));
            carrier.put(name, value);
        });
    }

    /** A header's value has to be one line of printable ASCII. */
    static String line(String text) {
        return text.replaceAll("[^\\x21-\\x7e]+", " ").strip();
    }

    private static List<String> names(Headers headers, String name) {
        return headers.keySet().stream().filter(name::equalsIgnoreCase).toList();
    }

    /** In whatever capitals: publishers that write headers as HTTP does send Traceparent, and NATS tells the two apart. */
    private enum Getter implements TextMapGetter<Headers> {
        INSTANCE;

        @Override
        public Iterable<String> keys(Headers headers) {
            return headers.keySet();
        }

        @Override
        public String get(Headers headers, String name) {
            List<String> values = headers == null ? null : headers.getIgnoreCase(name);
            return values == null || values.isEmpty() ? null : values.get(0);
        }
    }
}
