package edge

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"polyglot/services/internal/claims"
	"polyglot/services/internal/metrics"
)

// observed measures and logs each request, and names its span after its route.
func observed(durations metrics.Durations, next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		start := time.Now()
		recorder := &recorder{ResponseWriter: response, code: http.StatusOK}
		route := ""
		next.ServeHTTP(recorder, request.WithContext(context.WithValue(request.Context(), routeKey{}, &route)))
		if route == "" {
			route = "none" // never the path: each one would be a time series of its own
		}
		ctx := request.Context()
		span := trace.SpanFromContext(ctx)
		span.SetName(method(request) + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
		durations.Observe(ctx, start, method(request), route, strconv.Itoa(recorder.code))
		level := slog.LevelInfo
		if recorder.code >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		slog.Log(ctx, level, "request answered", "method", method(request), "route", route, "path", request.URL.Path,
			"code", recorder.code, "seconds", time.Since(start).Seconds())
	})
}

// unmatched forgets that the outer mux has matched "/": otelhttp would call the answered request's span after that, and
// all routes would share one name.
func unmatched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		inner := request.WithContext(request.Context())
		inner.Pattern = ""
		next.ServeHTTP(response, inner)
	})
}

// method returns the request's method, or OTHER for one that nobody defined: clients must not make up label values.
func method(request *http.Request) string {
	switch request.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return request.Method
	default:
		return "OTHER"
	}
}

type routeKey struct{}

// routed tells observed which route the mux has chosen: the mux says it only to the request that it was given.
func routed(api http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		api.ServeHTTP(response, request)
		if route, ok := request.Context().Value(routeKey{}).(*string); ok {
			_, *route, _ = strings.Cut(request.Pattern, " ")
		}
	})
}

// recovered turns a panic into an answer.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				slog.ErrorContext(request.Context(), "panic", "error", fmt.Sprintf("%v\n%s", cause, debug.Stack()))
				writeProblem(response, request, http.StatusInternalServerError, "")
			}
		}()
		next.ServeHTTP(response, request)
	})
}

// limited gives the request its deadline, which every call made for it inherits.
func (e *Edge) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), e.Timeout)
		defer cancel()
		next.ServeHTTP(response, request.WithContext(ctx))
	})
}

// claimed hands the claims of the request's token on to every call made for it.
func claimed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		payload, err := claims.FromHeader(request.Header.Get("Authorization"))
		if err != nil {
			response.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			writeProblem(response, request, http.StatusUnauthorized, err.Error())
			return
		}
		next.ServeHTTP(response, request.WithContext(claims.WithPayload(request.Context(), payload)))
	})
}

type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}
