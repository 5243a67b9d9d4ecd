package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.MetadataUtils;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.instrumentation.grpc.v1_6.GrpcTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import shop.telemetry.Logging;
import shop.telemetry.Metrics;
import shop.telemetry.Tracing;
import shop.users.v1.CreateUserRequest;
import shop.users.v1.GetUserRequest;
import shop.users.v1.UserServiceGrpc;

/** The whole server, with its interceptors, inside this process. */
@Timeout(30)
class UsersServerTest {
    private static final Instant NOW = Instant.parse("2026-03-04T05:06:07.123456789Z");

    /** What a call to the repository does first; tests set it to fail, to wait or to call out. */
    private final AtomicReference<Runnable> before = new AtomicReference<>(() -> {});
    private final UserRepository repository = new FakeUserRepository() {
        @Override
        public Optional<User> find(UUID id) {
            before.get().run();
            return super.find(id);
        }
    };
    private final OpenTelemetrySdk telemetry = Tracing.start("users", Tracing.Exporter.OFF);
    private final PrometheusMeterRegistry registry = Metrics.start();
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private UsersServer server;
    private ManagedChannel channel;
    private UserServiceGrpc.UserServiceBlockingStub users;
    private HealthGrpc.HealthBlockingStub health;

    @BeforeEach
    void start() throws Exception {
        Logging.start("users", "info", log);
        String name = InProcessServerBuilder.generateName();
        server = new UsersServer(InProcessServerBuilder.forName(name), new UserService(repository, Clock.fixed(NOW, ZoneOffset.UTC)),
                telemetry, registry, 4, Duration.ofSeconds(10));
        server.start();
        server.serve();
        channel = InProcessChannelBuilder.forName(name).build();
        users = UserServiceGrpc.newBlockingStub(channel);
        health = HealthGrpc.newBlockingStub(channel);
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow();
        server.close();
        telemetry.close();
    }

    private static Status.Code code(Runnable call) {
        return assertThrows(StatusRuntimeException.class, call::run).getStatus().getCode();
    }

    private shop.users.v1.User create(String email, String name) {
        return users.createUser(CreateUserRequest.newBuilder().setEmail(email).setDisplayName(name).build()).getUser();
    }

    private shop.users.v1.User get(String id) {
        return users.getUser(GetUserRequest.newBuilder().setId(id).build()).getUser();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<JsonObject> lines() {
        return log.toString(StandardCharsets.UTF_8).lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    }

    @Test
    void aUserThatWasCreatedIsReturned() {
        shop.users.v1.User user = create("Ada@Example.com", "  Ada Lovelace ");
        assertEquals(user, get(user.getId()));
        assertEquals("Ada@Example.com", user.getEmail(), "as the person wrote it");
        assertEquals("Ada Lovelace", user.getDisplayName());
        assertEquals(123_456_000, user.getCreatedAt().getNanos(), "no finer than the database keeps it");
    }

    @Test
    void anAddressThatAnotherUserHasIsRefused() {
        create("ada@example.com", "Ada");
        assertEquals(Status.Code.ALREADY_EXISTS, code(() -> create("ADA@example.com", "Another Ada")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"9ad0e9a8-7f5c-4e6e-b3a5-1d8f2a1b3c4d", "17", "1-1-1-1-1", "no-uuid"})
    void nobodyHasAnUnknownId(String id) {
        assertEquals(Status.Code.NOT_FOUND, code(() -> get(id)));
    }

    @Test
    void anEmptyIdIsInvalid() {
        assertEquals(Status.Code.INVALID_ARGUMENT, code(() -> get("")));
    }

    @ParameterizedTest
    @CsvSource({"'',Ada", "ada,Ada", "ada@localhost,Ada", "a da@example.com,Ada", "ada@@example.com,Ada", "ada@example..com,Ada",
        "ada@example.com,''", "ada@example.com,'  '"})
    void malformedInputIsInvalid(String email, String name) {
        assertEquals(Status.Code.INVALID_ARGUMENT, code(() -> create(email, name)));
    }

    @Test
    void anInvalidRequestLearnsEverythingThatIsWrong() {
        String long254 = "a".repeat(UserInput.EMAIL_LIMIT) + "@example.com";
        String message = assertThrows(StatusRuntimeException.class, () -> create(long254, "Ada\n")).getStatus().getDescription();
        assertTrue(message.contains("email must") && message.contains("display_name must"), message);
    }

    @Test
    void anAbsentDatabaseIsUnavailableAndABugIsInternalAndNeitherTellsMore() {
        before.set(() -> {
            throw new UserRepository.StoreUnavailable(new java.sql.SQLException("password of users-db"));
        });
        StatusRuntimeException absent = assertThrows(StatusRuntimeException.class, () -> get(UUID.randomUUID().toString()));
        assertEquals(Status.Code.UNAVAILABLE, absent.getStatus().getCode());
        before.set(() -> {
            throw new IllegalStateException("password of users-db");
        });
        StatusRuntimeException bug = assertThrows(StatusRuntimeException.class, () -> get(UUID.randomUUID().toString()));
        assertEquals(Status.Code.INTERNAL, bug.getStatus().getCode());
        assertFalse((absent.getMessage() + bug.getMessage()).contains("password"), "details stay in the log");
    }

    @Test
    void callsAreCountedByMethodAndCode() throws Exception {
        get(create("ada@example.com", "Ada").getId());
        code(() -> get("17"));
        health.check(HealthCheckRequest.getDefaultInstance());
        String metrics = registry.scrape();
        assertTrue(metrics.contains("rpc_server_duration_seconds_count{code=\"OK\",method=\"GetUser\"} 1"), metrics);
        assertTrue(metrics.contains("rpc_server_duration_seconds_count{code=\"NOT_FOUND\",method=\"GetUser\"} 1"), metrics);
        assertFalse(metrics.contains("method=\"Check\""), "probes are not the service's work");
        String help = shared("telemetry.json").getAsJsonObject("metrics").getAsJsonObject("rpc_server_duration_seconds").get("help").getAsString();
        assertTrue(metrics.contains("# HELP rpc_server_duration_seconds " + help + "\n"), metrics);
    }

    static List<JsonObject> vectors() throws IOException {
        return shared("propagation.json").getAsJsonArray("vectors").asList().stream().map(JsonElement::getAsJsonObject).toList();
    }

    /** What the services of every language have in common. */
    private static JsonObject shared(String name) throws IOException {
        return JsonParser.parseString(Files.readString(Path.of("../testdata", name))).getAsJsonObject();
    }

    private static Metadata.Key<String> key(String header) {
        return Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER);
    }

    private static Set<String> members(Metadata headers) {
        String baggage = headers.get(key("baggage"));
        return baggage == null ? Set.of() : Set.of(baggage.split(","));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void theCallersTraceIsInTheLogTheMetricsAndTheCallsThatFollow(JsonObject vector) throws Exception {
        Metadata headers = new Metadata();
        vector.getAsJsonObject("headers").asMap().forEach((name, value) -> headers.put(key(name), value.getAsString()));
        AtomicReference<Metadata> outgoing = new AtomicReference<>();
        AtomicReference<Baggage> baggage = new AtomicReference<>();
        ClientInterceptor traced = GrpcTelemetry.create(telemetry).createClientInterceptor();
        before.set(() -> {
            baggage.set(Baggage.current());
            // A call from inside the call, as a service makes it that depends on another.
            HealthGrpc.newBlockingStub(channel).withInterceptors(new Recorder(outgoing), traced).check(HealthCheckRequest.getDefaultInstance());
        });
        code(() -> users.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .getUser(GetUserRequest.newBuilder().setId(UUID.randomUUID().toString()).build()));
        String trace = vector.get("trace_id").getAsString();
        boolean sampled = vector.get("sampled").getAsBoolean();
        JsonObject call = shared("telemetry.json").getAsJsonObject("log").getAsJsonObject("call");
        JsonObject line = lines().stream().filter(l -> l.get("msg").equals(call.get("msg"))).findFirst().orElseThrow();
        call.getAsJsonArray("fields").forEach(field -> assertTrue(line.has(field.getAsString()), field + " is missing in " + line));
        assertEquals(trace, line.get("trace_id").getAsString());
        assertNotEquals(vector.get("parent_id"), line.get("span_id"), "the call is a span of its own");
        String traceparent = outgoing.get().get(key("traceparent"));
        assertTrue(traceparent.startsWith("00-" + trace) && traceparent.endsWith(sampled ? "-01" : "-00"), traceparent);
        assertTrue(outgoing.get().keys().stream().noneMatch(name -> name.contains("b3")), outgoing.get().toString());
        vector.getAsJsonObject("baggage").asMap().forEach(
                (name, value) -> assertEquals(value.getAsString(), baggage.get().getEntryValue(name)));
        assertEquals(members(headers), members(outgoing.get()));
        boolean named = registry.scrape("application/openmetrics-text; version=1.0.0").contains("trace_id=\"" + trace + "\"");
        assertEquals(sampled, named, "an exemplar names a trace that is kept, and no other");
    }

    @Test
    void theServersOwnFaultsAreThoseOfEveryLanguageAndStandOutInTheLog() throws Exception {
        Set<String> faults = new HashSet<>();
        shared("telemetry.json").getAsJsonArray("faults").forEach(code -> faults.add(code.getAsString()));
        assertEquals(faults, CallMetrics.FAULTS.stream().map(Enum::name).collect(Collectors.toSet()));
        get(create("ada@example.com", "Ada").getId());
        code(() -> get("17"));
        before.set(() -> {
            throw new UserRepository.StoreUnavailable(new java.sql.SQLException("down"));
        });
        code(() -> get(UUID.randomUUID().toString()));
        Map<String, String> levels = new HashMap<>();
        lines().stream().filter(line -> line.get("msg").getAsString().equals("call answered"))
                .forEach(line -> levels.put(line.get("code").getAsString(), line.get("level").getAsString()));
        assertEquals(Map.of("OK", "info", "NOT_FOUND", "info", "UNAVAILABLE", "warn"), levels);
    }

    @Test
    void codesAreSpelledAsInEveryLanguage() throws Exception {
        List<String> names = shared("telemetry.json").getAsJsonArray("codes").asList().stream().map(JsonElement::getAsString).toList();
        assertEquals(names, Arrays.stream(Status.Code.values()).map(Enum::name).toList());
    }

    @Test
    void aDeadlineThatPassesIsCountedAsSuch() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        before.set(() -> await(answer));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, code(() -> users.withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                .getUser(GetUserRequest.newBuilder().setId(UUID.randomUUID().toString()).build())));
        answer.countDown();
        String counted = "rpc_server_duration_seconds_count{code=\"DEADLINE_EXCEEDED\",method=\"GetUser\"} 1";
        while (!registry.scrape().contains(counted)) {
            assertFalse(registry.scrape().contains("CANCELLED"), "the caller did not leave");
            Thread.sleep(10);
        }
    }

    @Test
    void theThreadsThatAnswerCallsAreCountedAndSoIsWhatWaitsForThem() throws Exception {
        shop.users.v1.User user = create("ada@example.com", "Ada");
        CountDownLatch answer = new CountDownLatch(1);
        before.set(() -> await(answer));
        List<CompletableFuture<shop.users.v1.User>> calls =
                Stream.generate(() -> CompletableFuture.supplyAsync(() -> get(user.getId()), task -> new Thread(task).start())).limit(5).toList();
        for (String counted : List.of("executor_pool_max_threads{name=\"calls\"} 4.0", "executor_active_threads{name=\"calls\"} 4.0",
                "executor_queued_tasks{name=\"calls\"} 1.0")) {
            while (!registry.scrape().contains(counted)) {
                Thread.sleep(10);
            }
        }
        answer.countDown();
        for (CompletableFuture<shop.users.v1.User> call : calls) {
            assertEquals(user, call.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void beforeItIsReadyAServerIsReachableAndSaysSo() throws Exception {
        String name = InProcessServerBuilder.generateName();
        try (UsersServer early = new UsersServer(InProcessServerBuilder.forName(name),
                new UserService(repository, Clock.systemUTC()), telemetry, Metrics.start(), 4, Duration.ofSeconds(1))) {
            early.start();
            ManagedChannel other = InProcessChannelBuilder.forName(name).build();
            for (String service : new String[] {"", UserServiceGrpc.SERVICE_NAME}) {
                assertEquals(ServingStatus.NOT_SERVING, HealthGrpc.newBlockingStub(other)
                        .check(HealthCheckRequest.newBuilder().setService(service).build()).getStatus());
            }
            assertFalse(early.isServing());
            other.shutdownNow();
        }
    }

    @Test
    void drainingAnswersWhatIsUnderWayAndTakesNothingMore() throws Exception {
        shop.users.v1.User user = create("ada@example.com", "Ada");
        for (String service : new String[] {"", UserServiceGrpc.SERVICE_NAME}) {
            assertEquals(ServingStatus.SERVING, health.check(HealthCheckRequest.newBuilder().setService(service).build()).getStatus());
        }
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        before.set(() -> {
            arrived.countDown();
            await(answer);
        });
        CompletableFuture<shop.users.v1.User> underWay = CompletableFuture.supplyAsync(() -> get(user.getId()));
        assertTrue(arrived.await(10, TimeUnit.SECONDS));
        CompletableFuture<Void> drained = CompletableFuture.runAsync(() -> {
            try {
                server.close();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        while (server.isServing()) {
            Thread.onSpinWait();
        }
        assertEquals(Status.Code.UNAVAILABLE, code(() -> get(user.getId())), "a new call is turned away");
        assertFalse(drained.isDone(), "the drain waits for the call under way");
        answer.countDown();
        assertEquals(user, underWay.get(10, TimeUnit.SECONDS));
        drained.get(10, TimeUnit.SECONDS);
    }

    /** Keeps the headers of a call as they leave. */
    private record Recorder(AtomicReference<Metadata> headers) implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new io.grpc.ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata outgoing) {
                    headers.set(outgoing);
                    super.start(listener, outgoing);
                }
            };
        }
    }
}
