// Command orders takes orders, keeps them in PostgreSQL and announces each one on NATS JetStream exactly once.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
	"polyglot/services/internal/health"
	"polyglot/services/internal/lifecycle"
	"polyglot/services/internal/process"
	"polyglot/services/internal/rpc"
	"polyglot/services/orders/api"
	"polyglot/services/orders/outbox"
	"polyglot/services/orders/store"
)

func main() { process.Main("orders", configure) }

func serve(ctx context.Context, s settings, registry *prometheus.Registry, run process.Run) error {
	orders, err := store.Open(ctx, s.database, s.connections)
	if err != nil {
		return err
	}
	defer orders.Close()
	broker, err := connect(s)
	if err != nil {
		return err
	}
	defer broker.Close()
	publisher, err := outbox.NewJetStream(broker, s.stream)
	if err != nil {
		return err
	}
	users, err := dependency.Dial(s.users, dependency.NewMetrics(registry))
	if err != nil {
		return err
	}
	defer users.Close()
	listener, err := process.Listen("grpc", s.grpcPort)
	if err != nil {
		return err
	}

	relay := outbox.NewRelay(registry, orders, publisher.Publish)
	state := health.NewState(ordersv1.OrderService_ServiceDesc.ServiceName)
	server := rpc.NewServer(registry, state)
	ordersv1.RegisterOrderServiceServer(server, &api.Service{
		Orders: orders, Users: usersv1.NewUserServiceClient(users), Taken: relay.Wake,
	})
	return run(state.Drain,
		lifecycle.GRPC("grpc", listener, server),
		lifecycle.Server{
			Name: "outbox",
			Serve: func() error {
				// The ports are open meanwhile: a database that comes late costs readiness, not a restart.
				if migrated(ctx, orders) {
					state.Ready()
					slog.Info("started")
				}
				return relay.Serve()
			},
			Shutdown: relay.Shutdown,
		},
	)
}

// migrated tries until the database has the newest schema or ctx ends; it says which of the two.
func migrated(ctx context.Context, orders *store.Store) bool {
	for {
		err := orders.Migrate(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "the database is not ready", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}

// connect returns a connection that keeps trying. While the broker is away orders are taken, and their messages wait.
func connect(s settings) (*nats.Conn, error) {
	connection, err := nats.Connect(s.brokerURL,
		nats.Name("orders"), nats.UserInfo(s.brokerUsername, s.brokerPassword),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // the outbox is the buffer
		nats.ConnectHandler(func(*nats.Conn) { slog.Info("connected to NATS") }),
		nats.ReconnectHandler(func(*nats.Conn) { slog.Info("connected to NATS again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				slog.Warn("disconnected from NATS", "error", err.Error())
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			slog.Warn("NATS", "error", err.Error())
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS (NATS_URL): %w", err)
	}
	return connection, nil
}
