// Package api is the gRPC service shop.orders.v1.OrderService.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/orders/outbox"
	"polyglot/services/orders/store"
)

const (
	maxItems  = 100
	maxLength = 255 // of ids and idempotency keys
)

// Orders is where orders are kept.
type Orders interface {
	Create(ctx context.Context, order *ordersv1.Order, key string, message outbox.Message) (*ordersv1.Order, error)
	FindByKey(ctx context.Context, userID, key string) (*ordersv1.Order, error)
	Get(ctx context.Context, id string) (*ordersv1.Order, error)
}

// Service implements OrderService.
type Service struct {
	ordersv1.UnimplementedOrderServiceServer
	Orders Orders
	Users  usersv1.UserServiceClient
	// Taken is called after each new order.
	Taken func()
}

// CreateOrder takes an order of an existing user. A repeated call returns the first one's order, even while users can't be
// asked; the same key with another content is ALREADY_EXISTS.
func (s *Service) CreateOrder(ctx context.Context, request *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
	if problems := check(request); len(problems) > 0 {
		return nil, status.Error(codes.InvalidArgument, strings.Join(problems, "; "))
	}
	first, err := s.Orders.FindByKey(ctx, request.GetUserId(), request.GetIdempotencyKey())
	if err == nil {
		return repeated(request, first)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, failure(ctx, err)
	}
	if err := s.checkUser(ctx, request.GetUserId()); err != nil {
		return nil, err
	}
	id, err := uuid.NewV7() // ordered by time, so that new rows lie side by side in the index
	if err != nil {
		return nil, failure(ctx, err)
	}
	order := &ordersv1.Order{
		Id: id.String(), UserId: request.GetUserId(), Items: request.GetItems(),
		// PostgreSQL keeps microseconds; the answer and the event say what a later read says.
		CreatedAt: timestamppb.New(time.Now().Truncate(time.Microsecond)),
	}
	message, err := outbox.OrderCreated(ctx, order)
	if err != nil {
		return nil, failure(ctx, err)
	}
	stored, err := s.Orders.Create(ctx, order, request.GetIdempotencyKey(), message)
	if err != nil {
		return nil, failure(ctx, err)
	}
	if stored.GetId() != order.GetId() { // the same request came in twice at once
		return repeated(request, stored)
	}
	s.Taken()
	return &ordersv1.CreateOrderResponse{Order: stored}, nil
}

// GetOrder returns one order.
func (s *Service) GetOrder(ctx context.Context, request *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) {
	order, err := s.Orders.Get(ctx, request.GetId())
	if errors.Is(err, store.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "there is no order %q", request.GetId())
	}
	if err != nil {
		return nil, failure(ctx, err)
	}
	return &ordersv1.GetOrderResponse{Order: order}, nil
}

func (s *Service) checkUser(ctx context.Context, id string) error {
	_, err := s.Users.GetUser(ctx, &usersv1.GetUserRequest{Id: id})
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.NotFound, codes.InvalidArgument:
		return status.Errorf(codes.FailedPrecondition, "user_id: there is no user %q", id)
	case codes.DeadlineExceeded, codes.Canceled:
		return status.Error(status.Code(err), "users did not answer in time")
	default:
		slog.WarnContext(ctx, "users can't be asked", "error", err.Error())
		return status.Error(codes.Unavailable, "users can't be asked")
	}
}

// check returns what is wrong with a request, all of it.
func check(request *ordersv1.CreateOrderRequest) []string {
	var problems []string
	text := func(field, value string) {
		if value == "" || len(value) > maxLength || strings.ContainsRune(value, 0) { // PostgreSQL's text has no NUL
			problems = append(problems, fmt.Sprintf("%s must have 1 to %d bytes, none of them 0", field, maxLength))
		}
	}
	text("user_id", request.GetUserId())
	text("idempotency_key", request.GetIdempotencyKey())
	if count := len(request.GetItems()); count < 1 || count > maxItems {
		problems = append(problems, fmt.Sprintf("items must be 1 to %d", maxItems))
		return problems
	}
	for index, item := range request.GetItems() {
		text(fmt.Sprintf("items[%d].product_id", index), item.GetProductId())
		if item.GetQuantity() < 1 {
			problems = append(problems, fmt.Sprintf("items[%d].quantity must be 1 or more", index))
		}
	}
	return problems
}

func repeated(request *ordersv1.CreateOrderRequest, first *ordersv1.Order) (*ordersv1.CreateOrderResponse, error) {
	same := len(request.GetItems()) == len(first.GetItems())
	for index := 0; same && index < len(first.GetItems()); index++ {
		asked, taken := request.GetItems()[index], first.GetItems()[index]
		same = asked.GetProductId() == taken.GetProductId() && asked.GetQuantity() == taken.GetQuantity()
	}
	if !same {
		return nil, status.Errorf(codes.AlreadyExists,
			"idempotency_key: order %s was made with it, and has other items", first.GetId())
	}
	return &ordersv1.CreateOrderResponse{Order: first}, nil
}

// failure logs an error and returns what the caller may know of it.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	slog.ErrorContext(ctx, "the order can't be read or stored", "error", err.Error())
	return status.Error(codes.Unavailable, "orders can't be read or stored at the moment")
}
