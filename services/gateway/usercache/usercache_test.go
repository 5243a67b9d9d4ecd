package usercache

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
)

type source struct {
	usersv1.UserServiceClient
	calls int
	err   error
}

func (s *source) GetUser(_ context.Context, request *usersv1.GetUserRequest, _ ...grpc.CallOption) (*usersv1.GetUserResponse, error) {
	s.calls++
	if s.err != nil {
		return nil, s.err
	}
	return &usersv1.GetUserResponse{User: &usersv1.User{Id: request.GetId(), DisplayName: "Ada"}}, nil
}

func start(t *testing.T, password string) (*Users, *source, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	origin := &source{}
	calls := dependency.NewMetrics(prometheus.NewRegistry())
	users := New(origin, server.Addr(), password, time.Minute, dependency.NewBreaker("cache", calls, time.Minute, Failed))
	t.Cleanup(func() { _ = users.Close() })
	return users, origin, server
}

func get(t *testing.T, users *Users) {
	t.Helper()
	response, err := users.GetUser(t.Context(), &usersv1.GetUserRequest{Id: "u1"})
	expected := &usersv1.GetUserResponse{User: &usersv1.User{Id: "u1", DisplayName: "Ada"}}
	if err != nil || !proto.Equal(response, expected) {
		t.Fatalf("the answer is %v, %v", response, err)
	}
}

func TestAUserIsAskedForOnceUntilTheTimeIsUp(t *testing.T) {
	users, origin, server := start(t, "secret")
	get(t, users)
	origin.err = errors.New("users is down") // a known user is still shown
	get(t, users)
	if origin.calls != 1 {
		t.Errorf("users was asked %d times", origin.calls)
	}
	origin.err = nil
	server.FastForward(2 * time.Minute)
	get(t, users)
	if origin.calls != 2 {
		t.Errorf("users was asked %d times, though the first answer is too old", origin.calls)
	}
}

func TestAnErrorIsNotRemembered(t *testing.T) {
	users, origin, _ := start(t, "secret")
	origin.err = errors.New("down")
	if _, err := users.GetUser(t.Context(), &usersv1.GetUserRequest{Id: "u1"}); err == nil {
		t.Fatal("the error is lost")
	}
	origin.err = nil
	get(t, users)
}

func TestABrokenCacheCostsNoAnswer(t *testing.T) {
	for name, breakIt := range map[string]func(*miniredis.Miniredis){
		"down":    func(server *miniredis.Miniredis) { server.Close() },
		"garbage": func(server *miniredis.Miniredis) { _ = server.Set("gateway:user:u1", "\xff\xff") },
	} {
		t.Run(name, func(t *testing.T) {
			users, origin, server := start(t, "secret")
			breakIt(server)
			begin := time.Now()
			for range 20 {
				get(t, users)
			}
			if took := time.Since(begin); took > 20*patience {
				t.Errorf("20 requests took %v: the breaker should have opened", took)
			}
			if origin.calls == 0 {
				t.Error("users was never asked")
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		users, _, _ := start(t, "wrong")
		get(t, users)
	})
}
