package edge

import (
	"time"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
)

// The interface's JSON. It is written down apart from the protos, so that a change of theirs doesn't change it unnoticed.

type newOrder struct {
	UserID string `json:"userId"`
	Items  []item `json:"items"`
}

type item struct {
	ProductID string `json:"productId"`
	Quantity  int32  `json:"quantity"`
}

type order struct {
	ID        string    `json:"id"`
	UserID    string    `json:"userId"`
	Items     []item    `json:"items"`
	CreatedAt time.Time `json:"createdAt"`
}

type user struct {
	ID          string    `json:"id"`
	Email       string    `json:"email"`
	DisplayName string    `json:"displayName"`
	CreatedAt   time.Time `json:"createdAt"`
}

type recommendation struct {
	ProductID string  `json:"productId"`
	Score     float64 `json:"score"`
}

type page struct {
	Order order `json:"order"`
	// User is null where there is none any more, and where it can't be had now.
	User            *user            `json:"user"`
	Recommendations []recommendation `json:"recommendations"`
	// Degraded names the services whose part is missing because they can't be had now.
	Degraded []string `json:"degraded,omitempty"`
}

func (n newOrder) toRequest(key string) *ordersv1.CreateOrderRequest {
	request := &ordersv1.CreateOrderRequest{UserId: n.UserID, IdempotencyKey: key}
	for _, one := range n.Items {
		request.Items = append(request.Items, &ordersv1.OrderItem{ProductId: one.ProductID, Quantity: one.Quantity})
	}
	return request
}

func orderFrom(message *ordersv1.Order) order {
	result := order{
		ID: message.GetId(), UserID: message.GetUserId(), CreatedAt: message.GetCreatedAt().AsTime(), Items: []item{},
	}
	for _, one := range message.GetItems() {
		result.Items = append(result.Items, item{one.GetProductId(), one.GetQuantity()})
	}
	return result
}

func userFrom(message *usersv1.User) *user {
	return &user{
		ID: message.GetId(), Email: message.GetEmail(), DisplayName: message.GetDisplayName(),
		CreatedAt: message.GetCreatedAt().AsTime(),
	}
}
