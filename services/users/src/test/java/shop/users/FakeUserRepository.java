package shop.users;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A repository in memory that keeps the interface's promises. */
class FakeUserRepository implements UserRepository {
    private final List<User> users = new ArrayList<>();

    @Override
    public synchronized Optional<User> find(UUID id) {
        return users.stream().filter(user -> user.id().equals(id)).findAny();
    }

    @Override
    public synchronized boolean add(User user) {
        return users.stream().noneMatch(other -> other.email().equalsIgnoreCase(user.email())) && users.add(user);
    }
}
