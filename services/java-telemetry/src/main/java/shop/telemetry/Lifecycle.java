package shop.telemetry;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a service's process begins and ends: its exit codes, and the drain on SIGTERM. */
public final class Lifecycle {
    /** The service could not start, or could not drain in full. */
    public static final int FAILED = 1;
    /** The settings are wrong: starting again changes nothing. */
    public static final int MISCONFIGURED = 2;

    private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

    private Lifecycle() {}

    /** How long the drain waits for a service that is still becoming ready to notice. */
    private static final Duration NOTICE = Duration.ofSeconds(1);

    /** Reads the settings, opens the ports, and returns without waiting for anything. */
    public interface Start {
        Service start() throws Exception;
    }

    /** A service whose ports are open; closing it drains it. */
    public interface Service extends AutoCloseable {
        /**
         * Waits for what the service can't work without, for as long as that takes, and then takes work. What comes late costs
         * readiness, not a restart. SIGTERM interrupts it.
         */
        default void becomeReady() throws Exception {}
    }

    /** Starts a service and keeps it running until SIGTERM, then closes it and ends the process with 0. */
    public static void run(Start start) {
        Service service;
        try {
            service = start.start();
        } catch (InvalidSettings e) {
            log.error("the service can't start: {}", e.getMessage());
            System.exit(MISCONFIGURED);
            return;
        } catch (Exception e) {
            log.error("the service can't start: {}", e.getMessage(), e);
            System.exit(FAILED);
            return;
        }
        AtomicBoolean draining = new AtomicBoolean();
        AtomicInteger code = new AtomicInteger();
        CountDownLatch settled = new CountDownLatch(1);
        Thread main = Thread.currentThread();
        // Inside a hook System.exit never returns, and left alone the JVM ends with 143 on SIGTERM, which reads as a failure.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            draining.set(true);
            main.interrupt();
            Runtime.getRuntime().halt(Math.max(code.get(), drain(service, settled)));
        }, "drain"));
        try {
            service.becomeReady();
            settled.countDown();
            log.info("started");
            new CountDownLatch(1).await(); // the threads of some libraries are daemons, so that the main one has to stay
        } catch (Exception e) {
            settled.countDown();
            if (!draining.get()) {
                log.error("the service failed: {}", e.getMessage(), e);
                code.set(FAILED);
                System.exit(FAILED);
            }
        }
    }

    private static int drain(Service service, CountDownLatch settled) {
        log.info("draining");
        try {
            settled.await(NOTICE.toMillis(), TimeUnit.MILLISECONDS);
            service.close();
            log.info("stopped");
            return 0;
        } catch (Exception e) {
            log.error("could not drain: {}", e.getMessage(), e);
            return FAILED;
        }
    }
}
