package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	"polyglot/services/orders/outbox"
)

// open returns an empty store in the PostgreSQL database that ORDERS_TEST_DATABASE_URL names. The tables there are dropped.
func open(t *testing.T) *Store {
	t.Helper()
	address, err := url.Parse(os.Getenv("ORDERS_TEST_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	if address.Host == "" {
		t.Skip("needs PostgreSQL: set ORDERS_TEST_DATABASE_URL (postgres://user:password@host:port/database)")
	}
	password, _ := address.User.Password()
	store, err := Open(t.Context(), Address{Host: address.Hostname(), Port: address.Port(), Database: address.Path[1:],
		Username: address.User.Username(), Password: password, SSLMode: "disable"}, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	if _, err := store.pool.Exec(t.Context(), "drop table if exists orders, order_items, outbox, schema_migrations cascade"); err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

func newOrder() (*ordersv1.Order, outbox.Message) {
	id := uuid.Must(uuid.NewV7()).String()
	return &ordersv1.Order{Id: id, UserId: "u1", CreatedAt: timestamppb.New(time.Now().Truncate(time.Microsecond)),
			Items: []*ordersv1.OrderItem{{ProductId: "p2", Quantity: 2}, {ProductId: "p1", Quantity: 1}}},
		outbox.Message{ID: id, Subject: outbox.Subject, Headers: map[string]string{"traceparent": "t"}, Payload: []byte{0, 1}}
}

func TestMigrationsMayRunTwiceAndAtOnce(t *testing.T) {
	store := open(t)
	var replicas sync.WaitGroup
	for range 4 {
		replicas.Go(func() {
			if err := store.Migrate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	replicas.Wait()
}

func TestAnOrderIsReadAsItWasStored(t *testing.T) {
	store := open(t)
	order, message := newOrder()
	if _, err := store.Create(t.Context(), order, "k1", message); err != nil {
		t.Fatal(err)
	}
	read, err := store.Get(t.Context(), order.GetId())
	if err != nil || !proto.Equal(read, order) {
		t.Errorf("read %v, %v; stored %v", read, err, order)
	}
	if read, err = store.FindByKey(t.Context(), "u1", "k1"); err != nil || !proto.Equal(read, order) {
		t.Errorf("found %v, %v", read, err)
	}
	for _, id := range []string{"not an id", uuid.NewString()} {
		if _, err := store.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := store.FindByKey(t.Context(), "u2", "k1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another user's key: %v", err)
	}
}

func TestOneKeyMakesOneOrderAndOneMessageHoweverManyAskAtOnce(t *testing.T) {
	store := open(t)
	var requests sync.WaitGroup
	var lock sync.Mutex
	ids := map[string]int{}
	for range 8 {
		requests.Go(func() {
			order, message := newOrder()
			stored, err := store.Create(context.Background(), order, "k1", message)
			if err != nil {
				t.Error(err)
			}
			lock.Lock()
			defer lock.Unlock()
			ids[stored.GetId()]++
		})
	}
	requests.Wait()
	if len(ids) != 1 {
		t.Errorf("the answers are %v", ids)
	}
	if published := publishAll(t, store); len(published) != 1 {
		t.Errorf("the messages are %v", published)
	}
}

func TestAMessageStaysUntilItIsPublishedAndIsGoneThen(t *testing.T) {
	store := open(t)
	var expected []string
	for index := range 5 {
		order, message := newOrder()
		if _, err := store.Create(t.Context(), order, fmt.Sprint(index), message); err != nil {
			t.Fatal(err)
		}
		expected = append(expected, message.ID)
	}
	refusal := errors.New("the broker is away")
	seen := 0
	count, err := store.Publish(t.Context(), 4, func(context.Context, outbox.Message) error {
		if seen++; seen == 3 {
			return refusal
		}
		return nil
	})
	if count != 2 || !errors.Is(err, refusal) {
		t.Fatalf("%d were published, %v", count, err)
	}
	if rest := publishAll(t, store); fmt.Sprint(rest) != fmt.Sprint(expected[2:]) {
		t.Errorf("the rest is %v, not %v", rest, expected[2:])
	}
	if rest := publishAll(t, store); len(rest) != 0 {
		t.Errorf("published messages are still there: %v", rest)
	}
}

func TestReplicasShareTheMessagesAndPublishNoneTwice(t *testing.T) {
	store := open(t)
	for index := range 2 {
		order, message := newOrder()
		if _, err := store.Create(t.Context(), order, fmt.Sprint(index), message); err != nil {
			t.Fatal(err)
		}
	}
	_, err := store.Publish(t.Context(), 1, func(_ context.Context, held outbox.Message) error {
		others := publishAll(t, store) // another replica, meanwhile
		if len(others) != 1 || others[0] == held.ID {
			t.Errorf("the other replica published %v while %s is held", others, held.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func publishAll(t *testing.T, store *Store) []string {
	t.Helper()
	var ids []string
	_, err := store.Publish(context.Background(), 100, func(_ context.Context, message outbox.Message) error {
		if message.Headers["traceparent"] != "t" || len(message.Payload) != 2 {
			t.Errorf("the message came back as %+v", message)
		}
		ids = append(ids, message.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
