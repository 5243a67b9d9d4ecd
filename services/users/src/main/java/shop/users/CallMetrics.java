package shop.users;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import shop.telemetry.Metrics;

/**
 * Counts and times each call as rpc_server_duration_seconds{method, code}, and writes one line about it to the log. Runs inside
 * the tracing interceptor, so that both name the call's trace.
 */
final class CallMetrics implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(CallMetrics.class);

    private final MeterRegistry registry;

    CallMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getBareMethodName();
        long start = System.nanoTime();
        AtomicBoolean ended = new AtomicBoolean();
        ServerCall<Q, A> observed = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                end(ended, method, status.getCode(), start);
                super.close(status, trailers);
            }
        };
        return new SimpleForwardingServerCallListener<>(next.startCall(observed, headers)) {
            @Override
            public void onCancel() {
                end(ended, method, Status.Code.CANCELLED, start); // the caller left, or its deadline passed: nobody calls close
                super.onCancel();
            }
        };
    }

    private void end(AtomicBoolean ended, String method, Status.Code code, long start) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        Duration duration = Duration.ofNanos(System.nanoTime() - start);
        Metrics.histogram(registry, "rpc.server.duration", "Duration of the calls answered.", "method", method, "code", code.name())
                .record(duration);
        log.atInfo().addKeyValue("method", method).addKeyValue("code", code.name())
                .addKeyValue("duration_ms", duration.toMillis()).log("call answered");
    }
}
