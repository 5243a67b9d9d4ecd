package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"polyglot/services/orders/outbox"
)

// Publish hands up to limit waiting messages to publish, the oldest first, and deletes those that it accepted. It returns how
// many those were, and the error at which it stopped.
//
// The rows stay locked meanwhile, and other replicas skip them. If the process dies in between, the messages are published
// again, under the same ids.
func (s *Store) Publish(ctx context.Context, limit int, publish func(context.Context, outbox.Message) error) (int, error) {
	published := 0
	var refused error
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select message_id, subject, headers, payload from outbox
			order by sequence limit $1 for update skip locked`, limit)
		if err != nil {
			return err
		}
		messages, err := pgx.CollectRows(rows, pgx.RowToStructByPos[outbox.Message])
		if err != nil {
			return err
		}
		var ids []string
		for _, message := range messages {
			if refused = publish(ctx, message); refused != nil {
				break
			}
			ids = append(ids, message.ID)
		}
		published = len(ids)
		if published == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, "delete from outbox where message_id = any($1)", ids)
		return err
	})
	if err != nil { // nothing was deleted
		return 0, errors.Join(refused, fmt.Errorf("the outbox: %w", err))
	}
	return published, refused
}
