CREATE TABLE users (
    id           uuid PRIMARY KEY,
    email        text NOT NULL,
    display_name text NOT NULL,
    created_at   timestamptz NOT NULL
);

-- One address, however it is capitalised, belongs to one user; the table keeps it as the person wrote it.
CREATE UNIQUE INDEX users_email ON users (lower(email));
