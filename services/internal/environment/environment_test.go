package environment

import (
	"strings"
	"testing"
	"time"

	"polyglot/services/internal/conformance"
)

func reader(variables map[string]string) *Reader {
	return NewReader(func(name string) (string, bool) { value, ok := variables[name]; return value, ok })
}

func TestOneErrorNamesEveryMissingAndMalformedVariableAndNoValue(t *testing.T) {
	env := reader(map[string]string{"EMPTY": "", "WAIT": "secret-1", "PORT": "70000", "LEVEL": "loud", "COUNT": "0"})
	env.Required("GONE")
	env.Required("EMPTY")
	env.Duration("WAIT", time.Second)
	env.Port("PORT", 1)
	env.OneOf("LEVEL", "info", "info", "debug")
	env.Number("COUNT", 1)
	message := env.Err().Error()
	for _, part := range []string{"missing environment variables: GONE, EMPTY", "WAIT must be", "PORT must be", "LEVEL must be one of info, debug", "COUNT must be"} {
		if !strings.Contains(message, part) {
			t.Errorf("%q is not in %q", part, message)
		}
	}
	if strings.Contains(message, "secret-1") {
		t.Errorf("a value, which may be a secret, is in %q", message)
	}
}

func TestDurationsAreWrittenAsInEveryLanguage(t *testing.T) {
	shared := conformance.ReadSettings(t)
	for text, seconds := range shared.Durations {
		env := reader(map[string]string{"WAIT": text})
		if got := env.Duration("WAIT", time.Nanosecond); got.Seconds() != seconds || env.Err() != nil {
			t.Errorf("%q is %v, %v", text, got, env.Err())
		}
	}
	for _, text := range shared.NoDurations {
		env := reader(map[string]string{"WAIT": text})
		if got := env.Duration("WAIT", time.Nanosecond); env.Err() == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestAVariableCountsOverItsDefault(t *testing.T) {
	env := reader(map[string]string{"WAIT": "72h", "PORT": "0", "LEVEL": "DEBUG"})
	if got := env.Duration("WAIT", time.Second); got != 72*time.Hour {
		t.Errorf("WAIT is %v", got)
	}
	if got := env.Port("PORT", 1); got != 0 {
		t.Errorf("PORT is %v", got)
	}
	if got := env.OneOf("LEVEL", "info", "info", "debug"); got != "debug" {
		t.Errorf("LEVEL is %v", got)
	}
	if got := env.Number("COUNT", 8); got != 8 {
		t.Errorf("COUNT is %v, not its default", got)
	}
	if err := env.Err(); err != nil {
		t.Error(err)
	}
}
