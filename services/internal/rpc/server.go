// Package rpc makes gRPC servers that trace, measure, log and survive a panic.
package rpc

import (
	"context"
	"log/slog"
	"path"
	"runtime/debug"
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

// observed measures and logs each call; a prober's calls are not the service's work and stay out.
func observed(durations metrics.Durations) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if strings.HasPrefix(info.FullMethod, "/"+grpc_health_v1.Health_ServiceDesc.ServiceName+"/") {
			return handle(ctx, request)
		}
		start := time.Now()
		response, err := handle(ctx, request)
		// A handler's bare context error gets its real code, as the server would give it.
		code := status.Code(err)
		if err != nil && code == codes.Unknown {
			code = status.FromContextError(err).Code()
		}
		method := path.Base(info.FullMethod)
		durations.Observe(ctx, start, method, code.String())
		attributes := []any{"method", info.FullMethod, "code", code.String(), "seconds", time.Since(start).Seconds()}
		if err == nil {
			slog.InfoContext(ctx, "call", attributes...)
		} else {
			slog.WarnContext(ctx, "call failed", append(attributes, "error", err.Error())...)
		}
		return response, err
	}
}

// recovered turns a panic into INTERNAL, so that it costs one call and not the process.
func recovered(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.ErrorContext(ctx, "panic", "cause", cause, "stack", string(debug.Stack()))
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	return handle(ctx, request)
}

// claimed lets calls made on behalf of this one carry its claims.
func claimed(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(claims.PassOn(ctx), request)
}
