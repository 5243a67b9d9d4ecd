// Package logging writes JSON log lines that carry the trace they belong to.
package logging

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// timeFormat is RFC 3339 in milliseconds; the time is UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

// New returns a logger of lines with time, level, msg, service and, where the context has a span, trace_id and span_id: the
// fields and forms that every language's services have in common (docs/services.md). An unknown level counts as info.
func New(out io.Writer, service, level string) *slog.Logger {
	var minimum slog.Level
	if minimum.UnmarshalText([]byte(level)) != nil {
		minimum = slog.LevelInfo
	}
	return slog.New(traced{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: minimum, ReplaceAttr: common})}).With("service", service)
}

// common gives the time and the level the form that they have in every language.
func common(groups []string, attr slog.Attr) slog.Attr {
	switch {
	case len(groups) > 0:
	case attr.Key == slog.TimeKey && attr.Value.Kind() == slog.KindTime:
		attr.Value = slog.StringValue(attr.Value.Time().UTC().Format(timeFormat))
	case attr.Key == slog.LevelKey:
		attr.Value = slog.StringValue(strings.ToLower(attr.Value.String()))
	}
	return attr
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
