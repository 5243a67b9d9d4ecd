import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.Executors;

/** A service whose code knows nothing of traces: what it is asked, it asks itself once more. */
final class Untraced {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/asked", exchange -> answer(exchange, ask(port)));
        server.createContext("/headers", exchange -> answer(exchange, headers(exchange)));
        server.createContext("/owner", exchange -> answer(exchange, System.getProperty("owner", "nobody")));
        server.start();
    }

    private static String ask(int port) throws IOException {
        URI headers = URI.create("http://127.0.0.1:" + port + "/headers");
        try {
            return CLIENT.send(HttpRequest.newBuilder(headers).build(), HttpResponse.BodyHandlers.ofString()).body();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static String headers(HttpExchange exchange) {
        StringBuilder text = new StringBuilder();
        exchange.getRequestHeaders().forEach((name, values) ->
                text.append(name.toLowerCase()).append(": ").append(String.join(", ", values)).append('\n'));
        return text.toString();
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
        byte[] body = text.getBytes();
        exchange.sendResponseHeaders(200, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
