package shop.telemetry;

/** The environment doesn't say what the service needs to know; the message names every variable concerned. */
public final class InvalidSettings extends RuntimeException {
    public InvalidSettings(String message) {
        super(message);
    }
}
