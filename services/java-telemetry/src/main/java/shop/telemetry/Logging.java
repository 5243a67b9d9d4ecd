package shop.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Logs as JSON lines. Configured by code: an XML file would be parsed at every start. */
public final class Logging {
    /** What LOG_LEVEL may say. */
    public static final List<String> LEVELS = List.of("debug", "info", "warn", "error");

    private Logging() {}

    /**
     * Sends every log event, those of java.util.logging too, to {@code output}.
     *
     * @param level for the shop's own loggers; libraries log at info or above, whatever it says
     */
    public static void start(String service, String level, OutputStream output) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        JsonEncoder encoder = new JsonEncoder(service);
        encoder.setContext(context);
        encoder.start();
        OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.setOutputStream(new Unclosable(output));
        appender.start();
        Level own = Level.toLevel(level);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(own.isGreaterOrEqual(Level.INFO) ? own : Level.INFO);
        root.addAppender(appender);
        context.getLogger("shop").setLevel(own);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    /** An appender closes its stream when logging is started anew; standard output has to stay open. */
    private static final class Unclosable extends FilterOutputStream {
        Unclosable(OutputStream output) {
            super(output);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length); // in one piece: the inherited method writes byte by byte
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
