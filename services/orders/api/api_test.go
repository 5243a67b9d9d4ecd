package api

import (
	"context"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	usersv1 "polyglot/services/gen/shop/users/v1"
	"polyglot/services/orders/outbox"
	"polyglot/services/orders/store"
)

// memory keeps orders the way the store does: one for each user and key, with its message.
type memory struct {
	sync.Mutex
	byKey    map[[2]string]*ordersv1.Order
	messages []outbox.Message
	broken   error
	// race, where set, is an order that another request stores between the look-up and the creation.
	race *ordersv1.Order
}

func (m *memory) Create(_ context.Context, order *ordersv1.Order, key string, message outbox.Message) (*ordersv1.Order, error) {
	m.Lock()
	defer m.Unlock()
	if m.race != nil {
		return m.race, nil
	}
	m.byKey[[2]string{order.GetUserId(), key}] = order
	m.messages = append(m.messages, message)
	return order, m.broken
}

func (m *memory) FindByKey(_ context.Context, userID, key string) (*ordersv1.Order, error) {
	m.Lock()
	defer m.Unlock()
	if order, ok := m.byKey[[2]string{userID, key}]; ok {
		return order, nil
	}
	return nil, store.ErrNotFound
}

func (m *memory) Get(_ context.Context, id string) (*ordersv1.Order, error) {
	m.Lock()
	defer m.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	for _, order := range m.byKey {
		if order.GetId() == id {
			return order, nil
		}
	}
	return nil, store.ErrNotFound
}

// users answers GetUser with an error or without one.
type users struct {
	usersv1.UserServiceClient
	err error
}

func (u *users) GetUser(context.Context, *usersv1.GetUserRequest, ...grpc.CallOption) (*usersv1.GetUserResponse, error) {
	return &usersv1.GetUserResponse{}, u.err
}

func service() (*Service, *memory, *users, *int) {
	orders, known, taken := &memory{byKey: map[[2]string]*ordersv1.Order{}}, &users{}, 0
	return &Service{Orders: orders, Users: known, Taken: func() { taken++ }}, orders, known, &taken
}

func request(change func(*ordersv1.CreateOrderRequest)) *ordersv1.CreateOrderRequest {
	request := &ordersv1.CreateOrderRequest{UserId: "u1", IdempotencyKey: "k1",
		Items: []*ordersv1.OrderItem{{ProductId: "p1", Quantity: 2}}}
	if change != nil {
		change(request)
	}
	return request
}

func TestARepeatedRequestReturnsTheFirstOrderAndAnnouncesItOnce(t *testing.T) {
	service, orders, known, taken := service()
	first, err := service.CreateOrder(t.Context(), request(nil))
	if err != nil {
		t.Fatal(err)
	}
	known.err = status.Error(codes.Unavailable, "down") // a repetition needs nobody
	second, err := service.CreateOrder(t.Context(), request(nil))
	if err != nil || !proto.Equal(first, second) {
		t.Errorf("the repetition returned %v, %v instead of %v", second, err, first)
	}
	if len(orders.messages) != 1 || *taken != 1 {
		t.Fatalf("%d messages were stored, and the relay woken %d times", len(orders.messages), *taken)
	}
	var event ordersv1.OrderCreated
	if err := proto.Unmarshal(orders.messages[0].Payload, &event); err != nil || !proto.Equal(event.GetOrder(), first.GetOrder()) {
		t.Errorf("the event says %v, %v", &event, err)
	}
	if orders.messages[0].ID != first.GetOrder().GetId() || orders.messages[0].Subject != "order.created" {
		t.Errorf("the message is %+v", orders.messages[0])
	}
}

func TestTwoRequestsAtOnceMakeOneOrder(t *testing.T) {
	service, orders, _, taken := service()
	orders.race = &ordersv1.Order{Id: "first", Items: request(nil).GetItems()}
	response, err := service.CreateOrder(t.Context(), request(nil))
	if err != nil || response.GetOrder().GetId() != "first" || *taken != 0 {
		t.Errorf("the loser got %v, %v; woken %d times", response, err, *taken)
	}
}

func TestAKeyUsedForAnotherOrderIsRefused(t *testing.T) {
	service, _, _, _ := service()
	if _, err := service.CreateOrder(t.Context(), request(nil)); err != nil {
		t.Fatal(err)
	}
	_, err := service.CreateOrder(t.Context(), request(func(r *ordersv1.CreateOrderRequest) { r.Items[0].Quantity = 3 }))
	if status.Code(err) != codes.AlreadyExists {
		t.Errorf("the error is %v", err)
	}
	if _, err := service.CreateOrder(t.Context(), request(func(r *ordersv1.CreateOrderRequest) { r.UserId = "u2" })); err != nil {
		t.Errorf("another user's key got in the way: %v", err)
	}
}

func TestABadRequestIsToldAllThatIsWrong(t *testing.T) {
	service, orders, _, _ := service()
	many := make([]*ordersv1.OrderItem, maxItems+1)
	for name, test := range map[string]struct {
		change func(*ordersv1.CreateOrderRequest)
		parts  []string
	}{
		"everything": {func(r *ordersv1.CreateOrderRequest) {
			r.UserId, r.IdempotencyKey, r.Items[0] = "", strings.Repeat("k", 256), &ordersv1.OrderItem{}
		}, []string{"user_id", "idempotency_key", "items[0].product_id", "items[0].quantity"}},
		"no items":   {func(r *ordersv1.CreateOrderRequest) { r.Items = nil }, []string{"items must be 1 to 100"}},
		"many items": {func(r *ordersv1.CreateOrderRequest) { r.Items = many }, []string{"items must be 1 to 100"}},
		"NUL":        {func(r *ordersv1.CreateOrderRequest) { r.UserId = "u\x00" }, []string{"user_id"}},
	} {
		_, err := service.CreateOrder(t.Context(), request(test.change))
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range test.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in %v", name, part, err)
			}
		}
	}
	if len(orders.byKey) != 0 {
		t.Error("a bad order was stored")
	}
}

func TestOnlyAUserMayOrder(t *testing.T) {
	for answer, expected := range map[codes.Code]codes.Code{
		codes.NotFound: codes.FailedPrecondition, codes.Unavailable: codes.Unavailable,
		codes.DeadlineExceeded: codes.DeadlineExceeded, codes.Internal: codes.Unavailable,
	} {
		service, orders, known, _ := service()
		known.err = status.Error(answer, "")
		if _, err := service.CreateOrder(t.Context(), request(nil)); status.Code(err) != expected {
			t.Errorf("users said %v, and the answer is %v", answer, err)
		}
		if len(orders.byKey) != 0 {
			t.Errorf("an order was stored though users said %v", answer)
		}
	}
}

func TestAnOrderIsReadOrNotFoundOrNotAvailable(t *testing.T) {
	service, orders, _, _ := service()
	created, err := service.CreateOrder(t.Context(), request(nil))
	if err != nil {
		t.Fatal(err)
	}
	read, err := service.GetOrder(t.Context(), &ordersv1.GetOrderRequest{Id: created.GetOrder().GetId()})
	if err != nil || !proto.Equal(read.GetOrder(), created.GetOrder()) {
		t.Errorf("read %v, %v", read, err)
	}
	if _, err := service.GetOrder(t.Context(), &ordersv1.GetOrderRequest{Id: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("no order: %v", err)
	}
	orders.broken = context.DeadlineExceeded
	_, err = service.GetOrder(t.Context(), &ordersv1.GetOrderRequest{Id: "none"})
	if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "deadline") {
		t.Errorf("a broken store: %v", err)
	}
}
