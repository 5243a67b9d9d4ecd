package shop.fulfilment;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import shop.orders.v1.Order;
import shop.orders.v1.OrderCreated;

/** Tells events that can be handled from those that never can. */
final class OrderCheck {
    /** What a key of a key-value bucket may consist of; the shop's ids are UUIDs. */
    private static final Pattern ID = Pattern.compile("[-A-Za-z0-9_]{1,100}");

    private OrderCheck() {}

    /** The event isn't one, or isn't whole: no retry will help. */
    static final class InvalidOrder extends Exception {
        InvalidOrder(String message) {
            super(message);
        }
    }

    static Order read(byte[] data) throws InvalidOrder {
        Order order;
        try {
            order = OrderCreated.parseFrom(data).getOrder();
        } catch (InvalidProtocolBufferException e) {
            throw new InvalidOrder("not an OrderCreated message: " + e.getMessage());
        }
        List<String> problems = new ArrayList<>();
        if (!ID.matcher(order.getId()).matches()) {
            problems.add("order.id must have 1 to 100 letters, digits, - or _");
        }
        if (order.getUserId().isEmpty()) {
            problems.add("order.user_id is empty");
        }
        if (order.getItemsCount() == 0) {
            problems.add("order.items is empty");
        }
        if (order.getItemsList().stream().anyMatch(item -> item.getProductId().isEmpty() || item.getQuantity() < 1)) {
            problems.add("each of order.items must have a product_id, and a quantity of 1 or more");
        }
        if (!problems.isEmpty()) {
            throw new InvalidOrder(String.join("; ", problems));
        }
        return order;
    }
}
