// Package lifecycle runs a process until SIGTERM and drains it: nothing new is accepted, what is in flight is finished.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
)

// CloseTime is how long connections may take to close after the drain: the last spans, the broker, the pool. The platform
// leaves 5 s between DRAIN_TIMEOUT and SIGKILL.
const CloseTime = 4 * time.Second

// Server is something that serves until it is shut down.
type Server struct {
	Name string
	// Serve blocks; it returns nil after Shutdown.
	Serve func() error
	// Shutdown refuses new requests, waits for those in flight until the context ends, and then breaks them off.
	Shutdown func(context.Context) error
}

// Run serves all servers until ctx ends or one of them fails. Then it calls drain, which marks the process as not ready, and
// shuts the servers down one after the other, in their order; requests in flight have drainTimeout to end. The error is a
// server's failure; a request that had to be broken off is logged, and is none.
func Run(ctx context.Context, drainTimeout time.Duration, drain func(), servers ...Server) error {
	failures := make(chan error, len(servers))
	for _, server := range servers {
		go func() {
			if err := server.Serve(); err != nil {
				failures <- fmt.Errorf("serve %s: %w", server.Name, err)
			}
		}()
	}
	var failure error
	select {
	case <-ctx.Done():
		slog.InfoContext(ctx, "draining", "reason", context.Cause(ctx).Error())
	case failure = <-failures:
	}
	drain()
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(deadline); err != nil {
			slog.WarnContext(ctx, "requests were broken off", "server", server.Name, "error", err.Error())
		}
	}
	return failure
}

// HTTP serves handler on listener. Its time limits keep slow or idle clients from holding connections.
func HTTP(name string, listener net.Listener, handler http.Handler) Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	return Server{
		Name: name,
		Serve: func() error {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
		Shutdown: func(ctx context.Context) error {
			if err := server.Shutdown(ctx); err != nil {
				return errors.Join(err, server.Close())
			}
			return nil
		},
	}
}

// GRPC serves server on listener.
func GRPC(name string, listener net.Listener, server *grpc.Server) Server {
	return Server{
		Name:  name,
		Serve: func() error { return server.Serve(listener) },
		Shutdown: func(ctx context.Context) error {
			drained := make(chan struct{})
			go func() {
				server.GracefulStop()
				close(drained)
			}()
			select {
			case <-drained:
				return nil
			case <-ctx.Done():
				server.Stop() // lets GracefulStop return, too
				<-drained
				return ctx.Err()
			}
		},
	}
}
