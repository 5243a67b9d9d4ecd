package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/claims"
	"polyglot/services/internal/conformance"
	"polyglot/services/internal/health"
	"polyglot/services/internal/logging"
	"polyglot/services/internal/metrics"
	"polyglot/services/internal/tracing"
)

type users struct {
	usersv1.UnimplementedUserServiceServer
	outgoing metadata.MD
	context  context.Context
}

func (u *users) GetUser(ctx context.Context, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
	switch request.GetId() {
	case "u1":
		u.outgoing, _ = metadata.FromOutgoingContext(ctx)
		u.context = ctx
	case "nobody":
		return nil, status.Error(codes.NotFound, "no")
	case "panic":
		panic("no")
	case "gone":
		<-ctx.Done()
		return &usersv1.GetUserResponse{}, nil
	case "late":
		return nil, context.DeadlineExceeded
	}
	return &usersv1.GetUserResponse{}, nil
}

func TestMain(m *testing.M) {
	otel.SetTextMapPropagator(tracing.Propagator())
	otel.SetTracerProvider(sdktrace.NewTracerProvider())
	m.Run()
}

// serve starts a server inside the test, and returns a connection to it; the caller stops it, and so waits for its log.
func serve(t *testing.T, registry *prometheus.Registry, implementation *users) (*grpc.Server, *grpc.ClientConn) {
	t.Helper()
	server := NewServer(registry, health.NewState("shop.users.v1.UserService"))
	usersv1.RegisterUserServiceServer(server, implementation)
	listener := bufconn.Listen(1 << 16)
	go func() { _ = server.Serve(listener) }() // it returns nil after Stop
	connection, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return server, connection
}

func TestTheCallersTraceAndBaggageGoOnInWhateverFormatTheyArrive(t *testing.T) {
	implementation := &users{}
	server, connection := serve(t, prometheus.NewRegistry(), implementation)
	defer server.Stop()
	for _, vector := range conformance.ReadVectors(t) {
		t.Run(vector.Name, func(t *testing.T) {
			ctx := metadata.NewOutgoingContext(t.Context(), metadata.New(vector.Headers))
			if _, err := usersv1.NewUserServiceClient(connection).GetUser(ctx, &usersv1.GetUserRequest{Id: "u1"}); err != nil {
				t.Fatal(err)
			}
			// A span that isn't sampled doesn't know its parent.
			if own, ok := trace.SpanFromContext(implementation.context).(sdktrace.ReadOnlySpan); ok {
				if got := own.Parent(); got.SpanID().String() != vector.ParentID || !got.IsRemote() {
					t.Errorf("the parent is %v", got)
				}
			}
			outgoing := propagation.MapCarrier{}
			otel.GetTextMapPropagator().Inject(implementation.context, outgoing)
			vector.CheckOutgoing(t, outgoing)
		})
	}
}

func TestAServerTracesMeasuresLogsAndSurvivesAPanic(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(logging.New(&log, "users", "info"))
	defer slog.SetDefault(before)

	registry := prometheus.NewRegistry()
	implementation := &users{}
	server, connection := serve(t, registry, implementation)
	client := usersv1.NewUserServiceClient(connection)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "b3", id+"-00f067aa0ba902b7-1", claims.Key, "e30")
	for user, code := range map[string]codes.Code{"u1": codes.OK, "panic": codes.Internal, "nobody": codes.NotFound} {
		if _, err := client.GetUser(ctx, &usersv1.GetUserRequest{Id: user}); status.Code(err) != code {
			t.Errorf("%s: %v", user, err)
		}
	}
	if _, err := client.GetUser(ctx, &usersv1.GetUserRequest{Id: "late"}); err == nil {
		t.Error("a late answer is no error")
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := client.GetUser(short, &usersv1.GetUserRequest{Id: "gone"}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a deadline that passes is %v", err)
	}
	if values := implementation.outgoing.Get(claims.Key); len(values) != 1 || values[0] != "e30" {
		t.Errorf("calls made on behalf of this one would carry %v", implementation.outgoing)
	}
	if _, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Error(err)
	}
	server.GracefulStop()

	shared := conformance.ReadTelemetry(t)
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text")
	recorder := httptest.NewRecorder()
	metrics.Handler(registry).ServeHTTP(recorder, request)
	for _, part := range []string{
		`rpc_server_duration_seconds_count{code="OK",method="GetUser"} 1`,
		`rpc_server_duration_seconds_count{code="INTERNAL",method="GetUser"} 1`,
		`rpc_server_duration_seconds_count{code="DEADLINE_EXCEEDED",method="GetUser"} 2`,
		`rpc_server_duration_seconds_count{code="NOT_FOUND",method="GetUser"} 1`,
		"# HELP rpc_server_duration_seconds " + shared.Metrics["rpc_server_duration_seconds"].Help,
		`trace_id="` + id + `"`,
	} {
		if !strings.Contains(recorder.Body.String(), part) {
			t.Errorf("%s is not in:\n%s", part, recorder.Body)
		}
	}
	if strings.Contains(recorder.Body.String(), "Check") {
		t.Error("health checks are measured as if they were work")
	}
	levels := map[string]string{}
	for line := range strings.Lines(log.String()) {
		var decoded map[string]any
		if err := json.Unmarshal([]byte(line), &decoded); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		conformance.CheckLine(t, decoded)
		if decoded["trace_id"] != id || decoded["span_id"] == nil || decoded["service"] != "users" {
			t.Errorf("the line is %s", line)
		}
		if decoded["msg"] != shared.Log.Call.Msg {
			continue // the panic's own line
		}
		for _, field := range shared.Log.Call.Fields {
			if decoded[field] == nil {
				t.Errorf("%s is missing in %s", field, line)
			}
		}
		code := fmt.Sprint(decoded["code"])
		levels[code] = fmt.Sprint(decoded["level"])
	}
	expected := map[string]string{"OK": "info", "NOT_FOUND": "info", "INTERNAL": "warn", "DEADLINE_EXCEEDED": "warn"}
	if !maps.Equal(levels, expected) {
		t.Errorf("the levels of the calls' lines are %v, not %v", levels, expected)
	}
}

func TestTheServersOwnFaultsAreThoseOfEveryLanguage(t *testing.T) {
	var names []string
	for _, code := range faults {
		names = append(names, metrics.CodeName(code))
	}
	if shared := conformance.ReadTelemetry(t).Faults; !slices.Equal(names, shared) {
		t.Errorf("the faults are %v, not %v", names, shared)
	}
}
