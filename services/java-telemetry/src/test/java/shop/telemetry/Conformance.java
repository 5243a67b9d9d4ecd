package shop.telemetry;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the services of every language have in common, from services/testdata: each language's tests compare with the same files. */
final class Conformance {
    private Conformance() {}

    static JsonObject read(String name) throws IOException {
        return JsonParser.parseString(Files.readString(Path.of("../testdata", name))).getAsJsonObject();
    }
}
