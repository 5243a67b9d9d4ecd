// Package rpc makes gRPC servers that trace, measure, log and survive a panic.
package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"polyglot/services/internal/claims"
	"polyglot/services/internal/health"
	"polyglot/services/internal/metrics"
)

// NewServer returns a server with the health service on it. It measures rpc_server_duration_seconds by method and code.
func NewServer(registry prometheus.Registerer, state *health.State) *grpc.Server {
	durations := metrics.NewDurations(registry, "rpc_server_duration_seconds",
		"How long gRPC calls to this service took.", "method", "code")
	server := grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))),
		grpc.ChainUnaryInterceptor(observed(durations), recovered, claimed),
		// Behind a virtual IP a client stays with the replica that it first reached. Ending connections now and then lets
		// new replicas get their share.
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: 5 * time.Minute, MaxConnectionAgeGrace: 30 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	grpc_health_v1.RegisterHealthServer(server, state.GRPC())
	return server
}

// faults are those of the codes that are the server's own fault:
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status
var faults = []codes.Code{codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss}

// sameMoment is how much earlier than the deadline here a caller's own may pass: it then cancels the call.
const sameMoment = 10 * time.Millisecond

// observed measures and logs each call; a prober's calls are not the service's work and stay out.
func observed(durations metrics.Durations) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if strings.HasPrefix(info.FullMethod, "/"+grpc_health_v1.Health_ServiceDesc.ServiceName+"/") {
			return handle(ctx, request)
		}
		start := time.Now()
		response, err := handle(ctx, request)
		code := answered(ctx, err)
		method, name := path.Base(info.FullMethod), metrics.CodeName(code)
		durations.Observe(ctx, start, method, name)
		attributes := []any{"method", method, "code", name, "seconds", time.Since(start).Seconds()}
		if err != nil {
			attributes = append(attributes, "error", err.Error())
		}
		level := slog.LevelInfo
		if slices.Contains(faults, code) {
			level = slog.LevelWarn
		}
		slog.Log(ctx, level, "call answered", attributes...)
		return response, err
	}
}

// answered returns the code that the caller sees.
func answered(ctx context.Context, err error) codes.Code {
	code := status.Code(err)
	if ctx.Err() != nil { // whatever the answer is, nobody hears it any more
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= sameMoment {
			return codes.DeadlineExceeded
		}
		return codes.Canceled
	}
	if err != nil && code == codes.Unknown { // a handler's bare context error, as the server would send it
		return status.FromContextError(err).Code()
	}
	return code
}

// recovered turns a panic into INTERNAL, so that it costs one call and not the process.
func recovered(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.ErrorContext(ctx, "panic", "error", fmt.Sprintf("%v\n%s", cause, debug.Stack()))
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	return handle(ctx, request)
}

// claimed lets calls made on behalf of this one carry its claims.
func claimed(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(claims.PassOn(ctx), request)
}
