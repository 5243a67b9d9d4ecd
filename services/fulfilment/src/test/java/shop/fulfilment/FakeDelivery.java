package shop.fulfilment;

import io.nats.client.impl.Headers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A delivery that writes down its answers. */
record FakeDelivery(byte[] data, long number, Headers headers, List<String> answers) implements Delivery {
    static final long SEQUENCE = 7;

    FakeDelivery(byte[] data, long number) {
        this(data, number, new Headers(), new ArrayList<>());
    }

    @Override
    public String subject() {
        return "order.created";
    }

    @Override
    public long sequence() {
        return SEQUENCE;
    }

    @Override
    public void acknowledge() {
        answers.add("acknowledged");
    }

    @Override
    public void retry(Duration delay) {
        answers.add("retry after " + delay.toSeconds() + " s");
    }

    @Override
    public void terminate() {
        answers.add("terminated");
    }
}
