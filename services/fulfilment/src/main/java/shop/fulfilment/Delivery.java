package shop.fulfilment;

import io.nats.client.impl.Headers;
import java.time.Duration;

/** One delivery of a message, and the answers that it can get: one of them, once. */
interface Delivery {
    String subject();

    /** Empty where the message has none. */
    Headers headers();

    byte[] data();

    /** The message's place in its stream, the same for each delivery. */
    long sequence();

    /** 1 the first time. */
    long number();

    /** The message is dealt with. */
    void acknowledge();

    /** Deliver it again, no sooner than after {@code delay}. */
    void retry(Duration delay);

    /** Never deliver it again. */
    void terminate();
}
