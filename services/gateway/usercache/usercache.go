// Package usercache keeps looked-up users in Redis for a while. A cache that fails costs time, never an answer.
package usercache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/internal/dependency"
)

// patience is how long the cache may take: asking users anew takes little longer.
const patience = 50 * time.Millisecond

// Users answers GetUser from Redis where it can.
type Users struct {
	usersv1.UserServiceClient
	redis   *redis.Client
	breaker failsafe.Executor[any]
	ttl     time.Duration
}

// New returns users behind a cache at address (host:port). A user's changes show after ttl at the latest.
func New(users usersv1.UserServiceClient, address, password string, ttl time.Duration, breaker failsafe.Executor[any]) *Users {
	redis.SetLogger(logger{})
	return &Users{UserServiceClient: users, ttl: ttl, breaker: breaker, redis: redis.NewClient(&redis.Options{
		Addr: address, Password: password, MaxRetries: -1, DialerRetries: 1, // no second attempt
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
		ContextTimeoutEnabled: true,
	})}
}

// Failed says whether an error of Redis counts against it.
func Failed(err error) bool {
	return err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, context.Canceled)
}

// Close closes the connections.
func (u *Users) Close() error { return u.redis.Close() }

// GetUser returns the cached user, or asks and remembers the answer. Errors are not remembered.
func (u *Users) GetUser(ctx context.Context, request *usersv1.GetUserRequest, options ...grpc.CallOption) (*usersv1.GetUserResponse, error) {
	key := "gateway:user:" + request.GetId()
	if cached := u.read(ctx, key); cached != nil {
		return cached, nil
	}
	response, err := u.UserServiceClient.GetUser(ctx, request, options...)
	if err == nil {
		u.write(ctx, key, response)
	}
	return response, err
}

func (u *Users) read(ctx context.Context, key string) *usersv1.GetUserResponse {
	response := &usersv1.GetUserResponse{}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := u.breaker.Run(func() error {
		value, err := u.redis.Get(ctx, key).Bytes()
		if err != nil {
			return err
		}
		return proto.Unmarshal(value, response)
	})
	switch {
	case err == nil:
		return response
	case Failed(err) && !errors.Is(err, dependency.ErrOpen):
		slog.WarnContext(ctx, "the cache can't be read", "error", err.Error())
	}
	return nil
}

func (u *Users) write(ctx context.Context, key string, response *usersv1.GetUserResponse) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	value, err := proto.Marshal(response)
	if err == nil {
		err = u.breaker.Run(func() error { return u.redis.Set(ctx, key, value, u.ttl).Err() })
	}
	if Failed(err) && !errors.Is(err, dependency.ErrOpen) {
		slog.WarnContext(ctx, "the cache can't be written", "error", err.Error())
	}
}

// logger brings the client's own lines into the service's log.
type logger struct{}

func (logger) Printf(ctx context.Context, format string, values ...any) {
	slog.DebugContext(ctx, fmt.Sprintf(format, values...))
}
