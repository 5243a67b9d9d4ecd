// Package environment reads a service's settings from environment variables, and reports all that are wrong at once.
package environment

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Reader reads variables and remembers each one that is missing or malformed. Values are never repeated in its errors,
// because some of them are secrets.
type Reader struct {
	lookup    func(string) (string, bool)
	missing   []string
	malformed []string
}

// NewReader returns a reader on top of lookup, which is os.LookupEnv in production.
func NewReader(lookup func(string) (string, bool)) *Reader {
	return &Reader{lookup: lookup}
}

// Required returns the variable's value. An unset or empty variable becomes part of Err.
func (r *Reader) Required(name string) string {
	value, ok := r.lookup(name)
	if !ok || value == "" {
		r.missing = append(r.missing, name)
	}
	return value
}

// Optional returns the variable's value, or fallback where it is unset or empty.
func (r *Reader) Optional(name, fallback string) string {
	if value, ok := r.lookup(name); ok && value != "" {
		return value
	}
	return fallback
}

// Port returns a TCP port; 0 asks for any free one.
func (r *Reader) Port(name string, fallback int) int {
	return parse(r, name, fallback, "a port from 0 to 65535", func(text string) (int, bool) {
		port, err := strconv.ParseUint(text, 10, 16)
		return int(port), err == nil
	})
}

// Number returns a whole number of 1 or more.
func (r *Reader) Number(name string, fallback int) int {
	return parse(r, name, fallback, "a whole number of 1 or more", func(text string) (int, bool) {
		number, err := strconv.Atoi(text)
		return number, err == nil && number >= 1
	})
}

// Duration returns a positive duration such as 300ms, 5s or 72h.
func (r *Reader) Duration(name string, fallback time.Duration) time.Duration {
	return parse(r, name, fallback, "a positive duration such as 300ms, 5s or 72h", func(text string) (time.Duration, bool) {
		duration, err := time.ParseDuration(text)
		return duration, err == nil && duration > 0
	})
}

// OneOf returns one of the allowed values, in lower case.
func (r *Reader) OneOf(name, fallback string, allowed ...string) string {
	return parse(r, name, fallback, "one of "+strings.Join(allowed, ", "), func(text string) (string, bool) {
		for _, value := range allowed {
			if strings.EqualFold(text, value) {
				return value, true
			}
		}
		return "", false
	})
}

func parse[T any](r *Reader, name string, fallback T, expected string, convert func(string) (T, bool)) T {
	text := r.Optional(name, "")
	if text == "" {
		return fallback
	}
	value, ok := convert(text)
	if !ok {
		r.malformed = append(r.malformed, fmt.Sprintf("%s must be %s", name, expected))
		return fallback
	}
	return value
}

// Err returns one error that names every missing and every malformed variable, or nil.
func (r *Reader) Err() error {
	var problems []string
	if len(r.missing) > 0 {
		problems = append(problems, "missing environment variables: "+strings.Join(r.missing, ", "))
	}
	problems = append(problems, r.malformed...)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the service can't start: %s", strings.Join(problems, "; "))
}
