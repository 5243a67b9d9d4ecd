package shop.fulfilment;

import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.Message;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pulls a consumer's messages and has them handled one after the other, in a thread of its own, until it is stopped. */
final class Subscription {
    private static final Logger log = LoggerFactory.getLogger(Subscription.class);
    /** Few, so that none waits here for longer than the consumer's ack wait; a batch ends after a second, full or not. */
    private static final FetchConsumeOptions BATCH = FetchConsumeOptions.builder().maxMessages(10).expiresIn(1_000).build();
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final String name;
    private final Callable<ConsumerContext> consumer;
    private final Consumer<Delivery> handler;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread;

    /** @param consumer makes or finds the consumer; asked again when it got lost */
    Subscription(String name, Callable<ConsumerContext> consumer, Consumer<Delivery> handler) {
        this.name = name;
        this.consumer = consumer;
        this.handler = handler;
        this.thread = new Thread(this::run, name);
        thread.start();
    }

    boolean isRunning() {
        return thread.isAlive() && stopping.getCount() > 0;
    }

    /** Asks for no more messages. */
    void stop() {
        stopping.countDown();
    }

    /**
     * Waits until those that have arrived are handled.
     *
     * @return false when that takes longer; what is left will be delivered again, to somebody else
     */
    boolean awaitEnd(Duration timeout) throws InterruptedException {
        thread.join(Math.max(1, timeout.toMillis()));
        return !thread.isAlive();
    }

    private void run() {
        while (stopping.getCount() > 0) {
            try {
                consume();
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                log.atWarn().addKeyValue("subscription", name).setCause(e).log("the subscription was lost and will be made again");
                pause();
            }
        }
    }

    /** Batch after batch, each to its end: the client's endless iterator forgets what it has received when it is stopped. */
    private void consume() throws Exception {
        ConsumerContext context = consumer.call();
        while (stopping.getCount() > 0) {
            try (FetchConsumer batch = context.fetch(BATCH)) {
                for (Message message = batch.nextMessage(); message != null; message = batch.nextMessage()) {
                    handler.accept(new NatsDelivery(message));
                }
            }
        }
    }

    private void pause() {
        try {
            stopping.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
