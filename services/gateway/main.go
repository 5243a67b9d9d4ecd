// Command gateway is the shop's edge: REST and JSON outside, gRPC inside.
package main

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"polyglot/services/gateway/edge"
	"polyglot/services/gateway/usercache"
	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
	"polyglot/services/internal/health"
	"polyglot/services/internal/lifecycle"
	"polyglot/services/internal/process"
)

func main() { process.Main("gateway", configure) }

func serve(_ context.Context, s settings, registry *prometheus.Registry, run process.Run) error {
	calls := dependency.NewMetrics(registry)
	var connections [3]*grpc.ClientConn
	for index, config := range []dependency.Config{s.users, s.orders, s.recommendations} {
		connection, err := dependency.Dial(config, calls)
		if err != nil {
			return err
		}
		defer connection.Close()
		connections[index] = connection
	}
	users := usersv1.NewUserServiceClient(connections[0])
	if s.cacheAddress != "" {
		cached := usercache.New(users, s.cacheAddress, s.cachePassword, s.cacheTTL,
			dependency.NewBreaker("cache", calls, s.breakerDelay, usercache.Failed))
		defer cached.Close()
		users = cached
	}
	listener, err := process.Listen("http", s.httpPort)
	if err != nil {
		return err
	}

	state := health.NewState()
	state.Ready() // dependencies are called when they are needed: no start is waited for
	slog.Info("started")
	handler := (&edge.Edge{
		Users: users, Orders: ordersv1.NewOrderServiceClient(connections[1]),
		Recommendations: recommendationsv1.NewRecommendationServiceClient(connections[2]), Timeout: s.timeout,
	}).Handler(registry, state)
	return run(state.Drain, lifecycle.HTTP("http", listener, handler))
}
