package shop.users;

import java.time.Instant;
import java.util.UUID;

/** A person who buys. */
record User(UUID id, String email, String displayName, Instant createdAt) {}
