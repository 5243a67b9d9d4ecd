package metrics

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"polyglot/services/internal/conformance"
)

func TestBucketsAreThoseOfEveryLanguage(t *testing.T) {
	if shared := conformance.ReadTelemetry(t).Buckets; !slices.Equal(buckets, shared) {
		t.Errorf("the buckets are %v, not %v", buckets, shared)
	}
}

func TestCodesAreSpelledAsInEveryLanguage(t *testing.T) {
	for number, name := range conformance.ReadTelemetry(t).Codes {
		if got := CodeName(codes.Code(number)); got != name {
			t.Errorf("%d is %s, not %s", number, got, name)
		}
	}
}
