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
)

// Start installs the propagator and the tracer provider, and returns what sends the remaining spans at the end.
//
// Spans are exported only where OTEL_EXPORTER_OTLP_ENDPOINT or its traces variant is set; without it they are made all
// the same, so that logs and metrics carry trace ids. The sampler, the batches and the exporter's headers and
// certificates come from the OTEL_* variables that the SDK reads itself.
func Start(ctx context.Context, service string) (stop func(context.Context) error, err error) {
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
	exporter, err := exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the OTLP exporter: %w", err)
	}
	if exporter != nil {
		options = append(options, trace.WithBatcher(exporter))
	}
	provider := trace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// exporter returns nil where none is asked for. http/protobuf is the default that the OpenTelemetry specification asks for:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specify-protocol
func exporter(ctx context.Context) (trace.SpanExporter, error) {
	endpoint := firstSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	if endpoint == "" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	switch protocol := firstSet("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: it must be grpc or http/protobuf", protocol)
	}
}

func firstSet(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}
