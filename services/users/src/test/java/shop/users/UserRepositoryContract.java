package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What each repository has to do: the fake must not promise more than PostgreSQL keeps. */
abstract class UserRepositoryContract {
    abstract UserRepository repository();

    static User user(String email) {
        return new User(UUID.randomUUID(), email, "Ada Lovelace – ✉", Instant.parse("2026-03-04T05:06:07.123456Z"));
    }

    static String freshEmail() {
        return "Ada." + UUID.randomUUID() + "@example.com";
    }

    @Test
    void aUserThatWasAddedIsFoundUnchanged() {
        User user = user(freshEmail());
        assertTrue(repository().add(user));
        assertEquals(Optional.of(user), repository().find(user.id()));
    }

    @Test
    void nobodyIsFoundByAnUnknownId() {
        assertEquals(Optional.empty(), repository().find(UUID.randomUUID()));
    }

    @Test
    void anAddressBelongsToOneUserInWhateverCapitals() {
        String email = freshEmail();
        assertTrue(repository().add(user(email)));
        User second = user(email.toUpperCase(java.util.Locale.ROOT));
        assertFalse(repository().add(second));
        assertEquals(Optional.empty(), repository().find(second.id()));
    }
}
