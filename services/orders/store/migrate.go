package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

// migrations are applied in the order of their names, each once and never changed afterwards.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock that lets one replica migrate while the others wait. Any fixed number does.
const migrationLock = 7_305_116_401

// Migrate brings the schema to the newest version. It may run in several replicas at once.
func (s *Store) Migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
			return fmt.Errorf("wait for other migrations: %w", err)
		}
		if _, err := tx.Exec(ctx, `create table if not exists schema_migrations
			(name text primary key, applied_at timestamptz not null default now())`); err != nil {
			return fmt.Errorf("create schema_migrations: %w", err)
		}
		for _, name := range names {
			if err := migrate(ctx, tx, name); err != nil {
				return fmt.Errorf("apply %s: %w", name, err)
			}
		}
		return nil
	})
}

func migrate(ctx context.Context, tx pgx.Tx, name string) error {
	added, err := tx.Exec(ctx, "insert into schema_migrations (name) values ($1) on conflict do nothing", name)
	if err != nil || added.RowsAffected() == 0 {
		return err
	}
	statements, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, string(statements))
	return err
}
