package tracing

import (
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"polyglot/services/internal/conformance"
	"polyglot/services/internal/environment"
)

func TestTheFormatsOfEveryLanguageAreReadFromHTTPsHeadersAndW3CAloneIsWritten(t *testing.T) {
	for _, vector := range conformance.ReadVectors(t) {
		t.Run(vector.Name, func(t *testing.T) {
			incoming := http.Header{}
			for name, value := range vector.Headers {
				incoming.Set(name, value)
			}
			ctx := Propagator().Extract(t.Context(), propagation.HeaderCarrier(incoming))
			ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(ctx, "work")
			defer span.End()
			outgoing := propagation.MapCarrier{}
			Propagator().Inject(ctx, outgoing)
			vector.CheckOutgoing(t, outgoing)
		})
	}
}

func TestSpansAreSentWhereTheStandardVariablesSayAndNowhereWithoutThem(t *testing.T) {
	for name, test := range map[string]struct {
		variables map[string]string
		expected  Exporter
	}{
		"nothing":         {nil, Exporter{false, "http/protobuf"}},
		"an endpoint":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, Exporter{true, "http/protobuf"}},
		"one for traces":  {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, Exporter{true, "http/protobuf"}},
		"over gRPC":       {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "GRPC"}, Exporter{true, "grpc"}},
		"traces' own":     {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, Exporter{false, "grpc"}},
		"exporter none":   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, Exporter{false, "http/protobuf"}},
		"empty variables": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_PROTOCOL": ""}, Exporter{false, "http/protobuf"}},
	} {
		env := environment.NewReader(func(name string) (string, bool) { value, ok := test.variables[name]; return value, ok })
		if got := ReadExporter(env); got != test.expected || env.Err() != nil {
			t.Errorf("%s: %+v, %v", name, got, env.Err())
		}
	}
}
