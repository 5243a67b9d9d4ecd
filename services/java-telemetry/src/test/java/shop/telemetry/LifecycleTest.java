package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** In processes of their own: exit codes and signals are what it is about. */
@Timeout(60)
class LifecycleTest {
    /** A service that does as its argument says. */
    public static final class Sample {
        public static void main(String[] arguments) {
            Logging.start("sample", "info", System.out);
            Lifecycle.run(() -> switch (arguments[0]) {
                case "misconfigured" -> throw new InvalidSettings("A and B are missing");
                case "broken" -> throw new IllegalStateException("no database");
                case "undrainable" -> () -> {
                    throw new IllegalStateException("still busy");
                };
                case "waiting" -> new Lifecycle.Service() {
                    @Override
                    public void becomeReady() throws InterruptedException {
                        LoggerFactory.getLogger("shop.sample").info("started waiting");
                        Thread.sleep(60_000);
                    }

                    @Override
                    public void close() {}
                };
                case "failing" -> new Lifecycle.Service() {
                    @Override
                    public void becomeReady() {
                        throw new IllegalStateException("the schema is another's");
                    }

                    @Override
                    public void close() {}
                };
                default -> () -> System.out.println("{\"msg\":\"drained\"}");
            });
        }
    }

    private static Process start(String behaviour) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), Sample.class.getName(), behaviour).start();
    }

    private static List<String> terminated(Process process) throws IOException {
        List<String> lines = new ArrayList<>();
        try (BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.contains("\"started")) {
                    process.toHandle().destroy(); // SIGTERM; Process.destroy would close the output as well
                }
            }
        }
        return lines;
    }

    private static int exitCode(Process process) throws InterruptedException {
        assertTrue(process.waitFor(20, TimeUnit.SECONDS), "it is to stop by itself");
        return process.exitValue();
    }

    @Test
    void aServiceDrainsOnSigtermAndExitsWith0() throws Exception {
        Process process = start("well");
        String lines = String.join("\n", terminated(process));
        assertEquals(0, exitCode(process), lines);
        assertTrue(lines.indexOf("\"draining\"") < lines.indexOf("\"drained\"") && lines.indexOf("\"drained\"") < lines.indexOf("\"stopped\""), lines);
    }

    @Test
    void aServiceThatCannotDrainSaysSoAndExitsWith1() throws Exception {
        Process process = start("undrainable");
        String lines = String.join("\n", terminated(process));
        assertEquals(1, exitCode(process), lines);
        assertTrue(lines.contains("still busy"), lines);
    }

    @Test
    void aServiceThatStillWaitsForItsDatabaseDrainsOnSigterm() throws Exception {
        Process process = start("waiting");
        String lines = String.join("\n", terminated(process));
        assertEquals(0, exitCode(process), lines);
        assertTrue(lines.contains("\"stopped\"") && !lines.contains("\"started\"") && !lines.contains("\"error\""), lines);
    }

    @Test
    void aServiceThatFindsThatItCanNeverBeReadyExitsWith1() throws Exception {
        Process process = start("failing");
        String lines = String.join("\n", terminated(process));
        assertEquals(1, exitCode(process), lines);
        assertTrue(lines.contains("the schema is another's") && lines.contains("\"stopped\""), lines);
    }

    @Test
    void wrongSettingsEndTheProcessWith2AndOneLine() throws Exception {
        Process process = start("misconfigured");
        List<String> lines = terminated(process);
        assertEquals(2, exitCode(process));
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.get(0).contains("A and B are missing"), lines.toString());
    }

    @Test
    void aServiceThatCannotStartExitsWith1() throws Exception {
        Process process = start("broken");
        List<String> lines = terminated(process);
        assertEquals(1, exitCode(process));
        assertTrue(lines.get(0).contains("no database"), lines.toString());
    }
}
