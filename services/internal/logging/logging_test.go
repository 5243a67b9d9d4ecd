package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"polyglot/services/internal/conformance"
)

func TestLinesHaveTheFormOfEveryLanguage(t *testing.T) {
	var output bytes.Buffer
	logger := New(&output, "sample", "debug").With("component", "x").WithGroup("inner")
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		logger.Log(t.Context(), level, "said", "level", "the group's own", "error", errors.New("no"))
	}
	var levels []any
	for line := range bytes.Lines(output.Bytes()) {
		var decoded map[string]any
		if err := json.Unmarshal(line, &decoded); err != nil {
			t.Fatal(err)
		}
		conformance.CheckLine(t, decoded)
		if inner, _ := decoded["inner"].(map[string]any); inner["level"] != "the group's own" {
			t.Errorf("a group's field of that name was changed: %s", line)
		}
		levels = append(levels, decoded["level"])
	}
	shared := conformance.ReadTelemetry(t).Log.Levels
	for index, level := range levels {
		if level != shared[index] {
			t.Errorf("the levels are %v, not %v", levels, shared)
		}
	}
	if len(levels) != len(shared) {
		t.Errorf("the levels are %v", levels)
	}
}
