package shop.telemetry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads settings from environment variables and remembers every problem, so that one run of a service names them all. Values are
 * never repeated, because some of them are secrets.
 *
 * <p>After a problem the methods return a placeholder; call {@link #check()} before a value is used.
 */
public final class Settings {
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
    private static final Pattern DURATION_PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h)");
    private static final Map<String, Long> MILLIS = Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L);

    private final Map<String, String> environment;
    private final List<String> missing = new ArrayList<>();
    private final List<String> invalid = new ArrayList<>();

    public Settings(Map<String, String> environment) {
        this.environment = environment;
    }

    /** The service's name in logs and traces: OTEL_SERVICE_NAME, or its own. */
    public static String serviceName(Map<String, String> environment, String own) {
        return new Settings(environment).optional("OTEL_SERVICE_NAME", own);
    }

    /** A variable that has to be there; an empty one counts as missing. */
    public String required(String name) {
        String value = environment.getOrDefault(name, "");
        if (value.isEmpty()) {
            missing.add(name);
        }
        return value;
    }

    public String optional(String name, String fallback) {
        String value = environment.getOrDefault(name, "");
        return value.isEmpty() ? fallback : value;
    }

    /** A whole number of at least {@code least}. */
    public int number(String name, int fallback, int least) {
        return parsed(name, fallback, "a whole number of " + least + " or more", text -> {
            int number = Integer.parseInt(text);
            if (number < least) {
                throw new IllegalArgumentException();
            }
            return number;
        });
    }

    public int requiredNumber(String name, int least) {
        required(name);
        return number(name, least, least);
    }

    /** A TCP port; 0 lets the system choose one. */
    public int port(String name, int fallback) {
        return parsed(name, fallback, "a port from 0 to 65535", text -> {
            if (!PORT.matcher(text).matches() || Integer.parseInt(text) > 65_535) {
                throw new IllegalArgumentException();
            }
            return Integer.parseInt(text);
        });
    }

    /** A positive duration as Go and the catalogue write it: {@code 30s}, {@code 72h}, {@code 1m30s}, {@code 250ms}. */
    public Duration duration(String name, Duration fallback) {
        return parsed(name, fallback, "a positive duration such as 300ms, 5s or 72h", Settings::parseDuration);
    }

    public Duration requiredDuration(String name) {
        required(name);
        return duration(name, Duration.ZERO);
    }

    /** One of the words allowed, in lower case. */
    public String word(String name, String fallback, List<String> allowed) {
        return parsed(name, fallback, "one of " + String.join(", ", allowed), text -> {
            String word = text.toLowerCase(Locale.ROOT);
            if (!allowed.contains(word)) {
                throw new IllegalArgumentException();
            }
            return word;
        });
    }

    /**
     * Ends the reading.
     *
     * @throws InvalidSettings when any variable was missing or malformed; its message names them all
     */
    public void check() {
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) {
            problems.add("missing environment variables: " + String.join(", ", missing));
        }
        problems.addAll(invalid);
        if (!problems.isEmpty()) {
            throw new InvalidSettings(String.join("; ", problems));
        }
    }

    private <T> T parsed(String name, T fallback, String expected, Function<String, T> parse) {
        String text = optional(name, null);
        if (text == null) {
            return fallback;
        }
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            invalid.add(name + " must be " + expected);
            return fallback;
        }
    }

    private static Duration parseDuration(String text) {
        Matcher part = DURATION_PART.matcher(text);
        double millis = 0;
        int end = 0;
        while (part.find() && part.start() == end) {
            millis += Double.parseDouble(part.group(1)) * MILLIS.get(part.group(2));
            end = part.end();
        }
        if (end != text.length() || millis < 1) {
            throw new IllegalArgumentException();
        }
        return Duration.ofMillis(Math.round(millis));
    }
}
