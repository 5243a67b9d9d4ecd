package shop.users;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import shop.telemetry.Metrics;

/**
 * Counts and times each call as rpc_server_duration_seconds{method, code}, and writes one line about it to the log. Runs inside
 * the tracing interceptor, so that both name the call's trace.
 */
final class CallMetrics implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(CallMetrics.class);
    /**
     * Of the codes those that are the server's own fault: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status
     */
    static final Set<Status.Code> FAULTS = EnumSet.of(Status.Code.UNKNOWN, Status.Code.DEADLINE_EXCEEDED, Status.Code.UNIMPLEMENTED,
            Status.Code.INTERNAL, Status.Code.UNAVAILABLE, Status.Code.DATA_LOSS);

    /** How much earlier than the deadline here a caller's own may pass: it then cancels the call. */
    private static final Duration SAME_MOMENT = Duration.ofMillis(10);

    private final MeterRegistry registry;

    CallMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getBareMethodName();
        long start = System.nanoTime();
        AtomicBoolean ended = new AtomicBoolean();
        Context context = Context.current();
        ServerCall<Q, A> observed = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                // Whatever the answer is, nobody hears it any more.
                end(ended, method, context.isCancelled() ? absence(context) : status.getCode(), start);
                super.close(status, trailers);
            }
        };
        return new SimpleForwardingServerCallListener<>(next.startCall(observed, headers)) {
            @Override
            public void onCancel() {
                end(ended, method, absence(context), start); // nobody calls close
                super.onCancel();
            }
        };
    }

    /** Why nobody waits for the answer: the caller left, or its deadline passed. */
    private static Status.Code absence(Context context) {
        Deadline deadline = context.getDeadline();
        boolean passed = deadline != null && deadline.timeRemaining(TimeUnit.MILLISECONDS) <= SAME_MOMENT.toMillis();
        return passed ? Status.Code.DEADLINE_EXCEEDED : Status.Code.CANCELLED;
    }

    private void end(AtomicBoolean ended, String method, Status.Code code, long start) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        Duration duration = Duration.ofNanos(System.nanoTime() - start);
        Metrics.histogram(registry, "rpc.server.duration", "How long gRPC calls to this service took.", "method", method, "code", code.name())
                .record(duration);
        log.atLevel(FAULTS.contains(code) ? Level.WARN : Level.INFO).addKeyValue("method", method).addKeyValue("code", code.name())
                .addKeyValue("seconds", duration.toNanos() / 1e9).log("call answered");
    }
}
