package shop.users;

import java.util.Optional;
import java.util.UUID;

/** Where users are kept. */
interface UserRepository {
    /** @throws StoreUnavailable when the store doesn't answer in time; trying again may help */
    Optional<User> find(UUID id);

    /**
     * @return false where another user has the e-mail address, in whatever capitals
     * @throws StoreUnavailable when the store doesn't answer in time; whether the user was added is then unknown
     */
    boolean add(User user);

    /** The store can't be reached, or has no connection to spare. */
    final class StoreUnavailable extends RuntimeException {
        StoreUnavailable(Throwable cause) {
            super(cause.getMessage(), cause);
        }
    }
}
