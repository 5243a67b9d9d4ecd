package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// batch is how many messages one transaction may hold locked.
const batch = 100

// Relay moves messages from where they wait to the broker.
type Relay struct {
	waiting   Waiting
	publish   func(context.Context, Message) error
	wake      chan struct{}
	stop      chan struct{}
	stopped   chan struct{}
	published prometheus.Counter
	failures  prometheus.Counter
}

// NewRelay returns a relay that hands messages to publish. It counts outbox_published_total and outbox_failures_total.
func NewRelay(registry prometheus.Registerer, waiting Waiting, publish func(context.Context, Message) error) *Relay {
	relay := &Relay{
		waiting: waiting, publish: publish,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		published: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outbox_published_total", Help: "Messages that the broker has acknowledged."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outbox_failures_total", Help: "Attempts to empty the outbox that failed; they are repeated."}),
	}
	registry.MustRegister(relay.published, relay.failures)
	return relay
}

// Wake says that there is a new message; otherwise the relay looks once a second.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Serve publishes until Shutdown.
func (r *Relay) Serve() error {
	defer close(r.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return nil
		case <-r.wake:
		case <-ticker.C:
		}
		r.empty(ctx)
	}
}

// Shutdown waits for the running batch and then publishes what the last requests have left, until ctx ends. What remains is
// published by another replica, or after the next start.
func (r *Relay) Shutdown(ctx context.Context) error {
	close(r.stop)
	select {
	case <-r.stopped:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.empty(ctx)
	return nil
}

// empty publishes until nothing waits or something fails; a failure is tried again at the next tick.
func (r *Relay) empty(ctx context.Context) {
	for {
		count, err := r.waiting.Publish(ctx, batch, r.publish)
		r.published.Add(float64(count))
		if err != nil {
			r.failures.Inc()
			slog.WarnContext(ctx, "messages wait in the outbox", "published", count, "error", err.Error())
			return
		}
		if count < batch {
			return
		}
	}
}
