package shop.telemetry;

import java.util.concurrent.CountDownLatch;
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

    /** A service that has started; closing it drains it. */
    public interface Start {
        AutoCloseable start() throws Exception;
    }

    /** Starts a service and keeps it running until SIGTERM, then closes it and ends the process with 0. */
    public static void run(Start start) {
        AutoCloseable service;
        try {
            service = start.start();
        } catch (InvalidSettings e) {
            log.error("cannot start: {}", e.getMessage());
            System.exit(MISCONFIGURED);
            return;
        } catch (Exception e) {
            log.error("cannot start: {}", e.getMessage(), e);
            System.exit(FAILED);
            return;
        }
        // Inside a hook System.exit never returns, and left alone the JVM ends with 143 on SIGTERM, which reads as a failure.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(drain(service)), "drain"));
        log.info("started");
        awaitForever();
    }

    private static int drain(AutoCloseable service) {
        log.info("draining");
        try {
            service.close();
            log.info("stopped");
            return 0;
        } catch (Exception e) {
            log.error("could not drain: {}", e.getMessage(), e);
            return FAILED;
        }
    }

    /** The threads of some libraries are daemons, so that the main one has to stay. */
    private static void awaitForever() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
