// Package claims carries the claims of a request's JSON Web Token from the edge to every service behind it.
//
// The edge (the mesh's gateway) verifies the token and forwards it in the Authorization header; nothing here verifies it
// again. Only the token's payload travels on, as the metadata x-jwt-payload in base64url, the form that Istio gives it as
// well: a service behind the edge can read who asks, and can't use the token itself anywhere else.
package claims

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"google.golang.org/grpc/metadata"
)

// Key is the metadata key of the payload.
const Key = "x-jwt-payload"

// ErrMalformed says that an Authorization header is not a bearer token with a JSON payload.
var ErrMalformed = errors.New("the Authorization header is not a bearer JSON Web Token")

// FromHeader returns the payload of the token in an Authorization header, still encoded. No header, no payload.
func FromHeader(authorization string) (string, error) {
	if authorization == "" {
		return "", nil
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	parts := strings.Split(token, ".")
	if !strings.EqualFold(scheme, "Bearer") || len(parts) != 3 {
		return "", ErrMalformed
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var object map[string]json.RawMessage
	if err != nil || json.Unmarshal(payload, &object) != nil || object == nil {
		return "", ErrMalformed
	}
	return parts[1], nil
}

// WithPayload returns a context whose gRPC calls carry the payload.
func WithPayload(ctx context.Context, payload string) context.Context {
	if payload == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, Key, payload)
}

// PassOn returns a context whose gRPC calls carry the payload that came in with this call.
func PassOn(ctx context.Context) context.Context {
	if values := metadata.ValueFromIncomingContext(ctx, Key); len(values) == 1 {
		return WithPayload(ctx, values[0])
	}
	return ctx
}
