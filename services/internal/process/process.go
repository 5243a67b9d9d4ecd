// Package process is the frame that every service runs in: settings, logs, traces, metrics, signals and exit codes.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"polyglot/services/internal/environment"
	"polyglot/services/internal/lifecycle"
	"polyglot/services/internal/logging"
	"polyglot/services/internal/metrics"
	"polyglot/services/internal/tracing"
)

// Exit codes: a clean end, also after SIGTERM; a failure; wrong or missing settings.
const (
	exitFailed  = 1
	exitSetting = 2
)

// Serve runs a service: it makes its servers and returns what run returned for them.
type Serve func(ctx context.Context, registry *prometheus.Registry, run Run) error

// Run serves all servers, and the metrics beside them, until SIGTERM. Then it calls drain, which marks the service as not ready,
// and gives the requests in flight DRAIN_TIMEOUT.
type Run func(drain func(), servers ...lifecycle.Server) error

type settings struct {
	name, level  string
	metricsPort  int
	drainTimeout time.Duration
}

// Main runs a service until SIGTERM or SIGINT and ends the process; a second signal ends it at once. configure reads the
// service's settings and returns what serves with them; it is called once, and a service whose settings are wrong isn't run.
func Main(name string, configure func(*environment.Reader) Serve) {
	os.Exit(run(name, configure))
}

func run(name string, configure func(*environment.Reader) Serve) (code int) {
	env := environment.NewReader(os.LookupEnv)
	s := settings{
		name:         env.Optional("OTEL_SERVICE_NAME", name),
		level:        env.OneOf("LOG_LEVEL", "info", "debug", "info", "warn", "error"),
		metricsPort:  env.Port("METRICS_PORT", 8081),
		drainTimeout: env.Duration("DRAIN_TIMEOUT", 15*time.Second),
	}
	slog.SetDefault(logging.New(os.Stdout, s.name, s.level))
	exporter := tracing.ReadExporter(env)
	serve := configure(env)
	if err := env.Err(); err != nil {
		slog.Error(err.Error())
		return exitSetting
	}
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer restore()
	context.AfterFunc(ctx, restore)
	if err := traced(ctx, s, exporter, serve); err != nil {
		slog.Error("the service failed", "error", err.Error())
		return exitFailed
	}
	slog.Info("stopped")
	return 0
}

func traced(ctx context.Context, s settings, exporter tracing.Exporter, serve Serve) error {
	stop, err := tracing.Start(ctx, s.name, exporter)
	if err != nil {
		return err
	}
	registry := metrics.NewRegistry()
	listener, err := Listen("metrics", s.metricsPort)
	if err != nil {
		return err
	}
	scraped := lifecycle.HTTP("metrics", listener, metrics.Handler(registry))
	failure := serve(ctx, registry, func(drain func(), servers ...lifecycle.Server) error {
		// The metrics end last: a drain can be watched.
		return lifecycle.Run(ctx, s.drainTimeout, drain, append(servers, scraped)...)
	})
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lifecycle.CloseTime)
	defer cancel()
	if err := stop(last); err != nil {
		slog.Warn("the last spans are lost", "error", err.Error())
	}
	return failure
}

// Listen opens a TCP port on all addresses and logs it; of port 0 the log says what it became.
func Listen(name string, port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", name, err)
	}
	slog.Info("listening", "for", name, "port", listener.Addr().(*net.TCPAddr).Port)
	return listener, nil
}
