package dependency

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/standin"
)

type getUser = func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error)

var someone = &usersv1.GetUserResponse{User: &usersv1.User{Id: "u1", Email: "a@example.com"}}

func dial(t *testing.T, answer getUser, change func(*Config)) (usersv1.UserServiceClient, *Metrics) {
	t.Helper()
	config := Config{
		Name: "users", Address: standin.Serve(t, &standin.Services{GetUser: answer}),
		Service: usersv1.UserService_ServiceDesc.ServiceName,
		Timeout: 2 * time.Second, HedgeAfter: time.Minute, BreakerDelay: 100 * time.Millisecond,
	}
	if change != nil {
		change(&config)
	}
	m := NewMetrics(prometheus.NewRegistry())
	connection, err := Dial(config, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return usersv1.NewUserServiceClient(connection), m
}

func get(ctx context.Context, client usersv1.UserServiceClient) error {
	_, err := client.GetUser(ctx, &usersv1.GetUserRequest{Id: "u1"})
	return err
}

func TestEachCallHasADeadlineThatTheOtherSideLearns(t *testing.T) {
	left := make(chan time.Duration, 1)
	client, _ := dial(t, func(ctx context.Context, _ *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Error("the call has no deadline")
		}
		left <- time.Until(deadline)
		return someone, nil
	}, nil)
	if err := get(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got > 2*time.Second || got < time.Second {
		t.Errorf("the other side has %v left, not about the 2 s that are set", got)
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := get(short, client); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got > 500*time.Millisecond {
		t.Errorf("the other side has %v left: more than its caller's caller", got)
	}
}

func TestACallThatTakesTooLongEndsWithDeadlineExceeded(t *testing.T) {
	client, _ := dial(t, func(ctx context.Context, _ *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(c *Config) {
		c.Timeout, c.Reads, c.HedgeAfter = 50*time.Millisecond, []string{"GetUser"}, 10*time.Millisecond
	})
	if err := get(t.Context(), client); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("the error is %v", err)
	}
}

func TestACallThatAServerRefusesOrGivesUpWhileItDrainsIsTriedAgain(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.Canceled} {
		var attempts atomic.Int32
		client, _ := dial(t, func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
			if attempts.Add(1) < 3 {
				return nil, status.Error(code, "draining")
			}
			return someone, nil
		}, nil)
		if err := get(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if attempts.Load() != 3 {
			t.Errorf("%v: there were %d attempts", code, attempts.Load())
		}
	}
}

func TestASlowReadIsHedgedAndTheFirstAnswerTaken(t *testing.T) {
	var attempts atomic.Int32
	abandoned := make(chan struct{})
	client, m := dial(t, func(ctx context.Context, _ *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		if attempts.Add(1) == 1 {
			<-ctx.Done() // this replica hangs
			close(abandoned)
			return nil, ctx.Err()
		}
		return someone, nil
	}, func(c *Config) { c.Reads, c.HedgeAfter = []string{"GetUser"}, 20*time.Millisecond })
	response, err := client.GetUser(t.Context(), &usersv1.GetUserRequest{Id: "u1"})
	if err != nil || response.GetUser().GetEmail() != "a@example.com" {
		t.Fatalf("the answer is %v, %v", response, err)
	}
	select {
	case <-abandoned:
	case <-time.After(time.Second):
		t.Error("the slow attempt was not given up")
	}
	if hedges := testutil.ToFloat64(m.hedges.WithLabelValues("users")); hedges != 1 {
		t.Errorf("%v hedges were counted", hedges)
	}
}

func TestWhatIsNotAReadIsNeverHedged(t *testing.T) {
	var attempts atomic.Int32
	client, _ := dial(t, func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		attempts.Add(1)
		time.Sleep(60 * time.Millisecond) // a slow answer is what is tested
		return someone, nil
	}, func(c *Config) { c.HedgeAfter = 10 * time.Millisecond })
	if err := get(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if attempts.Load() != 1 {
		t.Errorf("there were %d attempts at a method that is not listed as a read", attempts.Load())
	}
}

func TestTheBreakerOpensAndRecovers(t *testing.T) {
	var down atomic.Bool
	var attempts atomic.Int32
	client, m := dial(t, func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
		attempts.Add(1)
		if down.Load() {
			return nil, status.Error(codes.Internal, "down")
		}
		return someone, nil
	}, nil)
	down.Store(true)
	var err error
	for range 2 * breakerCalls {
		err = get(t.Context(), client)
	}
	if !errors.Is(err, ErrOpen) || status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "users") {
		t.Fatalf("after %d failures the error is %v", 2*breakerCalls, err)
	}
	if got := testutil.ToFloat64(m.open.WithLabelValues("users")); got != 1 {
		t.Errorf("circuit_breaker_open is %v", got)
	}
	tried := attempts.Load()
	if err := get(t.Context(), client); !errors.Is(err, ErrOpen) || attempts.Load() != tried {
		t.Errorf("an open breaker let a call through: %v", err)
	}

	down.Store(false)
	waitFor(t, "the breaker closes", func() bool {
		_ = get(t.Context(), client)
		return testutil.ToFloat64(m.open.WithLabelValues("users")) == 0
	})
	if err := get(t.Context(), client); err != nil {
		t.Errorf("a recovered dependency is refused: %v", err)
	}
}

func TestAnswersSuchAsNotFoundKeepTheBreakerClosed(t *testing.T) {
	for _, code := range []codes.Code{codes.NotFound, codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition} {
		client, _ := dial(t, func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
			return nil, status.Error(code, "no")
		}, nil)
		for range 3 * breakerCalls {
			if err := get(t.Context(), client); status.Code(err) != code {
				t.Fatalf("%v became %v", code, err)
			}
		}
	}
}

func TestACallerThatGoesAwayKeepsTheBreakerClosed(t *testing.T) {
	if Failed(status.Error(codes.Canceled, "gone")) || Failed(context.Canceled) {
		t.Error("a cancelled call counts against the dependency")
	}
	if !Failed(context.DeadlineExceeded) {
		t.Error("a call without an answer in time doesn't count")
	}
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within 5 s: %s", what)
}
