package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	"polyglot/services/internal/conformance"
	"polyglot/services/internal/tracing"
)

func TestMain(m *testing.M) {
	otel.SetTextMapPropagator(tracing.Propagator())
	otel.SetTracerProvider(sdktrace.NewTracerProvider())
	m.Run()
}

var settings = Stream{Name: "ORDERS", Subjects: []string{"order.*"}, Storage: "memory", MaxAge: time.Hour, DuplicateWindow: time.Minute}

// broker starts a NATS server with JetStream inside the test, on port, or on a free one where it is 0.
func broker(t *testing.T, port int) *server.Server {
	t.Helper()
	if port == 0 {
		port = server.RANDOM_PORT
	}
	nats, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	if !nats.ReadyForConnections(5 * time.Second) {
		t.Fatal("the NATS server doesn't start")
	}
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	return nats
}

func publisher(t *testing.T, url string) (*JetStream, *nats.Conn) {
	t.Helper()
	connection, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	publisher, err := NewJetStream(connection, settings)
	if err != nil {
		t.Fatal(err)
	}
	return publisher, connection
}

// stored returns all messages of the stream.
func stored(t *testing.T, connection *nats.Conn) []*jetstream.RawStreamMsg {
	t.Helper()
	client, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Stream(t.Context(), "ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	var messages []*jetstream.RawStreamMsg
	for sequence := uint64(1); sequence <= stream.CachedInfo().State.LastSeq; sequence++ {
		message, err := stream.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, message)
	}
	return messages
}

func message(t *testing.T, ctx context.Context, id string) Message {
	t.Helper()
	message, err := OrderCreated(ctx, &ordersv1.Order{Id: id, UserId: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestAMessagePublishedTwiceIsStoredOnce(t *testing.T) {
	publisher, connection := publisher(t, broker(t, 0).ClientURL())
	for range 3 {
		if err := publisher.Publish(t.Context(), message(t, t.Context(), "o1")); err != nil {
			t.Fatal(err)
		}
	}
	messages := stored(t, connection)
	if len(messages) != 1 {
		t.Fatalf("%d messages are stored", len(messages))
	}
	if id := messages[0].Header.Get("Nats-Msg-Id"); id != "o1" || messages[0].Subject != "order.created" {
		t.Errorf("the message is %v on %s", messages[0].Header, messages[0].Subject)
	}
	var event ordersv1.OrderCreated
	if err := proto.Unmarshal(messages[0].Data, &event); err != nil || event.GetOrder().GetUserId() != "u1" {
		t.Errorf("the event is %v, %v", &event, err)
	}
}

func TestTheTraceAndBaggageOfTheRequestTravelInTheHeaders(t *testing.T) {
	publisher, connection := publisher(t, broker(t, 0).ClientURL())
	member, err := baggage.NewMember("flag", "beta")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := otel.Tracer("test").Start(baggage.ContextWithBaggage(t.Context(), bag), "request")
	waiting := message(t, ctx, "o1")
	span.End()
	// Published later and elsewhere: nothing of the request is left but the message.
	if err := publisher.Publish(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	headers := propagation.MapCarrier{}
	for name, values := range stored(t, connection)[0].Header {
		headers[name] = values[0]
	}
	if headers["traceparent"] == "" {
		t.Errorf("there is no traceparent, in small letters, in %v", headers)
	}
	received := tracing.Propagator().Extract(context.Background(), headers)
	got := trace.SpanContextFromContext(received)
	if got.TraceID() != span.SpanContext().TraceID() || got.SpanID() == span.SpanContext().SpanID() {
		t.Errorf("the consumer sees %v; the request was %v, and the publication has a span of its own", got, span.SpanContext())
	}
	if baggage.FromContext(received).Member("flag").Value() != "beta" {
		t.Errorf("the baggage is lost: %v", headers)
	}
}

func TestARequestsTraceAndBaggageReachTheConsumerInWhateverFormatTheyCame(t *testing.T) {
	publisher, connection := publisher(t, broker(t, 0).ClientURL())
	for index, vector := range conformance.ReadVectors(t) {
		request := tracing.Propagator().Extract(t.Context(), propagation.MapCarrier(vector.Headers))
		if err := publisher.Publish(t.Context(), message(t, request, fmt.Sprint(index))); err != nil {
			t.Fatal(err)
		}
		t.Run(vector.Name, func(t *testing.T) {
			headers := map[string]string{}
			for name, values := range stored(t, connection)[index].Header {
				headers[name] = values[0]
			}
			vector.CheckOutgoing(t, headers)
		})
	}
}

func TestTheStreamFollowsTheSettingsAndKeepsWhatOthersHaveSet(t *testing.T) {
	publisher, connection := publisher(t, broker(t, 0).ClientURL())
	client, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"order.old"},
		Storage: jetstream.MemoryStorage, MaxMsgs: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(t.Context(), message(t, t.Context(), "o1")); err != nil {
		t.Fatal(err)
	}
	stream, err := client.Stream(t.Context(), "ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	if !slices.Equal(config.Subjects, settings.Subjects) || config.MaxAge != time.Hour || config.Duplicates != time.Minute {
		t.Errorf("the settings don't hold: %+v", config)
	}
	if config.MaxMsgs != 7 {
		t.Errorf("a limit that somebody else has set became %d", config.MaxMsgs)
	}
}

// table is an outbox in memory. Where crash is set, what was published stays in the table once, as after a lost commit.
type table struct {
	sync.Mutex
	messages []Message
	crash    bool
}

func (o *table) Publish(ctx context.Context, limit int, publish func(context.Context, Message) error) (int, error) {
	o.Lock()
	defer o.Unlock()
	count := 0
	for _, message := range o.messages[:min(limit, len(o.messages))] {
		if err := publish(ctx, message); err != nil {
			o.messages = o.messages[count:]
			return count, err
		}
		count++
	}
	if o.crash {
		o.crash = false
		return 0, errors.New("the connection broke before the commit")
	}
	o.messages = o.messages[count:]
	return count, nil
}

func (o *table) add(message Message) {
	o.Lock()
	defer o.Unlock()
	o.messages = append(o.messages, message)
}

func (o *table) empty() bool {
	o.Lock()
	defer o.Unlock()
	return len(o.messages) == 0
}

func serveRelay(t *testing.T, waiting Waiting, publish func(context.Context, Message) error) *Relay {
	t.Helper()
	relay := NewRelay(prometheus.NewRegistry(), waiting, publish)
	go func() { _ = relay.Serve() }() // it returns nil
	return relay
}

func TestALostCommitPublishesNothingTwice(t *testing.T) {
	publisher, connection := publisher(t, broker(t, 0).ClientURL())
	waiting := &table{crash: true}
	for _, id := range []string{"o1", "o2", "o3"} {
		waiting.add(message(t, t.Context(), id))
	}
	relay := serveRelay(t, waiting, publisher.Publish)
	relay.Wake()
	waitFor(t, "the outbox is empty", waiting.empty)
	if err := relay.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if messages := stored(t, connection); len(messages) != 3 {
		t.Errorf("%d messages are stored for 3 orders", len(messages))
	}
	if failures := testutil.ToFloat64(relay.failures); failures != 1 {
		t.Errorf("%v failures are counted", failures)
	}
}

func TestMessagesWaitForABrokerThatComesLate(t *testing.T) {
	reserved := broker(t, 0)
	url, port := reserved.ClientURL(), reserved.Addr().(*net.TCPAddr).Port
	reserved.Shutdown()
	reserved.WaitForShutdown()
	publisher, connection := publisher(t, url)
	waiting := &table{}
	waiting.add(message(t, t.Context(), "o1"))
	relay := serveRelay(t, waiting, publisher.Publish)
	relay.Wake()
	waitFor(t, "the first attempt fails", func() bool { return testutil.ToFloat64(relay.failures) > 0 })
	broker(t, port)
	waitFor(t, "the outbox is empty", waiting.empty)
	if err := relay.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if messages := stored(t, connection); len(messages) != 1 {
		t.Errorf("%d messages are stored for one order", len(messages))
	}
}

func TestADrainPublishesWhatTheLastRequestsLeft(t *testing.T) {
	waiting := &table{}
	var published []string
	relay := serveRelay(t, waiting, func(_ context.Context, message Message) error {
		published = append(published, message.ID)
		return nil
	})
	for range 2*batch + 1 {
		waiting.add(Message{ID: "o"})
	}
	if err := relay.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(published) != 2*batch+1 {
		t.Errorf("%d of %d messages were published", len(published), 2*batch+1)
	}
}

func TestADrainGivesUpABatchThatHangsAndLeavesTheDatabaseAlone(t *testing.T) {
	waiting := &table{}
	waiting.add(Message{ID: "o"})
	var hanging atomic.Bool
	relay := serveRelay(t, waiting, func(ctx context.Context, _ Message) error {
		hanging.Store(true)
		<-ctx.Done()
		hanging.Store(false)
		return ctx.Err()
	})
	relay.Wake()
	waitFor(t, "the batch hangs", hanging.Load)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := relay.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the shutdown ended with %v", err)
	}
	if hanging.Load() {
		t.Error("the batch still holds its connection, and closing the pool would wait for it")
	}
	if waiting.empty() {
		t.Error("a message that was not published is gone")
	}
}

func TestAStreamThatKeepsMessagesForLessThanTheDuplicateWindowIsMadeAllTheSame(t *testing.T) {
	_, connection := publisher(t, broker(t, 0).ClientURL())
	short := settings
	short.MaxAge = time.Second * 30
	publisher, err := NewJetStream(connection, short)
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(t.Context(), message(t, t.Context(), "o1")); err != nil {
		t.Errorf("the broker refuses the stream: %v", err)
	}
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within 15 s: %s", what)
}
