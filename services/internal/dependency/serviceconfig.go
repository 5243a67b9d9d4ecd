package dependency

import (
	"encoding/json"
	"fmt"
	"time"
)

// serviceConfig asks gRPC for a deadline and for up to 3 attempts at every call that the other side never took on, or that it
// refused while draining: UNAVAILABLE, or CANCELLED, with which gRPC's C core (Python) answers calls that had arrived and not
// begun. Every method that is called here may be repeated: reads change nothing, and CreateOrder has its
// idempotency key. Retries stop while calls go on failing (retryThrottling): each failure takes a token, and below half of
// them nothing is repeated. One replica's end fails as many calls as are under way with it, so there are tokens for those.
//
// Client-side health checks are left out on purpose: behind a virtual IP there is one connection, and a server that drains
// would block it instead of making way by its GOAWAY.
// Format: https://github.com/grpc/grpc/blob/master/doc/service_config.md
func serviceConfig(config Config) string {
	type object = map[string]any
	text, err := json.Marshal(object{
		"loadBalancingConfig": []object{{"round_robin": object{}}},
		"methodConfig": []object{{
			"name":    []object{{"service": config.Service}},
			"timeout": seconds(config.Timeout),
			"retryPolicy": object{
				"maxAttempts":          3,
				"initialBackoff":       "0.05s",
				"maxBackoff":           "0.5s",
				"backoffMultiplier":    2,
				"retryableStatusCodes": []string{"UNAVAILABLE", "CANCELLED"},
			},
		}},
		"retryThrottling": object{"maxTokens": 100, "tokenRatio": 0.1},
	})
	if err != nil {
		panic(err) // only text and numbers in there
	}
	return string(text)
}

func seconds(duration time.Duration) string {
	return fmt.Sprintf("%.9fs", duration.Seconds())
}
