package shop.users;

class FakeUserRepositoryTest extends UserRepositoryContract {
    private final UserRepository users = new FakeUserRepository();

    @Override
    UserRepository repository() {
        return users;
    }
}
