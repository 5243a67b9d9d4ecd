package main

import (
	"os"
	"strings"
	"testing"

	"polyglot/services/internal/environment"
)

func TestThePlatformGivesEverySettingThatIsRequired(t *testing.T) {
	golden, err := os.ReadFile("../../tests/golden/local/gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	env := environment.NewReader(func(name string) (string, bool) {
		return "any", strings.Contains(string(golden), "- name: "+name+"\n")
	})
	readSettings(env)
	// Only names are compared here, so malformed values ("any" is no duration) don't count.
	if err := env.Err(); err != nil && strings.Contains(err.Error(), "missing") {
		t.Error(err)
	}
}

func TestDefaultsAreThePortsOfTheCatalogue(t *testing.T) {
	s := readSettings(environment.NewReader(func(string) (string, bool) { return "", false }))
	if s.httpPort != 8080 {
		t.Errorf("the port is %d", s.httpPort)
	}
}
