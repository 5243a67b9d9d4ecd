package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// batch is how many messages one transaction may hold locked.
	batch = 100
	// limit is how long it may hold them: a database that hangs must not stop the relay for good.
	limit = 30 * time.Second
)

// Relay moves messages from where they wait to the broker.
type Relay struct {
	waiting   Waiting
	publish   func(context.Context, Message) error
	wake      chan struct{}
	stop      chan struct{}
	stopped   chan struct{}
	ctx       context.Context // of the running batch
	giveUp    context.CancelFunc
	published prometheus.Counter
	failures  prometheus.Counter
}

// NewRelay returns a relay that hands messages to publish. It counts outbox_published_total and outbox_failures_total.
func NewRelay(registry prometheus.Registerer, waiting Waiting, publish func(context.Context, Message) error) *Relay {
	ctx, giveUp := context.WithCancel(context.Background())
	relay := &Relay{
		waiting: waiting, publish: publish, ctx: ctx, giveUp: giveUp,
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
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return nil
		case <-r.wake:
		case <-ticker.C:
		}
		r.empty(r.ctx)
	}
}

// Shutdown waits for the running batch and then publishes what the last requests have left, until ctx ends. What remains is
// published by another replica, or after the next start. The database can be closed afterwards: nothing uses it any more.
func (r *Relay) Shutdown(ctx context.Context) error {
	close(r.stop)
	select {
	case <-r.stopped:
	case <-ctx.Done():
		r.giveUp()
		<-r.stopped
		return ctx.Err()
	}
	r.empty(ctx)
	return nil
}

// empty publishes until nothing waits or something fails; a failure is tried again at the next tick.
func (r *Relay) empty(ctx context.Context) {
	for {
		count, err := r.batch(ctx)
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

func (r *Relay) batch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return r.waiting.Publish(ctx, batch, r.publish)
}
