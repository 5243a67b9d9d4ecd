// Package edge is the shop's REST and JSON interface; behind it everything is gRPC.
package edge

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/health"
	"polyglot/services/internal/metrics"
)

// Edge answers requests from outside.
type Edge struct {
	Users           usersv1.UserServiceClient
	Orders          ordersv1.OrderServiceClient
	Recommendations recommendationsv1.RecommendationServiceClient
	// Timeout is how long a whole request may take.
	Timeout time.Duration
}

// Handler returns the interface, traced and measured as http_server_request_duration_seconds, with the health probes beside it.
func (e *Edge) Handler(registry prometheus.Registerer, state *health.State) http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /api/orders", e.createOrder)
	api.HandleFunc("GET /api/orders/{id}", e.orderPage)
	api.HandleFunc("GET /api/users/{id}", e.user)

	durations := metrics.NewDurations(registry, "http_server_request_duration_seconds",
		"How long requests to this service took.", "method", "route", "code")
	root := http.NewServeMux()
	root.HandleFunc("GET /health/live", state.Live)
	root.HandleFunc("GET /health/ready", state.ReadyHandler)
	root.Handle("/", unmatched(otelhttp.NewHandler(observed(durations, recovered(e.limited(claimed(routed(api))))), "gateway")))
	return root
}
