package shop.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void theBucketsAreThoseOfEveryLanguage() throws Exception {
        List<Double> shared = Conformance.read("telemetry.json").getAsJsonArray("buckets").asList().stream()
                .map(JsonElement::getAsDouble).toList();
        assertEquals(shared, Metrics.BUCKETS.stream().map(bucket -> bucket.toMillis() / 1e3).toList());
    }
}
