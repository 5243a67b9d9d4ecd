package tracing

import (
	"context"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

// Propagator accepts W3C trace context and B3 (single header or several), and passes on W3C trace context and baggage.
// Where a request has both, W3C counts. The standard variable OTEL_PROPAGATORS overrides all of this.
func Propagator() propagation.TextMapPropagator {
	// The last one that finds a trace wins, hence W3C after B3.
	return autoprop.NewTextMapPropagator(acceptedOnly{b3.New()}, propagation.TraceContext{}, propagation.Baggage{})
}

// acceptedOnly reads a format and never writes it.
type acceptedOnly struct{ propagation.TextMapPropagator }

func (acceptedOnly) Inject(context.Context, propagation.TextMapCarrier) {}
