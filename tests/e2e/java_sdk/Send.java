import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends logs, spans and metrics with the OpenTelemetry SDK for Java over gRPC and HTTP, and prints
 * what was sent: one line of JSON a combination, with rows in the columns of strata's views. Times
 * are nanoseconds as text, attributes plain values.
 *
 * <pre>java Send (gRPC host:port) (HTTP host:port)</pre>
 */
final class Send {
  /** One of the twelve combinations: where to, how, and as which service. */
  record Target(String signal, String protocol, String compression, String address) {
    boolean grpc() {
      return protocol.equals("grpc");
    }

    /** What the exporters take: gRPC has no path. */
    String endpoint(String path) {
      return "http://" + address + (grpc() ? "" : path);
    }

    boolean delta() {
      return compression.equals("gzip");
    }

    String service() {
      return String.join("-", "java", signal, protocol, compression);
    }
  }

  interface Sender {
    /** Returns the rows that it sent. */
    List<Map<String, Object>> send(Target target);
  }

  private static final Map<String, Sender> SENDERS = new LinkedHashMap<>();

  static {
    SENDERS.put("logs", Logs::send);
    SENDERS.put("spans", Spans::send);
    SENDERS.put("metrics", Metrics::send);
  }

  private Send() {}

  private static Map<String, Object> line(Target target, Sender sender) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("signal", target.signal());
    line.put("protocol", target.protocol());
    line.put("compression", target.compression());
    line.put("service", target.service());
    try {
      line.put("rows", sender.send(target));
    } catch (RuntimeException failure) {
      line.put("rows", List.of());
      line.put("error", failure + " " + failure.getCause());
    }
    return line;
  }

  public static void main(String[] arguments) {
    if (arguments.length != 2) {
      System.err.println("usage: java Send <gRPC host:port> <HTTP host:port>");
      System.exit(2);
    }
    SENDERS.forEach(
        (signal, sender) -> {
          for (String protocol : List.of("grpc", "http")) {
            String address = arguments[protocol.equals("grpc") ? 0 : 1];
            for (String compression : List.of("none", "gzip")) {
              Target target = new Target(signal, protocol, compression, address);
              System.out.println(Values.json(line(target, sender)));
            }
          }
        });
  }
}
