// Package outbox publishes what the orders' transactions have left to be published, exactly once for each order.
//
// An order and its message are committed together, so none is lost and none is invented. The relay publishes a message until
// the broker acknowledges it; the broker drops repetitions by their Nats-Msg-Id.
package outbox

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/proto"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
)

// Subject is that of the event that an order was taken.
const Subject = "order.created"

// Message waits to be published.
type Message struct {
	// ID is the order's id, by which the broker recognizes repetitions.
	ID      string
	Subject string
	// Headers are the trace context and baggage of the request that caused the message.
	Headers map[string]string
	Payload []byte
}

// OrderCreated returns the message that says that an order was taken, with the context's trace in its headers.
func OrderCreated(ctx context.Context, order *ordersv1.Order) (Message, error) {
	payload, err := proto.Marshal(&ordersv1.OrderCreated{Order: order})
	if err != nil {
		return Message{}, err
	}
	headers := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, headers)
	return Message{ID: order.GetId(), Subject: Subject, Headers: headers, Payload: payload}, nil
}

// Waiting is where messages wait. Publish hands up to limit of them to publish and removes those that it accepted.
type Waiting interface {
	Publish(ctx context.Context, limit int, publish func(context.Context, Message) error) (int, error)
}

// pause is how long the relay waits after a failure, and the longest that a message of another replica, one that has died,
// waits.
const pause = time.Second
