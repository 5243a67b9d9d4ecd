package shop.fulfilment;

import io.nats.client.Message;
import io.nats.client.impl.Headers;
import java.time.Duration;

/** A delivery from JetStream. */
record NatsDelivery(Message message) implements Delivery {
    @Override
    public String subject() {
        return message.getSubject();
    }

    @Override
    public Headers headers() {
        return message.hasHeaders() ? message.getHeaders() : new Headers();
    }

    @Override
    public byte[] data() {
        return message.getData();
    }

    @Override
    public long sequence() {
        return message.metaData().streamSequence();
    }

    @Override
    public long number() {
        return message.metaData().deliveredCount();
    }

    @Override
    public void acknowledge() {
        message.ack();
    }

    @Override
    public void retry(Duration delay) {
        message.nakWithDelay(delay);
    }

    @Override
    public void terminate() {
        message.term();
    }
}
