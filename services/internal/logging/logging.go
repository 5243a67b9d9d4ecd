// Package logging writes JSON log lines that carry the trace they belong to.
package logging

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// New returns a logger of lines with time, level, msg, service and, where the context has a span, trace_id and span_id.
// An unknown level counts as info.
func New(out io.Writer, service, level string) *slog.Logger {
	var minimum slog.Level
	if minimum.UnmarshalText([]byte(level)) != nil {
		minimum = slog.LevelInfo
	}
	return slog.New(traced{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: minimum})}).With("service", service)
}

// traced adds the ids of the context's span to each line.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traced{h.Handler.WithAttrs(attrs)}
}

func (h traced) WithGroup(name string) slog.Handler {
	return traced{h.Handler.WithGroup(name)}
}
