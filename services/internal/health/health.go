// Package health answers liveness and readiness over HTTP and over gRPC (grpc.health.v1).
package health

import (
	"net/http"
	"sync/atomic"

	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// State says whether the process takes requests. It starts as "no"; Drain is final.
type State struct {
	ready    atomic.Bool
	draining atomic.Bool
	server   *grpchealth.Server
	services []string
}

// NewState returns a state that also reports these gRPC services, beside the whole server ("").
func NewState(services ...string) *State {
	state := &State{server: grpchealth.NewServer(), services: append([]string{""}, services...)}
	state.report(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	return state
}

// Ready says that the process takes requests from now on.
func (s *State) Ready() {
	s.ready.Store(true)
	s.report(grpc_health_v1.HealthCheckResponse_SERVING)
}

// Drain says that the process stops: not ready, for good.
func (s *State) Drain() {
	s.draining.Store(true)
	s.server.Shutdown()
}

// GRPC is the implementation of grpc.health.v1.Health.
func (s *State) GRPC() grpc_health_v1.HealthServer { return s.server }

// Live answers 200 as long as the process can answer at all: a restart would heal nothing else.
func (s *State) Live(response http.ResponseWriter, _ *http.Request) {
	answer(response, http.StatusOK, "live")
}

// ReadyHandler answers 200, or 503 before the start is complete and while draining.
//
// Dependencies are left out on purpose: one that fails would take every replica out of service at once, and with them the
// degraded answers.
func (s *State) ReadyHandler(response http.ResponseWriter, _ *http.Request) {
	switch {
	case s.draining.Load():
		answer(response, http.StatusServiceUnavailable, "draining")
	case !s.ready.Load():
		answer(response, http.StatusServiceUnavailable, "starting")
	default:
		answer(response, http.StatusOK, "ready")
	}
}

func (s *State) report(status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	for _, service := range s.services {
		s.server.SetServingStatus(service, status)
	}
}

func answer(response http.ResponseWriter, code int, status string) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(code)
	_, _ = response.Write([]byte(`{"status":"` + status + `"}` + "\n")) // the prober may be gone
}
