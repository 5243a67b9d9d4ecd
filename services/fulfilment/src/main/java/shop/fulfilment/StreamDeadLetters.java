package shop.fulfilment;

import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import io.nats.client.support.NatsJetStreamConstants;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.io.IOException;

/** Dead letters in a JetStream stream: what came on order.created lies on dead.order.created. */
final class StreamDeadLetters implements DeadLetters {
    static final String PREFIX = "dead.";

    private final JetStream jetStream;
    private final String stream;
    private final TextMapPropagator propagator;

    /** @param stream the stream that the messages come from; its name tells one's sequence from another's */
    StreamDeadLetters(JetStream jetStream, String stream, TextMapPropagator propagator) {
        this.jetStream = jetStream;
        this.stream = stream;
        this.propagator = propagator;
    }

    @Override
    public void keep(String subject, long sequence, Headers headers, byte[] data, String reason) throws IOException {
        NatsMessage message = NatsMessage.builder()
                .subject(PREFIX + subject)
                .headers(headers(subject, sequence, headers, reason))
                .data(data)
                .build();
        try {
            jetStream.publish(message); // waits for the stream's acknowledgement
        } catch (JetStreamApiException e) {
            throw new IOException("the stream of dead letters refused a message: " + e.getMessage(), e);
        }
    }

    /** The current span replaces the publisher's: it is the one that gave the message up, and belongs to the same trace. */
    private Headers headers(String subject, long sequence, Headers original, String reason) {
        Headers headers = new Headers();
        original.forEach((name, values) -> {
            // The publisher's expectations are about the stream that it wrote to, and a message id about that message.
            if (!name.regionMatches(true, 0, "Nats-", 0, 5)) {
                headers.put(name, values);
            }
        });
        MessageHeaders.inject(propagator, Context.current(), headers);
        headers.put(ORIGINAL_SUBJECT, subject);
        headers.put(ORIGINAL_SEQUENCE, Long.toString(sequence));
        headers.put(REASON, MessageHeaders.line(reason));
        headers.put(NatsJetStreamConstants.MSG_ID_HDR, stream + "-" + sequence);
        return headers;
    }
}
