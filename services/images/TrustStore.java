import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/**
 * Writes a trust store of the JDK's own certificates and those of a PEM file, for Maven in an image's build stage, where a network
 * intercepts TLS with a CA of its own: {@code java TrustStore.java FROM.pem TO.p12}.
 *
 * <p>Instead of keytool, which reads one certificate a run: the bundle of a whole machine takes it a minute.
 */
public final class TrustStore {
    /** The JDK's password for what is no secret. */
    private static final char[] PASSWORD = "changeit".toCharArray();

    private TrustStore() {}

    public static void main(String[] arguments) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream own = new FileInputStream(System.getProperty("java.home") + "/lib/security/cacerts")) {
            store.load(own, PASSWORD);
        }
        try (InputStream extra = new FileInputStream(arguments[0])) {
            int number = 0;
            for (Certificate certificate : CertificateFactory.getInstance("X.509").generateCertificates(extra)) {
                store.setCertificateEntry("extra-" + number++, certificate);
            }
        }
        try (OutputStream written = new FileOutputStream(arguments[1])) {
            store.store(written, PASSWORD);
        }
    }
}
