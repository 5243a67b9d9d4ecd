package dependency

import (
	"context"
	"path"
	"slices"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// hedgeRate is the share of the calls in flight that may be hedges: where everything is slow, twice the calls would only
// make it slower.
const hedgeRate = 0.2

// hedged starts a second attempt at a read that is slow to answer, and takes the answer that comes first. gRPC for Go reads
// no hedging policy from a service config, hence this interceptor.
func hedged(config Config, m *Metrics) grpc.UnaryClientInterceptor {
	hedges := m.hedges.WithLabelValues(config.Name)
	policy := hedgepolicy.NewBuilderWithDelay[proto.Message](config.HedgeAfter).
		WithMaxHedges(1).
		WithBudget(budget.NewBuilder().WithMaxRate(hedgeRate).WithMinConcurrency(1).Build()).
		OnHedge(func(failsafe.ExecutionEvent[proto.Message]) { hedges.Inc() }).
		Build()
	return func(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		if !slices.Contains(config.Reads, path.Base(method)) {
			return invoke(ctx, method, request, reply, connection, options...)
		}
		answer, err := failsafe.With(policy).WithContext(ctx).
			GetWithExecution(func(execution failsafe.Execution[proto.Message]) (proto.Message, error) {
				// Each attempt fills a message of its own: the loser may still be writing when the winner is read.
				attempt := reply.(proto.Message).ProtoReflect().New().Interface()
				return attempt, invoke(execution.Context(), method, request, attempt, connection, options...)
			})
		if err == nil {
			proto.Merge(reply.(proto.Message), answer)
		}
		return err
	}
}
