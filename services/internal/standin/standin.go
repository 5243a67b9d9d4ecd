// Package standin serves the shop's gRPC services for tests, on a loopback port, with the behaviour that a test asks for.
package standin

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	recommendationsv1 "polyglot/services/gen/shop/recommendations/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
)

// Services answers with these functions; the methods of a nil function are unimplemented.
type Services struct {
	GetUser             func(context.Context, *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error)
	CreateOrder         func(context.Context, *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error)
	GetOrder            func(context.Context, *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error)
	ListRecommendations func(context.Context, *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error)
}

// Serve starts all three services on one port until the test ends, and returns its address.
func Serve(t *testing.T, services *Services, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	usersv1.RegisterUserServiceServer(server, users{Services: services})
	ordersv1.RegisterOrderServiceServer(server, orders{Services: services})
	recommendationsv1.RegisterRecommendationServiceServer(server, recommendations{Services: services})
	go func() {
		if err := server.Serve(listener); err != nil {
			t.Errorf("the stand-in stopped: %v", err)
		}
	}()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

type users struct {
	usersv1.UnimplementedUserServiceServer
	*Services
}

func (s users) GetUser(ctx context.Context, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, error) {
	if s.Services.GetUser == nil {
		return s.UnimplementedUserServiceServer.GetUser(ctx, request)
	}
	return s.Services.GetUser(ctx, request)
}

type orders struct {
	ordersv1.UnimplementedOrderServiceServer
	*Services
}

func (s orders) CreateOrder(ctx context.Context, request *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
	if s.Services.CreateOrder == nil {
		return s.UnimplementedOrderServiceServer.CreateOrder(ctx, request)
	}
	return s.Services.CreateOrder(ctx, request)
}

func (s orders) GetOrder(ctx context.Context, request *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) {
	if s.Services.GetOrder == nil {
		return s.UnimplementedOrderServiceServer.GetOrder(ctx, request)
	}
	return s.Services.GetOrder(ctx, request)
}

type recommendations struct {
	recommendationsv1.UnimplementedRecommendationServiceServer
	*Services
}

func (s recommendations) ListRecommendations(ctx context.Context, request *recommendationsv1.ListRecommendationsRequest) (*recommendationsv1.ListRecommendationsResponse, error) {
	if s.Services.ListRecommendations == nil {
		return s.UnimplementedRecommendationServiceServer.ListRecommendations(ctx, request)
	}
	return s.Services.ListRecommendations(ctx, request)
}
