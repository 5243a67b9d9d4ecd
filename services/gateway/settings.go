package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
	"polyglot/services/internal/environment"
	"polyglot/services/internal/process"
)

type settings struct {
	httpPort int
	timeout  time.Duration

	users, orders, recommendations dependency.Config
	breakerDelay                   time.Duration

	// An empty cacheAddress means that users are asked each time.
	cacheAddress, cachePassword string
	cacheTTL                    time.Duration
}

func configure(env *environment.Reader) process.Serve {
	s := readSettings(env)
	return func(ctx context.Context, registry *prometheus.Registry, run process.Run) error {
		return serve(ctx, s, registry, run)
	}
}

func readSettings(env *environment.Reader) settings {
	hedgeAfter := env.Duration("HEDGE_AFTER", 200*time.Millisecond)
	breakerDelay := env.Duration("BREAKER_DELAY", 5*time.Second)
	return settings{
		httpPort: env.Port("HTTP_PORT", 8080),
		timeout:  env.Duration("REQUEST_TIMEOUT", 5*time.Second),
		users: dependency.Config{
			Name: "users", Address: env.Required("USERS_ADDR"), Service: usersv1.UserService_ServiceDesc.ServiceName,
			Timeout: env.Duration("USERS_TIMEOUT", time.Second), Reads: []string{"GetUser"},
			HedgeAfter: hedgeAfter, BreakerDelay: breakerDelay,
		},
		orders: dependency.Config{
			Name: "orders", Address: env.Required("ORDERS_ADDR"), Service: ordersv1.OrderService_ServiceDesc.ServiceName,
			Timeout: env.Duration("ORDERS_TIMEOUT", 2*time.Second), Reads: []string{"GetOrder"},
			HedgeAfter: hedgeAfter, BreakerDelay: breakerDelay,
		},
		recommendations: dependency.Config{
			Name: "recommendations", Address: env.Required("RECOMMENDATIONS_ADDR"),
			Service: recommendationsv1.RecommendationService_ServiceDesc.ServiceName,
			Timeout: env.Duration("RECOMMENDATIONS_TIMEOUT", 500*time.Millisecond), Reads: []string{"ListRecommendations"},
			HedgeAfter: hedgeAfter, BreakerDelay: breakerDelay,
		},
		breakerDelay:  breakerDelay,
		cacheAddress:  env.Optional("CACHE_ADDR", ""),
		cachePassword: env.Optional("CACHE_PASSWORD", ""),
		cacheTTL:      env.Duration("CACHE_TTL", time.Minute),
	}
}
