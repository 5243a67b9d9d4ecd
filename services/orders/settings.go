package main

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
	"polyglot/services/internal/environment"
	"polyglot/services/internal/process"
	"polyglot/services/orders/outbox"
	"polyglot/services/orders/store"
)

type settings struct {
	grpcPort    int
	database    store.Address
	connections int
	users       dependency.Config

	brokerURL, brokerUsername, brokerPassword string
	stream                                    outbox.Stream
}

func configure(env *environment.Reader) process.Serve {
	s := readSettings(env)
	return func(ctx context.Context, registry *prometheus.Registry, run process.Run) error {
		return serve(ctx, s, registry, run)
	}
}

func readSettings(env *environment.Reader) settings {
	return settings{
		grpcPort: env.Port("GRPC_PORT", 50051),
		database: store.Address{
			Host: env.Required("ORDERS_DB_HOST"), Port: env.Required("ORDERS_DB_PORT"),
			Database: env.Required("ORDERS_DB_DATABASE"),
			Username: env.Required("ORDERS_DB_USERNAME"), Password: env.Required("ORDERS_DB_PASSWORD"),
			// In the cluster the mesh encrypts; a managed database may demand more.
			SSLMode: env.OneOf("ORDERS_DB_SSLMODE", "prefer", "disable", "prefer", "require", "verify-ca", "verify-full"),
		},
		connections: env.Number("ORDERS_DB_CONNECTIONS", 8),
		users: dependency.Config{
			Name: "users", Address: env.Required("USERS_ADDR"), Service: usersv1.UserService_ServiceDesc.ServiceName,
			Timeout: env.Duration("USERS_TIMEOUT", time.Second), Reads: []string{"GetUser"},
			HedgeAfter:   env.Duration("HEDGE_AFTER", 200*time.Millisecond),
			BreakerDelay: env.Duration("BREAKER_DELAY", 5*time.Second),
		},
		brokerURL:      env.Required("NATS_URL"),
		brokerUsername: env.Required("NATS_USERNAME"),
		brokerPassword: env.Required("NATS_PASSWORD"),
		stream: outbox.Stream{
			Name:            "ORDERS",
			Subjects:        strings.Split(env.Required("STREAM_ORDERS_SUBJECTS"), ","),
			Storage:         env.OneOf("STREAM_ORDERS_STORAGE", "file", "file", "memory"),
			MaxAge:          env.Duration("STREAM_ORDERS_MAX_AGE", 72*time.Hour),
			DuplicateWindow: env.Duration("STREAM_ORDERS_DUPLICATE_WINDOW", time.Hour),
		},
	}
}
