// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** A server that lets in devices of one product: java Server.java DIRECTORY PRODUCT VERIFY_URL */
public class Server {
  private final HttpClient asker;
  private final URI verifyUrl;
  private final String product;

  Server(HttpClient asker, URI verifyUrl, String product) {
    this.asker = asker;
    this.verifyUrl = verifyUrl;
    this.product = product;
  }

  public static void main(String[] words) throws Exception {
    Path directory = Path.of(words[0]);
    HttpClient asker = HttpClient.newBuilder()
        .sslContext(contextOf(directory, "asker"))
        .connectTimeout(Duration.ofSeconds(5))
        .build();
    Server handler = new Server(asker, URI.create(words[2]), words[1]);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(contextOf(directory, "server")) {
      @Override
      public void configure(HttpsParameters parameters) {
        // 1. A chain to the roots of our devices; Java also demands the purpose of TLS clients.
        SSLParameters tls = getSSLContext().getDefaultSSLParameters();
        tls.setNeedClientAuth(true);
        parameters.setSSLParameters(tls);
      }
    });
    server.createContext("/", handler::answer);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    System.out.println("listening on " + server.getAddress().getPort());
  }

  /** Asks anew for each request, so that a connection that stands does not outlive the trust in its device. */
  private void answer(HttpExchange exchange) throws IOException {
    try {
      Certificate[] chain = ((HttpsExchange) exchange).getSSLSession().getPeerCertificates();
      String verdict = verify(chain[0].getEncoded());
      // No name can say this: within a text of JSON each quote has a backslash before it.
      if (verdict.contains("\"trusted\":true")) {
        send(exchange, 200, "hello " + field(verdict, "serial"));
      } else {
        System.err.println("refused: " + field(verdict, "reason") + ": " + field(verdict, "because"));
        send(exchange, 403, field(verdict, "reason"));
      }
    } catch (Exception error) {
      System.err.println("cannot verify: " + error); // closed: nobody comes in unjudged
      send(exchange, 503, "try again later");
    }
  }

  /** What Vitalsign says of a certificate, DER: 2. not revoked, and 3. of the product that we expect. */
  private String verify(byte[] leaf) throws Exception {
    String chain = Base64.getEncoder().encodeToString(leaf);
    HttpRequest question = HttpRequest.newBuilder(verifyUrl)
        .timeout(Duration.ofSeconds(5))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(
            "{\"chain\":\"" + chain + "\",\"product\":\"" + product + "\"}"))
        .build();
    HttpResponse<String> answer = asker.send(question, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IOException(verifyUrl + " says " + answer.statusCode());
    return answer.body();
  }

  /** A text of a flat JSON object; with a JSON library at hand, use that. */
  private static String field(String json, String name) {
    Matcher found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
    return found.find() ? found.group(1) : "";
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes("UTF-8");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** TLS with the key and chain of this name, believing the roots of roots.pem and no others. */
  private static SSLContext contextOf(Path directory, String name) throws Exception {
    CertificateFactory x509 = CertificateFactory.getInstance("X.509");
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    byte[] key = pem(Files.readString(directory.resolve(name + ".key")));
    byte[] chain = Files.readAllBytes(directory.resolve(name + ".pem"));
    own.setKeyEntry(name, KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)),
        new char[0], x509.generateCertificates(new ByteArrayInputStream(chain)).toArray(new Certificate[0]));
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, new char[0]);
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    byte[] believed = Files.readAllBytes(directory.resolve("roots.pem"));
    for (Certificate root : x509.generateCertificates(new ByteArrayInputStream(believed))) {
      roots.setCertificateEntry("root" + roots.size(), root);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(roots);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static byte[] pem(String text) {
    return Base64.getMimeDecoder().decode(text.replaceAll("-----[^-]+-----", ""));
  }
}
