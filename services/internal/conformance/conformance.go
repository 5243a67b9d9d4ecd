// Package conformance reads what the services of every language have in common, from services/testdata, for tests: each
// language's tests compare with the same files.
package conformance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
)

// Metric is a metric's description.
type Metric struct {
	Help   string
	Labels []string
}

// Line is a kind of line in the log.
type Line struct {
	Msg    string
	Fields []string
}

// Telemetry is what metrics and logs look like.
type Telemetry struct {
	// Buckets are upper bounds in seconds.
	Buckets []float64
	// Codes are gRPC's, in the order of their numbers.
	Codes []string
	// Faults are the codes that are the server's own fault.
	Faults  []string
	Metrics map[string]Metric
	Log     struct {
		Fields, Trace, Levels, Life []string
		Time                        string
		Call, Request               Line
	}
}

// ReadTelemetry returns telemetry.json.
func ReadTelemetry(t *testing.T) Telemetry {
	t.Helper()
	return read[Telemetry](t, "telemetry.json")
}

// Vector is what a caller sends, and what a service makes of it.
type Vector struct {
	Name     string
	Headers  map[string]string
	TraceID  string `json:"trace_id"`
	ParentID string `json:"parent_id"`
	Sampled  bool
	Baggage  map[string]string
}

// ReadVectors returns propagation.json.
func ReadVectors(t *testing.T) []Vector {
	t.Helper()
	return read[struct{ Vectors []Vector }](t, "propagation.json").Vectors
}

// CheckOutgoing reports whatever is wrong with the headers of a call made on behalf of the vector's caller: the trace goes on, in
// another span, as W3C trace context and in no other format, and the baggage with it.
func (v Vector) CheckOutgoing(t *testing.T, headers map[string]string) {
	t.Helper()
	flags := map[bool]string{true: "01", false: "00"}[v.Sampled]
	parts := strings.Split(headers["traceparent"], "-")
	if len(parts) != 4 || parts[1] != v.TraceID || parts[2] == v.ParentID || parts[3] != flags {
		t.Errorf("the traceparent is %q", headers["traceparent"])
	}
	bag, err := baggage.Parse(headers["baggage"])
	if err != nil || bag.Len() != len(v.Baggage) {
		t.Errorf("the baggage is %q, %v", headers["baggage"], err)
	}
	for key, value := range v.Baggage {
		if got := bag.Member(key).Value(); got != value {
			t.Errorf("the baggage's %s is %q", key, got)
		}
	}
	for name := range headers {
		if lower := strings.ToLower(name); lower == "b3" || strings.HasPrefix(lower, "x-b3-") {
			t.Errorf("%s goes out as well", name)
		}
	}
}

// Settings says how settings are written.
type Settings struct {
	// Durations are texts and what they mean, in seconds.
	Durations   map[string]float64
	NoDurations []string `json:"no_durations"`
}

// ReadSettings returns settings.json.
func ReadSettings(t *testing.T) Settings {
	t.Helper()
	return read[Settings](t, "settings.json")
}

// CheckLine reports whatever keeps a line of the log from being one of every language's.
func CheckLine(t *testing.T, line map[string]any) {
	t.Helper()
	log := ReadTelemetry(t).Log
	for _, field := range log.Fields {
		if text, ok := line[field].(string); !ok || text == "" {
			t.Errorf("%s is missing in %v", field, line)
		}
	}
	if text, _ := line["time"].(string); !regexp.MustCompile(log.Time).MatchString(text) {
		t.Errorf("the time is %q, which is not in UTC and milliseconds", text)
	}
	for _, level := range log.Levels {
		if line["level"] == level {
			return
		}
	}
	t.Errorf("the level is %v, none of %v", line["level"], log.Levels)
}

func read[T any](t *testing.T, name string) T {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var found T
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return found
}
