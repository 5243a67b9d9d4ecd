package shop.fulfilment;

import java.io.IOException;
import shop.orders.v1.Order;

/** What is to be sent out. */
interface Shipments {
    /**
     * Schedules an order's shipment, once: the check and the entry are one step, so that two deliveries at the same time don't
     * both make one.
     *
     * @return false where the order has its shipment already
     * @throws IOException when the store doesn't answer; the shipment may have been entered or not
     */
    boolean schedule(Order order) throws IOException;
}
