// Package tracing sets OpenTelemetry up from its standard OTEL_* variables.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"polyglot/services/internal/environment"
)

// Exporter says where spans go.
type Exporter struct {
	// On is false where spans are made, for the ids in logs and metrics, and sent nowhere.
	On bool
	// Protocol is grpc or http/protobuf.
	Protocol string
}

// ReadExporter reads whether and how spans are sent. http/protobuf is the default that the OpenTelemetry specification asks for:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specify-protocol
func ReadExporter(env *environment.Reader) Exporter {
	of := func(what string) string {
		if traces := "OTEL_EXPORTER_OTLP_TRACES_" + what; env.Optional(traces, "") != "" {
			return traces
		}
		return "OTEL_EXPORTER_OTLP_" + what
	}
	return Exporter{
		On:       env.Optional(of("ENDPOINT"), "") != "" && env.Optional("OTEL_TRACES_EXPORTER", "") != "none",
		Protocol: env.OneOf(of("PROTOCOL"), "http/protobuf", "http/protobuf", "grpc"),
	}
}

// Start installs the propagator and the tracer provider, and returns what sends the remaining spans at the end.
//
// Without an exporter spans are made all the same, so that logs and metrics carry trace ids. The sampler, the batches and the
// exporter's endpoint, headers and certificates come from the OTEL_* variables that the SDK reads itself.
func Start(ctx context.Context, service string, exporter Exporter) (stop func(context.Context) error, err error) {
	otel.SetTextMapPropagator(Propagator())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("OpenTelemetry", "error", err.Error()) }))
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return func(context.Context) error { return nil }, nil
	}
	// A later detector wins: OTEL_SERVICE_NAME over the service's own name.
	described, err := resource.New(ctx,
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", service)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe the service for OpenTelemetry: %w", err)
	}
	options := []trace.TracerProviderOption{trace.WithResource(described)}
	if exporter.On {
		sends, err := exporter.open(ctx)
		if err != nil {
			return nil, fmt.Errorf("make the OTLP exporter: %w", err)
		}
		options = append(options, trace.WithBatcher(sends))
	}
	provider := trace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

func (e Exporter) open(ctx context.Context) (trace.SpanExporter, error) {
	if e.Protocol == "grpc" {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}
