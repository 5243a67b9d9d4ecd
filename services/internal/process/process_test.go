package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"polyglot/services/internal/conformance"
	"polyglot/services/internal/environment"
	"polyglot/services/internal/lifecycle"
)

// TestMain lets the test program be a small service, so that signals and exit codes are the real ones.
func TestMain(m *testing.M) {
	if os.Getenv("BE_A_SERVICE") == "" {
		os.Exit(m.Run())
	}
	Main("sample", func(env *environment.Reader) Serve {
		env.Required("SAMPLE_DB_HOST")
		env.Required("SAMPLE_DB_PASSWORD")
		return func(_ context.Context, _ *prometheus.Registry, run Run) error {
			return run(func() {}, hanging)
		}
	})
}

// hanging never lets go of its requests: what ends it is the end of the drain.
var hanging = lifecycle.Server{
	Name:     "hanging",
	Serve:    func() error { return nil },
	Shutdown: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
}

func sample(t *testing.T, variables ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append([]string{"BE_A_SERVICE=1", "METRICS_PORT=0"}, variables...)
	return command
}

func TestMissingSettingsAreOneLineAndExitCode2(t *testing.T) {
	var output bytes.Buffer
	command := sample(t)
	command.Stdout = &output
	var exit *exec.ExitError
	if err := command.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("it ended with %v", err)
	}
	line := decode(t, output.Bytes())
	if text := fmt.Sprint(line["msg"]); !strings.Contains(text, "SAMPLE_DB_HOST, SAMPLE_DB_PASSWORD") || line["level"] != "error" || line["service"] != "sample" {
		t.Errorf("the line is %v", line)
	}
}

func TestAMalformedCommonSettingIsExitCode2Too(t *testing.T) {
	for variable, name := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/json":        "OTEL_EXPORTER_OTLP_PROTOCOL",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json": "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
		"DRAIN_TIMEOUT=15":                             "DRAIN_TIMEOUT",
		"LOG_LEVEL=loud":                               "LOG_LEVEL",
		"METRICS_PORT=-1":                              "METRICS_PORT",
	} {
		command := sample(t, "SAMPLE_DB_HOST=h", "SAMPLE_DB_PASSWORD=p", variable)
		output, err := command.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(fmt.Sprint(decode(t, output)["msg"]), name+" must be") {
			t.Errorf("%s: it ended with %v and said %s", variable, err, output)
		}
	}
}

func TestTheNameInTheLogIsTheOneInTheTraces(t *testing.T) {
	output, _ := sample(t, "OTEL_SERVICE_NAME=sample-canary").Output() // it lacks settings, and ends
	if line := decode(t, output); line["service"] != "sample-canary" {
		t.Errorf("the line is %v", line)
	}
}

func TestSIGTERMEndsItWithExitCode0AfterTheDrainThatTheEnvironmentAllows(t *testing.T) {
	const allowed = 300 * time.Millisecond
	command := sample(t, "SAMPLE_DB_HOST=h", "SAMPLE_DB_PASSWORD=p", "DRAIN_TIMEOUT="+allowed.String())
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	if !lines.Scan() {
		t.Fatal("it says nothing")
	}
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%v/metrics", decode(t, lines.Bytes())["port"]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.Contains(string(text), "go_goroutines") || !strings.Contains(string(text), "process_cpu_seconds_total") {
		t.Errorf("the metrics are %v %s", err, text)
	}
	begin := time.Now()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var said []any
	for lines.Scan() {
		line := decode(t, lines.Bytes())
		conformance.CheckLine(t, line)
		said = append(said, line["msg"])
	}
	if err := command.Wait(); err != nil || time.Since(begin) < allowed || time.Since(begin) > 5*time.Second {
		t.Errorf("it ended with %v after %v", err, time.Since(begin))
	}
	if fmt.Sprint(said) != "[draining requests were broken off stopped]" {
		t.Errorf("it said %v", said)
	}
}

func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var decoded map[string]any
	if err := json.Unmarshal(line, &decoded); err != nil {
		t.Fatalf("%q is not one line of JSON: %v", line, err)
	}
	return decoded
}
