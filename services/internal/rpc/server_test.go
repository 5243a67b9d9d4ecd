package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/claims"
	"polyglot/services/internal/health"
	"polyglot/services/internal/logging"
	"polyglot/services/internal/metrics"
	"polyglot/services/internal/tracing"
)

type users struct {
	usersv1.UnimplementedUserServiceServer
	outgoing metadata.MD
}

func (u *users) GetUser(ctx context.Context, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
	u.outgoing, _ = metadata.FromOutgoingContext(ctx)
	switch request.GetId() {
	case "panic":
		panic("no")
	case "late":
		return nil, context.DeadlineExceeded
	}
	return &usersv1.GetUserResponse{}, nil
}

func TestAServerTracesMeasuresLogsAndSurvivesAPanic(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	otel.SetTextMapPropagator(tracing.Propagator())
	otel.SetTracerProvider(sdktrace.NewTracerProvider())
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(logging.New(&log, "users", "info"))
	defer slog.SetDefault(before)

	registry := prometheus.NewRegistry()
	state := health.NewState("shop.users.v1.UserService")
	server := NewServer(registry, state)
	implementation := &users{}
	usersv1.RegisterUserServiceServer(server, implementation)
	listener := bufconn.Listen(1 << 16)
	go func() { _ = server.Serve(listener) }() // it returns nil after Stop
	connection, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	client := usersv1.NewUserServiceClient(connection)

	ctx := metadata.AppendToOutgoingContext(t.Context(), "b3", id+"-00f067aa0ba902b7-1", claims.Key, "e30")
	for user, code := range map[string]codes.Code{"u1": codes.OK, "panic": codes.Internal} {
		if _, err := client.GetUser(ctx, &usersv1.GetUserRequest{Id: user}); status.Code(err) != code {
			t.Errorf("%s: %v", user, err)
		}
	}
	if _, err := client.GetUser(ctx, &usersv1.GetUserRequest{Id: "late"}); err == nil {
		t.Error("a late answer is no error")
	}
	if values := implementation.outgoing.Get(claims.Key); len(values) != 1 || values[0] != "e30" {
		t.Errorf("calls made on behalf of this one would carry %v", implementation.outgoing)
	}
	if _, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Error(err)
	}
	server.Stop()

	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text")
	recorder := httptest.NewRecorder()
	metrics.Handler(registry).ServeHTTP(recorder, request)
	for _, part := range []string{
		`rpc_server_duration_seconds_count{code="OK",method="GetUser"} 1`,
		`rpc_server_duration_seconds_count{code="Internal",method="GetUser"} 1`,
		`rpc_server_duration_seconds_count{code="DeadlineExceeded",method="GetUser"} 1`,
		`trace_id="` + id + `"`,
	} {
		if !strings.Contains(recorder.Body.String(), part) {
			t.Errorf("%s is not in:\n%s", part, recorder.Body)
		}
	}
	if strings.Contains(recorder.Body.String(), "Check") {
		t.Error("health checks are measured as if they were work")
	}
	for line := range strings.Lines(log.String()) {
		var decoded map[string]any
		if err := json.Unmarshal([]byte(line), &decoded); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, key := range []string{"time", "level", "msg", "span_id"} {
			if decoded[key] == nil {
				t.Errorf("%s is missing in %s", key, line)
			}
		}
		if decoded["trace_id"] != id || decoded["service"] != "users" {
			t.Errorf("the line is %s", line)
		}
	}
}
