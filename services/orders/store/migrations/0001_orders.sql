create table orders (
    id              uuid primary key,
    user_id         text not null,
    -- Chosen by the caller, and unique for each user: nobody can reach another user's order by guessing a key.
    idempotency_key text not null,
    created_at      timestamptz not null,
    unique (user_id, idempotency_key)
);

create table order_items (
    order_id   uuid not null references orders (id) on delete cascade,
    position   integer not null,
    product_id text not null,
    quantity   integer not null check (quantity > 0),
    primary key (order_id, position)
);

-- Messages that are still to be published. Written in the transaction that takes the order, deleted once the broker has
-- acknowledged them.
create table outbox (
    sequence   bigint generated always as identity primary key,
    message_id text not null unique,
    subject    text not null,
    headers    jsonb not null,
    payload    bytea not null,
    created_at timestamptz not null default now()
);
