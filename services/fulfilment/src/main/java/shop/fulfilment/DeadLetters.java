package shop.fulfilment;

import io.nats.client.impl.Headers;
import java.io.IOException;

/** Where messages go that can't be handled. */
interface DeadLetters {
    String ORIGINAL_SUBJECT = "Shop-Original-Subject";
    String ORIGINAL_SEQUENCE = "Shop-Original-Sequence";
    String REASON = "Shop-Reason";

    /**
     * Keeps a message, once for each sequence. Its headers go with it, beside where it came from and why it is here.
     *
     * @throws IOException when it may not have been kept
     */
    void keep(String subject, long sequence, Headers headers, byte[] data, String reason) throws IOException;
}
