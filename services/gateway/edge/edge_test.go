package edge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/claims"
	"polyglot/services/internal/conformance"
	"polyglot/services/internal/dependency"
	"polyglot/services/internal/health"
	"polyglot/services/internal/logging"
	"polyglot/services/internal/metrics"
	"polyglot/services/internal/standin"
	"polyglot/services/internal/tracing"
)

func TestMain(m *testing.M) {
	otel.SetTextMapPropagator(tracing.Propagator())
	otel.SetTracerProvider(sdktrace.NewTracerProvider())
	m.Run()
}

func TestASpanIsCalledAfterItsRoute(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	server, _ := start(t, sound())
	for path, name := range map[string]string{"/api/orders/o1": "GET /api/orders/{id}", "/api/nothing": "GET none"} {
		send(t, "GET", server.URL+path, "")
		found := []string{}
		for _, span := range recorder.Ended() {
			if span.SpanKind() == trace.SpanKindServer && strings.HasPrefix(span.Name(), "GET ") {
				found = append(found, span.Name())
			}
		}
		if len(found) == 0 || found[len(found)-1] != name {
			t.Errorf("the span of %s must be called %q, so that calls are counted by route: %q", path, name, found)
		}
	}
}

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sound answers everything well; a test breaks what it is about.
func sound() *standin.Services {
	order := &ordersv1.Order{Id: "o1", UserId: "u1", CreatedAt: timestamppb.New(created),
		Items: []*ordersv1.OrderItem{{ProductId: "p1", Quantity: 2}}}
	return &standin.Services{
		GetUser: func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
			return &usersv1.GetUserResponse{User: &usersv1.User{Id: "u1", Email: "a@example.com", DisplayName: "Ada", CreatedAt: timestamppb.New(created)}}, nil
		},
		CreateOrder: func(_ context.Context, request *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
			return &ordersv1.CreateOrderResponse{Order: order}, nil
		},
		GetOrder: func(context.Context, *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) {
			return &ordersv1.GetOrderResponse{Order: order}, nil
		},
		ListRecommendations: func(context.Context, *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error) {
			return &recommendationsv1.ListRecommendationsResponse{Recommendations: []*recommendationsv1.Recommendation{{ProductId: "p2", Score: .5}}}, nil
		},
	}
}

// start returns an edge in front of services, and its registry.
func start(t *testing.T, services *standin.Services, options ...grpc.ServerOption) (*httptest.Server, *prometheus.Registry) {
	t.Helper()
	address := standin.Serve(t, services, options...)
	registry := prometheus.NewRegistry()
	calls := dependency.NewMetrics(registry)
	dial := func(name, service string, timeout time.Duration) *grpc.ClientConn {
		connection, err := dependency.Dial(dependency.Config{Name: name, Address: address, Service: service, Timeout: timeout,
			HedgeAfter: time.Minute, BreakerDelay: time.Minute}, calls)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		return connection
	}
	state := health.NewState()
	state.Ready()
	server := httptest.NewServer((&Edge{
		Users:  usersv1.NewUserServiceClient(dial("users", "shop.users.v1.UserService", time.Second)),
		Orders: ordersv1.NewOrderServiceClient(dial("orders", "shop.orders.v1.OrderService", time.Second)),
		Recommendations: recommendationsv1.NewRecommendationServiceClient(
			dial("recommendations", "shop.recommendations.v1.RecommendationService", 200*time.Millisecond)),
		Timeout: 3 * time.Second,
	}).Handler(registry, state))
	t.Cleanup(server.Close)
	return server, registry
}

func send(t *testing.T, method, url, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for index := 0; index < len(headers); index += 2 {
		request.Header.Set(headers[index], headers[index+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &decoded); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return response, decoded
}

func TestAPageHasTheOrderTheUserAndTheRecommendations(t *testing.T) {
	server, _ := start(t, sound())
	response, body := send(t, "GET", server.URL+"/api/orders/o1", "")
	expected := map[string]any{
		"order": map[string]any{"id": "o1", "userId": "u1", "createdAt": "2026-01-02T03:04:05Z",
			"items": []any{map[string]any{"productId": "p1", "quantity": 2.0}}},
		"user":            map[string]any{"id": "u1", "email": "a@example.com", "displayName": "Ada", "createdAt": "2026-01-02T03:04:05Z"},
		"recommendations": []any{map[string]any{"productId": "p2", "score": .5}},
	}
	if response.StatusCode != 200 || !reflect.DeepEqual(body, expected) {
		t.Errorf("the page is %d %v", response.StatusCode, body)
	}
}

func TestAPageIsDegradedWhereADependencyIsDownOrSlow(t *testing.T) {
	down := status.Error(codes.Unavailable, "down")
	for name, test := range map[string]struct {
		change   func(*standin.Services)
		code     int
		degraded any
	}{
		"recommendations down": {func(s *standin.Services) {
			s.ListRecommendations = func(context.Context, *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error) {
				return nil, down
			}
		}, 200, []any{"recommendations"}},
		"recommendations slow": {func(s *standin.Services) {
			s.ListRecommendations = func(ctx context.Context, _ *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, 200, []any{"recommendations"}},
		"users and recommendations down": {func(s *standin.Services) {
			s.ListRecommendations, s.GetUser = nil, func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) { return nil, down }
		}, 200, []any{"recommendations", "users"}},
		"user deleted": {func(s *standin.Services) {
			s.GetUser = func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
				return nil, status.Error(codes.NotFound, "gone")
			}
		}, 200, nil},
		"orders down": {func(s *standin.Services) {
			s.GetOrder = func(context.Context, *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) { return nil, down }
		}, 503, nil},
	} {
		t.Run(name, func(t *testing.T) {
			services := sound()
			test.change(services)
			server, _ := start(t, services)
			response, body := send(t, "GET", server.URL+"/api/orders/o1", "")
			if response.StatusCode != test.code || !reflect.DeepEqual(body["degraded"], test.degraded) {
				t.Errorf("the page is %d %v", response.StatusCode, body)
			}
		})
	}
}

func TestAnOpenBreakerAnswersAtOnceAndDegraded(t *testing.T) {
	services := sound()
	services.ListRecommendations = func(ctx context.Context, _ *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	server, registry := start(t, services)
	for range 10 {
		send(t, "GET", server.URL+"/api/orders/o1", "")
	}
	begin := time.Now()
	_, body := send(t, "GET", server.URL+"/api/orders/o1", "")
	if took := time.Since(begin); took > 150*time.Millisecond {
		t.Errorf("the page waited %v for a dependency whose breaker is open", took)
	}
	if !reflect.DeepEqual(body["degraded"], []any{"recommendations"}) {
		t.Errorf("the page is %v", body)
	}
	if text := scrape(t, registry); !strings.Contains(text, `circuit_breaker_open{dependency="recommendations"} 1`) ||
		!strings.Contains(text, `circuit_breaker_open{dependency="users"} 0`) {
		t.Errorf("the breakers' gauges are wrong:\n%s", text)
	}
}

func TestEachGRPCCodeHasItsHTTPStatus(t *testing.T) {
	for code, expected := range map[codes.Code]int{
		codes.InvalidArgument: 400, codes.FailedPrecondition: 400, codes.OutOfRange: 400, codes.Unauthenticated: 401,
		codes.PermissionDenied: 403, codes.NotFound: 404, codes.AlreadyExists: 409, codes.Aborted: 409,
		codes.ResourceExhausted: 429, codes.Canceled: 499, codes.Unknown: 500, codes.Internal: 500, codes.DataLoss: 500,
		codes.Unimplemented: 501, codes.Unavailable: 503, codes.DeadlineExceeded: 504,
	} {
		t.Run(code.String(), func(t *testing.T) {
			services := sound()
			services.GetUser = func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
				return nil, status.Error(code, "what happened inside")
			}
			server, _ := start(t, services)
			response, body := send(t, "GET", server.URL+"/api/users/u1", "")
			if response.StatusCode != expected || response.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%v became %d %v", code, response.StatusCode, body)
			}
			if told := body["detail"] != nil; told != (expected < 499) {
				t.Errorf("the inside of %v is told: %v", code, body)
			}
		})
	}
}

func TestAnOrderIsCreatedWithItsIdempotencyKey(t *testing.T) {
	received := make(chan *ordersv1.CreateOrderRequest, 1)
	services := sound()
	answer := services.CreateOrder
	services.CreateOrder = func(ctx context.Context, request *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
		received <- request
		return answer(ctx, request)
	}
	server, _ := start(t, services)
	response, body := send(t, "POST", server.URL+"/api/orders", `{"userId":"u1","items":[{"productId":"p1","quantity":2}]}`, "Idempotency-Key", "k1")
	if response.StatusCode != 201 || response.Header.Get("Location") != "/api/orders/o1" || body["id"] != "o1" {
		t.Fatalf("the answer is %d %v %v", response.StatusCode, response.Header, body)
	}
	request := <-received
	if request.GetIdempotencyKey() != "k1" || request.GetUserId() != "u1" || request.GetItems()[0].GetQuantity() != 2 {
		t.Errorf("orders received %v", request)
	}
}

func TestABadOrderIsRefusedBeforeAnythingIsCalled(t *testing.T) {
	services := sound()
	services.CreateOrder = func(context.Context, *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
		t.Error("orders was called")
		return nil, status.Error(codes.Internal, "")
	}
	server, _ := start(t, services)
	for name, test := range map[string]struct {
		body, key string
		code      int
		detail    string
	}{
		"no key":        {`{"userId":"u1"}`, "", 400, "Idempotency-Key"},
		"not JSON":      {`userId`, "k", 400, "not an order"},
		"unknown field": {`{"user":"u1"}`, "k", 400, "user"},
		"two values":    {`{"userId":"u1"} {}`, "k", 400, "more than one"},
		"too large":     {`{"userId":"` + strings.Repeat("x", maxBody) + `"}`, "k", 413, "too large"},
	} {
		response, body := send(t, "POST", server.URL+"/api/orders", test.body, "Idempotency-Key", test.key)
		if detail, _ := body["detail"].(string); response.StatusCode != test.code || !strings.Contains(detail, test.detail) {
			t.Errorf("%s: %d %v", name, response.StatusCode, body)
		}
	}
}

// seen is what arrives at a service behind the edge.
type seen struct {
	metadata metadata.MD
	deadline time.Duration
}

func startSeeing(t *testing.T) (*httptest.Server, chan seen) {
	t.Helper()
	arrived := make(chan seen, 1)
	services := sound()
	answer := services.GetUser
	services.GetUser = func(ctx context.Context, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		headers, _ := metadata.FromIncomingContext(ctx)
		deadline, _ := ctx.Deadline()
		arrived <- seen{headers, time.Until(deadline)}
		return answer(ctx, request)
	}
	server, _ := start(t, services)
	return server, arrived
}

func TestTheCallersTraceAndBaggageGoOnInWhateverFormatTheyArrive(t *testing.T) {
	for _, vector := range conformance.ReadVectors(t) {
		t.Run(vector.Name, func(t *testing.T) {
			server, arrived := startSeeing(t)
			var headers []string
			for name, value := range vector.Headers {
				headers = append(headers, name, value)
			}
			response, _ := send(t, "GET", server.URL+"/api/users/u1", "", headers...)
			if response.StatusCode != 200 {
				t.Fatal(response.Status)
			}
			outgoing := map[string]string{}
			for name, values := range (<-arrived).metadata {
				outgoing[name] = values[0]
			}
			vector.CheckOutgoing(t, outgoing)
		})
	}
}

func TestClaimsGoOnAndTheTokenDoesNot(t *testing.T) {
	server, arrived := startSeeing(t)
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"u1","roles":["USER"]}`))
	send(t, "GET", server.URL+"/api/users/u1", "", "Authorization", "Bearer e30."+payload+".c2ln", "X-Jwt-Payload", "forged")
	got := <-arrived
	if values := got.metadata.Get(claims.Key); len(values) != 1 || values[0] != payload {
		t.Errorf("the claims are %v", values)
	}
	if got.metadata.Get("authorization") != nil {
		t.Error("the token itself was passed on")
	}
	if got.deadline <= 0 || got.deadline > time.Second {
		t.Errorf("the call has %v left, not at most the second that is set", got.deadline)
	}
	for _, header := range []string{"Bearer nonsense", "Basic YTpi", "Bearer a.!!.c", "Bearer a.bnVsbA.c"} {
		if response, _ := send(t, "GET", server.URL+"/api/users/u1", "", "Authorization", header); response.StatusCode != 401 {
			t.Errorf("%q is answered with %s", header, response.Status)
		}
	}
}

func TestRequestsAreMeasuredByRouteWithTheTraceAsExemplar(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	services := sound()
	services.GetOrder = func(context.Context, *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) {
		return nil, status.Error(codes.NotFound, "no")
	}
	server, registry := start(t, services)
	send(t, "GET", server.URL+"/api/users/u1", "", "traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	send(t, "GET", server.URL+"/api/orders/o1", "")
	send(t, "GET", server.URL+"/made/up", "")
	send(t, "BREW", server.URL+"/made/up", "")
	text := scrape(t, registry)
	for _, part := range []string{
		`http_server_request_duration_seconds_count{code="200",method="GET",route="/api/users/{id}"} 1`,
		`http_server_request_duration_seconds_count{code="404",method="GET",route="none"} 1`,
		`method="OTHER"`,
		`rpc_client_duration_seconds_count{code="OK",dependency="users",method="GetUser"} 1`,
		`rpc_client_duration_seconds_count{code="NOT_FOUND",dependency="orders",method="GetOrder"} 1`,
		`trace_id="` + id + `"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in:\n%s", part, text)
		}
	}
	for name, metric := range conformance.ReadTelemetry(t).Metrics {
		if strings.Contains(text, name) && !strings.Contains(text, "# HELP "+name+" "+metric.Help+"\n") {
			t.Errorf("%s is described in other words:\n%s", name, text)
		}
	}
}

func TestEachRequestIsOneLineWithItsTrace(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	services := sound()
	services.GetUser = func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		return nil, status.Error(codes.Internal, "no")
	}
	server, _ := start(t, services)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(logging.New(&log, "gateway", "info"))
	defer slog.SetDefault(before)
	for _, path := range []string{"/api/orders/o1", "/api/users/u1"} {
		send(t, "GET", server.URL+path, "", "traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	}
	server.Close() // and so waits for the last line
	shared, levels := conformance.ReadTelemetry(t).Log, map[any]any{}
	for line := range bytes.Lines(log.Bytes()) {
		var decoded map[string]any
		if err := json.Unmarshal(line, &decoded); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		conformance.CheckLine(t, decoded)
		if decoded["trace_id"] != id || decoded["span_id"] == nil {
			t.Errorf("the line is %s", line)
		}
		if decoded["msg"] != shared.Request.Msg {
			continue
		}
		for _, field := range shared.Request.Fields {
			if decoded[field] == nil {
				t.Errorf("%s is missing in %s", field, line)
			}
		}
		levels[decoded["path"]] = decoded["level"]
	}
	if !reflect.DeepEqual(levels, map[any]any{"/api/orders/o1": "info", "/api/users/u1": "warn"}) {
		t.Errorf("the requests' lines have the levels %v", levels)
	}
}

func TestTheProbesTellADrain(t *testing.T) {
	state := health.NewState()
	handler := (&Edge{Timeout: time.Second}).Handler(prometheus.NewRegistry(), state)
	ask := func(path string) int {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
		return recorder.Code
	}
	if code := ask("/health/ready"); code != 503 {
		t.Errorf("ready before the start: %d", code)
	}
	state.Ready()
	if code := ask("/health/ready"); code != 200 {
		t.Errorf("not ready after the start: %d", code)
	}
	state.Drain()
	if ready, live := ask("/health/ready"), ask("/health/live"); ready != 503 || live != 200 {
		t.Errorf("while draining: ready %d, live %d", ready, live)
	}
}

func TestAPanicCostsOneRequest(t *testing.T) {
	handler := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no") }))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
	if recorder.Code != 500 {
		t.Errorf("a panic is answered with %d", recorder.Code)
	}
}

func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	recorder := httptest.NewRecorder()
	metrics.Handler(registry).ServeHTTP(recorder, request)
	return recorder.Body.String()
}
