// Package store keeps orders and their outgoing messages in PostgreSQL.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	ordersv1 "polyglot/services/gen/shop/orders/v1"
	"polyglot/services/orders/outbox"
)

// ErrNotFound says that there is no such order.
var ErrNotFound = errors.New("no such order")

// Store is safe for use by many goroutines.
type Store struct{ pool *pgxpool.Pool }

// Address says where the database is and how to log in.
type Address struct{ Host, Port, Database, Username, Password, SSLMode string }

// Open makes a pool of at most connections; they are opened when they are needed.
func Open(ctx context.Context, address Address, connections int) (*Store, error) {
	config, err := pgxpool.ParseConfig(fmt.Sprintf("host=%s port=%s sslmode=%s", address.Host, address.Port, address.SSLMode))
	if err != nil {
		return nil, fmt.Errorf("the database's address: %w", err)
	}
	// Set here and not in the text above, so that no character in them needs quoting.
	config.ConnConfig.Database, config.ConnConfig.User, config.ConnConfig.Password =
		address.Database, address.Username, address.Password
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.Tracer = otelpgx.NewTracer(otelpgx.WithTrimSQLInSpanName())
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Store{pool}, nil
}

// Close waits for running queries and closes the pool.
func (s *Store) Close() { s.pool.Close() }

// Create stores an order and its message, both or neither. If the user has ordered with this idempotency key before, nothing
// is stored, and that first order is returned.
func (s *Store) Create(ctx context.Context, order *ordersv1.Order, key string, message outbox.Message) (*ordersv1.Order, error) {
	stored := order
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		added, err := tx.Exec(ctx, `insert into orders (id, user_id, idempotency_key, created_at)
			values ($1, $2, $3, $4) on conflict (user_id, idempotency_key) do nothing`,
			order.GetId(), order.GetUserId(), key, order.GetCreatedAt().AsTime())
		if err != nil {
			return fmt.Errorf("insert the order: %w", err)
		}
		if added.RowsAffected() == 0 {
			// The insert has waited for the other transaction's end, so its order is visible now.
			stored, err = find(ctx, tx, "user_id = $1 and idempotency_key = $2", order.GetUserId(), key)
			return err
		}
		return insertDetails(ctx, tx, order, message)
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

func insertDetails(ctx context.Context, tx pgx.Tx, order *ordersv1.Order, message outbox.Message) error {
	batch := &pgx.Batch{}
	for position, item := range order.GetItems() {
		batch.Queue("insert into order_items (order_id, position, product_id, quantity) values ($1, $2, $3, $4)",
			order.GetId(), position, item.GetProductId(), item.GetQuantity())
	}
	batch.Queue("insert into outbox (message_id, subject, headers, payload) values ($1, $2, $3, $4)",
		message.ID, message.Subject, message.Headers, message.Payload)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert the order's items and message: %w", err)
	}
	return nil
}

// FindByKey returns the order that a user has made with an idempotency key, or ErrNotFound.
func (s *Store) FindByKey(ctx context.Context, userID, key string) (*ordersv1.Order, error) {
	return find(ctx, s.pool, "user_id = $1 and idempotency_key = $2", userID, key)
}

// Get returns an order, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (*ordersv1.Order, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, ErrNotFound // no order has an id of another form
	}
	return find(ctx, s.pool, "id = $1", parsed)
}

type querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

// find reads an order with its items in one statement; condition is one of this file's literals.
func find(ctx context.Context, database querier, condition string, arguments ...any) (*ordersv1.Order, error) {
	rows, err := database.Query(ctx, `select id::text, user_id, created_at, product_id, quantity
		from orders join order_items on order_id = id where `+condition+` order by position`, arguments...)
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	var order *ordersv1.Order
	var id, userID, productID string
	var createdAt time.Time
	var quantity int32
	_, err = pgx.ForEachRow(rows, []any{&id, &userID, &createdAt, &productID, &quantity}, func() error {
		if order == nil {
			order = &ordersv1.Order{Id: id, UserId: userID, CreatedAt: timestamppb.New(createdAt)}
		}
		order.Items = append(order.Items, &ordersv1.OrderItem{ProductId: productID, Quantity: quantity})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	if order == nil {
		return nil, ErrNotFound
	}
	return order, nil
}
