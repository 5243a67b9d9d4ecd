package outbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// acknowledgement is how long the broker may take to acknowledge one message.
const acknowledgement = 2 * time.Second

// Stream says how the stream of orders is kept.
type Stream struct {
	Name     string
	Subjects []string
	// Storage is file or memory.
	Storage string
	// MaxAge is how long messages are kept.
	MaxAge time.Duration
	// DuplicateWindow is how long the broker recognizes a message id; longer than any outage between a publication and its
	// commit.
	DuplicateWindow time.Duration
}

// JetStream publishes to a stream, which it makes when it is first needed.
type JetStream struct {
	client jetstream.JetStream
	stream Stream
	ready  bool // only the relay's goroutine publishes
}

// NewJetStream returns a publisher over connection. The broker need not be there yet.
func NewJetStream(connection *nats.Conn, stream Stream) (*JetStream, error) {
	client, err := jetstream.New(connection)
	if err != nil {
		return nil, err
	}
	return &JetStream{client: client, stream: stream}, nil
}

// Publish returns once the stream has stored the message, now or at an earlier attempt.
func (j *JetStream) Publish(ctx context.Context, message Message) (err error) {
	propagator := otel.GetTextMapPropagator()
	ctx = propagator.Extract(ctx, propagation.MapCarrier(message.Headers))
	ctx, span := otel.Tracer("polyglot/services/orders/outbox").Start(ctx, "publish "+message.Subject,
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
			attribute.String("messaging.system", "nats"),
			attribute.String("messaging.operation.type", "send"),
			attribute.String("messaging.destination.name", message.Subject),
			attribute.String("messaging.message.id", message.ID)))
	defer func() {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}()
	ctx, cancel := context.WithTimeout(ctx, acknowledgement)
	defer cancel()
	if !j.client.Conn().IsConnected() {
		return errors.New("there is no connection to NATS")
	}
	if !j.ready {
		if err := j.ensureStream(ctx); err != nil {
			return fmt.Errorf("the stream %s: %w", j.stream.Name, err)
		}
		j.ready = true
	}
	headers := nats.Header{"Content-Type": {"application/protobuf"}}
	propagator.Inject(ctx, headerCarrier(headers))
	_, err = j.client.PublishMsg(ctx, &nats.Msg{Subject: message.Subject, Header: headers, Data: message.Payload},
		jetstream.WithMsgID(message.ID), jetstream.WithExpectStream(j.stream.Name))
	if err != nil {
		j.ready = false // the stream may be gone
		return fmt.Errorf("publish %s: %w", message.Subject, err)
	}
	return nil
}

// ensureStream makes the stream, or changes what the settings say about it and leaves the rest (replicas, placement, …) to
// whoever set it.
func (j *JetStream) ensureStream(ctx context.Context) error {
	var config jetstream.StreamConfig
	existing, err := j.client.Stream(ctx, j.stream.Name)
	switch {
	case err == nil:
		config = existing.CachedInfo().Config
	case errors.Is(err, jetstream.ErrStreamNotFound):
		config = jetstream.StreamConfig{Name: j.stream.Name}
	default:
		return err
	}
	wanted := config
	wanted.Subjects, wanted.MaxAge = j.stream.Subjects, j.stream.MaxAge
	wanted.Duplicates = min(j.stream.DuplicateWindow, j.stream.MaxAge) // the broker refuses to remember ids of what is gone
	wanted.Storage = jetstream.FileStorage
	if j.stream.Storage == "memory" {
		wanted.Storage = jetstream.MemoryStorage
	}
	if existing != nil && reflect.DeepEqual(wanted, config) {
		return nil
	}
	_, err = j.client.CreateOrUpdateStream(ctx, wanted)
	return err
}

// headerCarrier keeps header names as they are: NATS, unlike HTTP, tells capital letters apart, and consumers look for
// traceparent.
type headerCarrier nats.Header

func (c headerCarrier) Get(key string) string { return nats.Header(c).Get(key) }
func (c headerCarrier) Set(key, value string) { nats.Header(c).Set(key, value) }
func (c headerCarrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}
