package shop.fulfilment;

import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import java.io.IOException;
import shop.orders.v1.Order;

/** Shipments in a JetStream key-value bucket: order id to the order. */
final class KeyValueShipments implements Shipments {
    /** "wrong last sequence": the key exists (the server's errors.json). */
    private static final int KEY_EXISTS = 10_071;

    private final KeyValue bucket;

    KeyValueShipments(KeyValue bucket) {
        this.bucket = bucket;
    }

    @Override
    public boolean schedule(Order order) throws IOException {
        try {
            bucket.create(order.getId(), order.toByteArray());
            return true;
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == KEY_EXISTS) {
                return false;
            }
            throw new IOException("the shipments' bucket refused an entry: " + e.getMessage(), e);
        }
    }
}
