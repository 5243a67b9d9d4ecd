package shop.fulfilment;

import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.fulfilment.DeliveryMetrics.Outcome;
import shop.orders.v1.Order;

/**
 * Handles order.created: schedules the shipment and acknowledges. What fails is tried again, later each time; what has been
 * delivered as often as allowed, or can never be handled, becomes a dead letter.
 */
final class OrderWorker {
    private static final Logger log = LoggerFactory.getLogger(OrderWorker.class);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LAST_RETRY = Duration.ofMinutes(1);

    private final Shipments shipments;
    private final DeadLetters deadLetters;
    private final int maxDeliver;
    private final Tracer tracer;
    private final TextMapPropagator propagator;
    private final MeterRegistry registry;

    OrderWorker(Shipments shipments, DeadLetters deadLetters, int maxDeliver, OpenTelemetry telemetry, MeterRegistry registry) {
        this.shipments = shipments;
        this.deadLetters = deadLetters;
        this.maxDeliver = maxDeliver;
        this.tracer = telemetry.getTracer("shop.fulfilment");
        this.propagator = telemetry.getPropagators().getTextMapPropagator();
        this.registry = registry;
    }

    /** Deals with one delivery, in the trace that its headers name; never throws what a message causes. */
    Outcome handle(Delivery delivery) {
        long start = System.nanoTime();
        var trace = MessageHeaders.extract(propagator, delivery.headers());
        Span span = tracer.spanBuilder("process " + delivery.subject())
                .setParent(trace)
                .setSpanKind(SpanKind.CONSUMER)
                .setAttribute("messaging.system", "nats")
                .setAttribute("messaging.operation.type", "process")
                .setAttribute("messaging.destination.name", delivery.subject())
                .startSpan();
        try (Scope baggage = trace.makeCurrent(); Scope current = span.makeCurrent()) {
            Outcome outcome = settle(delivery, span);
            DeliveryMetrics.record(registry, delivery.subject(), outcome, start);
            return outcome;
        } finally {
            span.end();
        }
    }

    private Outcome settle(Delivery delivery, Span span) {
        try {
            Order order = OrderCheck.read(delivery.data());
            boolean isNew = shipments.schedule(order);
            delivery.acknowledge();
            log.atInfo().addKeyValue("order_id", order.getId()).addKeyValue("items", order.getItemsCount())
                    .log(isNew ? "shipment scheduled" : "the order has its shipment already");
            return isNew ? Outcome.SCHEDULED : Outcome.DUPLICATE;
        } catch (OrderCheck.InvalidOrder e) {
            span.setStatus(StatusCode.ERROR, e.getMessage());
            return giveUp(delivery, e.getMessage());
        } catch (IOException | RuntimeException e) {
            span.recordException(e).setStatus(StatusCode.ERROR);
            return delivery.number() < maxDeliver ? retry(delivery, e) : giveUp(delivery, String.valueOf(e.getMessage()));
        }
    }

    private Outcome retry(Delivery delivery, Exception failure) {
        Duration delay = FIRST_RETRY.multipliedBy(1L << Math.min(delivery.number() - 1, 6));
        delivery.retry(delay.compareTo(LAST_RETRY) < 0 ? delay : LAST_RETRY);
        log.atWarn().addKeyValue("delivery", delivery.number()).setCause(failure).log("an order failed and will be tried again");
        return Outcome.RETRIED;
    }

    private Outcome giveUp(Delivery delivery, String reason) {
        try {
            deadLetters.keep(delivery.subject(), delivery.sequence(), delivery.headers(), delivery.data(), reason);
        } catch (IOException | RuntimeException e) {
            // After the last delivery the server reports the message as abandoned, which ends in a dead letter too.
            return retry(delivery, e);
        }
        delivery.terminate();
        log.atError().addKeyValue("sequence", delivery.sequence()).addKeyValue("delivery", delivery.number())
                .addKeyValue("reason", reason).log("an order became a dead letter");
        return Outcome.DEAD_LETTERED;
    }
}
