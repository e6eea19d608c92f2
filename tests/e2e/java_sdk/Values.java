import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.sdk.resources.Resource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the three signals share: the resource, attributes of every type, and values as JSON. */
final class Values {
  static final String SCOPE_NAME = "e2e.scope";
  static final String SCOPE_VERSION = "1.2.3";
  static final String SCHEMA = "https://opentelemetry.io/schemas/1.30.0";
  static final long BASE = 1_763_600_000_123_456_789L;

  private Values() {}

  static Resource resource(String service) {
    Attributes attributes =
        Attributes.builder()
            .put("service.name", service)
            .put("host.cpus", 8)
            .put("host.load", 0.25)
            .put("host.virtual", true)
            .put("process.command_args", "Send", "ünï © 漢字 🚀")
            .build();
    return Resource.create(attributes, SCHEMA);
  }

  /** What a row says about where it came from. */
  static Map<String, Object> origin(String service) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("service_name", service);
    row.put("resource_attributes", plain(resource(service).getAttributes()));
    row.put("resource_schema_url", SCHEMA);
    row.put("scope_name", SCOPE_NAME);
    row.put("scope_version", SCOPE_VERSION);
    row.put("scope_schema_url", SCHEMA);
    return row;
  }

  static Attributes everyType() {
    return Attributes.builder()
        .put("http.route", "/api/cart")
        .put("empty", "")
        .put("int.smallest", Long.MIN_VALUE)
        .put("int.largest", Long.MAX_VALUE)
        .put("double.tenth", 0.1)
        .put("double.tiny", Double.MIN_VALUE)
        .put("yes", true)
        .put("no", false)
        .put("strings", "x", "", "ünï")
        .put("ints", 1L, -2L, 1L << 62)
        .put("doubles", 0.5, -1.25)
        .put("booleans", true, false)
        .put(AttributeKey.valueKey("bytes"), Value.of(new byte[] {0, (byte) 255, 10}))
        .put(
            AttributeKey.valueKey("map"),
            Value.of(
                KeyValue.of("inner", Value.of("v")),
                KeyValue.of("list", Value.of(Value.of(1), Value.of("two")))))
        .put("key with 'quotes' and ünïcode", "value")
        .build();
  }

  static Map<String, Object> plain(Attributes attributes) {
    Map<String, Object> values = new LinkedHashMap<>();
    attributes.forEach(
        (key, value) -> values.put(key.getKey(), value instanceof Value<?> v ? plain(v) : value));
    return values;
  }

  /** The value as SQL shows it: bytes as base64. */
  static Object plain(Value<?> value) {
    if (value.getValue() instanceof ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return Base64.getEncoder().encodeToString(bytes);
    }
    if (!(value.getValue() instanceof List<?> elements)) {
      return value.getValue();
    }
    List<Object> list = new ArrayList<>();
    Map<String, Object> map = new LinkedHashMap<>();
    for (Object element : elements) {
      if (element instanceof KeyValue pair) {
        map.put(pair.getKey(), plain(pair.getValue()));
      } else {
        list.add(plain((Value<?>) element));
      }
    }
    return map.isEmpty() ? list : map;
  }

  static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Iterable<?> list) {
      List<String> elements = new ArrayList<>();
      list.forEach(element -> elements.add(json(element)));
      return "[" + String.join(",", elements) + "]";
    }
    return value instanceof String text ? quoted(text) : String.valueOf(value);
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\' || c < ' ' || c > '~') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
