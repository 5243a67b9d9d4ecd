package edge

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// statusClientClosedRequest is what proxies log for a client that has gone; nobody receives it.
const statusClientClosedRequest = 499

// httpStatus maps gRPC codes to HTTP as google.rpc.Code does:
// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
var httpStatus = map[codes.Code]int{
	codes.OK:                 http.StatusOK,
	codes.Canceled:           statusClientClosedRequest,
	codes.Unknown:            http.StatusInternalServerError,
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.DeadlineExceeded:   http.StatusGatewayTimeout,
	codes.NotFound:           http.StatusNotFound,
	codes.AlreadyExists:      http.StatusConflict,
	codes.PermissionDenied:   http.StatusForbidden,
	codes.ResourceExhausted:  http.StatusTooManyRequests,
	codes.FailedPrecondition: http.StatusBadRequest,
	codes.Aborted:            http.StatusConflict,
	codes.OutOfRange:         http.StatusBadRequest,
	codes.Unimplemented:      http.StatusNotImplemented,
	codes.Internal:           http.StatusInternalServerError,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.DataLoss:           http.StatusInternalServerError,
	codes.Unauthenticated:    http.StatusUnauthorized,
}

// problem is an error's body: https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail,omitempty"`
	TraceID string `json:"traceId,omitempty"`
}

func writeProblem(response http.ResponseWriter, request *http.Request, code int, detail string) {
	title := http.StatusText(code)
	if code == statusClientClosedRequest {
		title = "Client Closed Request"
	}
	body := problem{Title: title, Status: code, Detail: detail}
	if span := trace.SpanContextFromContext(request.Context()); span.IsValid() {
		body.TraceID = span.TraceID().String()
	}
	if code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests {
		response.Header().Set("Retry-After", "1") // seconds
	}
	response.Header().Set("Content-Type", "application/problem+json")
	writeJSON(response, request, code, body)
}

// writeFailure answers with a dependency's error. The caller reads the message of an error of its own; what went wrong inside
// stands in the log, under the trace id.
func writeFailure(response http.ResponseWriter, request *http.Request, err error) {
	code, ok := httpStatus[status.Code(err)]
	if !ok {
		code = http.StatusInternalServerError
	}
	detail := ""
	if code < statusClientClosedRequest {
		detail = status.Convert(err).Message()
	} else {
		slog.WarnContext(request.Context(), "a dependency failed", "error", err.Error())
	}
	writeProblem(response, request, code, detail)
}

func writeJSON(response http.ResponseWriter, request *http.Request, code int, body any) {
	if response.Header().Get("Content-Type") == "" {
		response.Header().Set("Content-Type", "application/json")
	}
	response.WriteHeader(code)
	if err := json.NewEncoder(response).Encode(body); err != nil {
		slog.DebugContext(request.Context(), "the client has gone", "error", err.Error())
	}
}
