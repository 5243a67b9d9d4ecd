package dependency

import (
	"context"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A breaker opens when at least breakerCalls calls within breakerWindow have ended and this share of them failed.
const (
	breakerRate   = 0.5
	breakerCalls  = 10
	breakerWindow = 10 * time.Second
)

// NewBreaker returns a breaker that reports its state as circuit_breaker_open of the dependency. failed tells the dependency's
// own failures from other errors.
func NewBreaker(name string, m *Metrics, delay time.Duration, failed func(error) bool) failsafe.Executor[any] {
	open := m.open.WithLabelValues(name)
	return failsafe.With(circuitbreaker.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return failed(err) }).
		WithFailureRateThreshold(breakerRate, breakerCalls, breakerWindow).
		WithDelay(delay).
		WithJitterFactor(0.2). // replicas don't all try out a recovering dependency at once
		WithSuccessThreshold(2).
		OnOpen(func(circuitbreaker.StateChangedEvent) {
			slog.Warn("circuit breaker opened", "dependency", name)
			open.Set(1)
		}).
		OnClose(func(circuitbreaker.StateChangedEvent) {
			slog.Info("circuit breaker closed", "dependency", name)
			open.Set(0)
		}).
		Build())
}

// broken refuses calls to a dependency that mostly fails, so that its callers answer at once and it gets time to recover.
func broken(config Config, m *Metrics) grpc.UnaryClientInterceptor {
	breaker := NewBreaker(config.Name, m, config.BreakerDelay, Failed)
	return func(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		return breaker.Run(func() error { return invoke(ctx, method, request, reply, connection, options...) })
	}
}

// Failed says whether an error is the dependency's own failure. NOT_FOUND and the like are answers, and CANCELED is the
// caller's doing.
func Failed(err error) bool {
	if err == nil {
		return false
	}
	switch status.Code(asStatus(err)) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Internal, codes.Unknown,
		codes.DataLoss, codes.Unimplemented:
		return true
	default:
		return false
	}
}
