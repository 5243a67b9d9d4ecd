// Package metrics measures requests: how many, how many fail, how long they take (RED), and the Go runtime.
package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
)

// buckets are upper bounds in seconds, dense around the limits that alerts use (300 ms, 500 ms, 800 ms). They are the same in
// every language (docs/services.md), as only then quantiles over several services mean anything.
var buckets = []float64{.005, .01, .025, .05, .1, .2, .3, .5, .8, 1, 2.5, 5, 10}

// NewRegistry returns a registry with the metrics of the process and of the Go runtime (go_goroutines, go_gc_…, go_sched_…).
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
			collectors.MetricsGC, collectors.MetricsMemory, collectors.MetricsScheduler)),
	)
	return registry
}

// Handler serves the registry at GET /metrics, as OpenMetrics where the scraper asks for it: only that carries exemplars.
func Handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return mux
}

// CodeName returns a gRPC code as the specification spells it, and with it every other language: NOT_FOUND, where Go alone says
// NotFound.
func CodeName(number codes.Code) string { return code.Code(number).String() }

// Durations is a histogram of how long something took, in seconds.
type Durations struct{ histogram *prometheus.HistogramVec }

// NewDurations registers a histogram of that name.
func NewDurations(registry prometheus.Registerer, name, help string, labels ...string) Durations {
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	registry.MustRegister(histogram)
	return Durations{histogram}
}

// Observe counts one, begun at start, with the context's trace as its exemplar if that trace is sampled.
func (d Durations) Observe(ctx context.Context, start time.Time, labels ...string) {
	observer := d.histogram.WithLabelValues(labels...)
	seconds := time.Since(start).Seconds()
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		observer.(prometheus.ExemplarObserver).ObserveWithExemplar(seconds,
			prometheus.Labels{"trace_id": span.TraceID().String(), "span_id": span.SpanID().String()})
		return
	}
	observer.Observe(seconds)
}
