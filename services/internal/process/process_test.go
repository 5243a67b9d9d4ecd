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
		return func(ctx context.Context, _ *prometheus.Registry, metrics lifecycle.Server) error {
			return lifecycle.Run(ctx, func() {}, metrics)
		}
	})
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
	if text := fmt.Sprint(line["msg"]); !strings.Contains(text, "SAMPLE_DB_HOST, SAMPLE_DB_PASSWORD") || line["level"] != "ERROR" || line["service"] != "sample" {
		t.Errorf("the line is %v", line)
	}
}

func TestSIGTERMEndsItCleanlyWithExitCode0(t *testing.T) {
	command := sample(t, "SAMPLE_DB_HOST=h", "SAMPLE_DB_PASSWORD=p")
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
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	if err := command.Wait(); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("it ended with %v after %v", err, time.Since(begin))
	}
	if decode(t, []byte(last))["msg"] != "stopped" {
		t.Errorf("its last line is %s", last)
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
