package shop.users;

import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.users.v1.CreateUserRequest;
import shop.users.v1.CreateUserResponse;
import shop.users.v1.GetUserRequest;
import shop.users.v1.GetUserResponse;
import shop.users.v1.UserServiceGrpc;

/** shop.users.v1.UserService over a repository. */
final class UserService extends UserServiceGrpc.UserServiceImplBase {
    private static final Logger log = LoggerFactory.getLogger(UserService.class);

    private final UserRepository users;
    private final Clock clock;

    UserService(UserRepository users, Clock clock) {
        this.users = users;
        this.clock = clock;
    }

    @Override
    public void getUser(GetUserRequest request, StreamObserver<GetUserResponse> response) {
        answer(response, () -> {
            if (request.getId().isEmpty()) {
                throw Status.INVALID_ARGUMENT.withDescription("id must not be empty").asRuntimeException();
            }
            User user = identifier(request.getId()).flatMap(users::find).orElseThrow(
                    () -> Status.NOT_FOUND.withDescription("no user has this id").asRuntimeException());
            return GetUserResponse.newBuilder().setUser(message(user)).build();
        });
    }

    @Override
    public void createUser(CreateUserRequest request, StreamObserver<CreateUserResponse> response) {
        answer(response, () -> {
            UserInput.check(request);
            // PostgreSQL keeps microseconds: the answer to the creation is to equal later ones.
            User user = new User(UUID.randomUUID(), request.getEmail(), request.getDisplayName().strip(),
                    clock.instant().truncatedTo(ChronoUnit.MICROS));
            if (!users.add(user)) {
                throw Status.ALREADY_EXISTS.withDescription("another user has this e-mail address").asRuntimeException();
            }
            return CreateUserResponse.newBuilder().setUser(message(user)).build();
        });
    }

    /** An id of another form is nobody's: the form is this service's own affair. */
    private static Optional<UUID> identifier(String text) {
        try {
            UUID id = UUID.fromString(text);
            return id.toString().equalsIgnoreCase(text) ? Optional.of(id) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static shop.users.v1.User message(User user) {
        return shop.users.v1.User.newBuilder()
                .setId(user.id().toString())
                .setEmail(user.email())
                .setDisplayName(user.displayName())
                .setCreatedAt(Timestamp.newBuilder()
                        .setSeconds(user.createdAt().getEpochSecond())
                        .setNanos(user.createdAt().getNano()))
                .build();
    }

    /** Callers learn the kind of a failure; the log learns the rest. */
    private static <T> void answer(StreamObserver<T> response, Supplier<T> work) {
        T message;
        try {
            message = work.get();
        } catch (StatusRuntimeException e) {
            response.onError(e);
            return;
        } catch (UserRepository.StoreUnavailable e) {
            log.warn("the database is not available: {}", e.getMessage());
            response.onError(Status.UNAVAILABLE.withDescription("the users' database is not available").asRuntimeException());
            return;
        } catch (RuntimeException e) {
            log.error("a call failed: {}", e.getMessage(), e);
            response.onError(Status.INTERNAL.withDescription("internal error").asRuntimeException());
            return;
        }
        response.onNext(message);
        response.onCompleted();
    }
}
