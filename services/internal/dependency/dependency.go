// Package dependency calls another service over gRPC and lives with its failures: deadlines, retries, hedged reads and a
// circuit breaker.
package dependency

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"polyglot/services/internal/metrics"
)

// Config says how a service is called.
type Config struct {
	// Name is the service's name in the catalogue: users, orders, recommendations.
	Name string
	// Address is host:port, as the platform gives it in USERS_ADDR and the like.
	Address string
	// Service is the full name of the gRPC service.
	Service string
	// Timeout is the deadline of one call with all its attempts. A shorter deadline of the caller counts instead.
	Timeout time.Duration
	// Reads are the methods that are hedged: a second attempt starts when the first one hasn't answered after HedgeAfter.
	// They must change nothing.
	Reads []string
	// HedgeAfter should be about the 95th percentile of the duration of Reads.
	HedgeAfter time.Duration
	// BreakerDelay is how long an open breaker refuses calls before it lets one through to see.
	BreakerDelay time.Duration
}

// ErrOpen says that the breaker is open: the call was not tried.
var ErrOpen = circuitbreaker.ErrOpen

// Metrics are those of all calls that a process makes to others.
type Metrics struct {
	durations metrics.Durations
	open      *prometheus.GaugeVec
	hedges    *prometheus.CounterVec
}

// NewMetrics registers rpc_client_duration_seconds, circuit_breaker_open and rpc_client_hedges_total.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		durations: metrics.NewDurations(registry, "rpc_client_duration_seconds",
			"How long gRPC calls from this service took, retries and hedges included.", "dependency", "method", "code"),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "circuit_breaker_open",
			Help: "1 while calls to the dependency are refused or only tried out, 0 in normal service."}, []string{"dependency"}),
		hedges: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rpc_client_hedges_total",
			Help: "Second attempts at reads that were slow to answer."}, []string{"dependency"}),
	}
	registry.MustRegister(m.open, m.hedges)
	return m
}

// Dial returns a connection to the service; it connects in the background and again whenever that is needed. The mesh
// encrypts what goes over it.
func Dial(config Config, m *Metrics, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	connection, err := grpc.NewClient("dns:///"+config.Address, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler()),
		grpc.WithDefaultServiceConfig(serviceConfig(config)),
		// From the outside in: the measurement sees what the caller sees; the breaker counts a call, not its attempts.
		grpc.WithChainUnaryInterceptor(observed(config, m), broken(config, m), hedged(config, m)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("call %s at %s: %w", config.Name, config.Address, err)
	}
	return connection, nil
}

func observed(config Config, m *Metrics) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		// The service config has the same limit for each call. This one also holds for a hedged call as a whole.
		ctx, cancel := context.WithTimeout(ctx, config.Timeout)
		defer cancel()
		start := time.Now()
		err := invoke(ctx, method, request, reply, connection, options...)
		if errors.Is(err, ErrOpen) {
			err = openError{status.New(codes.Unavailable, config.Name+" is not available: its circuit breaker is open")}
		} else if err != nil {
			err = asStatus(err)
		}
		m.durations.Observe(ctx, start, config.Name, path.Base(method), metrics.CodeName(status.Code(err)))
		return err
	}
}

// asStatus gives an error of the context, which an attempt that was given up leaves behind, the gRPC code that it stands for.
func asStatus(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.FromContextError(err).Err()
}

// openError is UNAVAILABLE to whoever asks for the code, and ErrOpen to errors.Is.
type openError struct{ status *status.Status }

func (e openError) Error() string              { return e.status.Err().Error() }
func (e openError) GRPCStatus() *status.Status { return e.status }
func (e openError) Unwrap() error              { return ErrOpen }
