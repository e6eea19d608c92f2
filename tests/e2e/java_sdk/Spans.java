import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

final class Spans {
  private static final TraceState STATE =
      TraceState.builder().put("rojo", "00f067aa0ba902b7").put("congo", "t61rcWkgMzE").build();
  private static final SpanContext LINKED =
      SpanContext.create(
          "11111111111111111111111111111111",
          "2222222222222222",
          TraceFlags.getSampled(),
          STATE);
  private static final SpanContext REMOTE =
      SpanContext.createFromRemoteParent(
          "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), STATE);

  private Spans() {}

  /** Notes the rows of what is exported: the SDK decides ids and what its limits drop. */
  private record Watched(
      SpanExporter exporter, Exports exports, String service, List<Map<String, Object>> rows)
      implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      spans.forEach(span -> rows.add(row(span, service)));
      return exports.note(exporter.export(spans));
    }

    @Override
    public CompletableResultCode flush() {
      return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
      return exporter.shutdown();
    }
  }

  private static SpanExporter exporter(Send.Target target) {
    return target.grpc()
        ? OtlpGrpcSpanExporter.builder()
            .setEndpoint(target.endpoint(""))
            .setCompression(target.compression())
            .build()
        : OtlpHttpSpanExporter.builder()
            .setEndpoint(target.endpoint("/v1/traces"))
            .setCompression(target.compression())
            .build();
  }

  private static Map<String, Object> row(SpanData span, String service) {
    boolean root = !span.getParentSpanContext().isValid();
    Map<String, Object> row = Values.origin(service);
    row.put("start_time", Long.toString(span.getStartEpochNanos()));
    row.put("end_time", Long.toString(span.getEndEpochNanos()));
    row.put("duration_ns", span.getEndEpochNanos() - span.getStartEpochNanos());
    row.put("trace_id", span.getTraceId());
    row.put("span_id", span.getSpanId());
    row.put("parent_span_id", root ? null : span.getParentSpanId());
    row.put("trace_state", text(span.getSpanContext().getTraceState()));
    row.put("name", span.getName());
    row.put("kind", span.getKind().name());
    row.put("status_code", span.getStatus().getStatusCode().name());
    row.put("status_message", span.getStatus().getDescription());
    row.put("flags", flags(span.getSpanContext(), span.getParentSpanContext().isRemote()));
    row.put("attributes", Values.plain(span.getAttributes()));
    row.put("events", span.getEvents().stream().map(Spans::row).toList());
    row.put("links", span.getLinks().stream().map(Spans::row).toList());
    row.put(
        "dropped_attributes_count", dropped(span.getTotalAttributeCount(), span.getAttributes()));
    row.put("dropped_events_count", span.getTotalRecordedEvents() - span.getEvents().size());
    row.put("dropped_links_count", span.getTotalRecordedLinks() - span.getLinks().size());
    return row;
  }

  private static Map<String, Object> row(EventData event) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("time", Long.toString(event.getEpochNanos()));
    row.put("name", event.getName());
    row.put("attributes", Values.plain(event.getAttributes()));
    row.put("dropped_attributes_count", event.getDroppedAttributesCount());
    return row;
  }

  private static Map<String, Object> row(LinkData link) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("trace_id", link.getSpanContext().getTraceId());
    row.put("span_id", link.getSpanContext().getSpanId());
    row.put("trace_state", text(link.getSpanContext().getTraceState()));
    row.put("flags", flags(link.getSpanContext(), link.getSpanContext().isRemote()));
    row.put("attributes", Values.plain(link.getAttributes()));
    row.put(
        "dropped_attributes_count", dropped(link.getTotalAttributeCount(), link.getAttributes()));
    return row;
  }

  private static int dropped(int total, Attributes kept) {
    return total - kept.size();
  }

  /** W3C trace flags, and that the remote bit is known (0x100) and set (0x200). */
  private static int flags(SpanContext context, boolean remote) {
    return context.getTraceFlags().asByte() | 0x100 | (remote ? 0x200 : 0);
  }

  private static String text(TraceState state) {
    List<String> entries = new ArrayList<>();
    state.forEach((key, value) -> entries.add(key + "=" + value));
    return String.join(",", entries);
  }

  private static Span start(Tracer tracer, String name, SpanKind kind, Context parent, long time) {
    return tracer
        .spanBuilder(name)
        .setSpanKind(kind)
        .setParent(parent)
        .setStartTimestamp(time, TimeUnit.NANOSECONDS)
        .addLink(LINKED, Attributes.of(AttributeKey.stringKey("why"), "batch"))
        .startSpan();
  }

  private static void make(Tracer tracer) {
    long time = Values.BASE;
    Span root = start(tracer, "root", SpanKind.SERVER, Context.root(), time);
    for (SpanKind kind : SpanKind.values()) {
      Context parent = Context.root().with(root);
      Span child = start(tracer, "child ünï", kind, parent, time + kind.ordinal());
      child.setAllAttributes(Values.everyType());
      child.addEvent("started", Values.everyType(), time, TimeUnit.NANOSECONDS);
      child.recordException(new IllegalStateException("boom"));
      child.setStatus(StatusCode.values()[kind.ordinal() % 3], "went wrong");
      child.end(time + 1000 + kind.ordinal(), TimeUnit.NANOSECONDS);
    }
    Context remote = Context.root().with(Span.wrap(REMOTE));
    start(tracer, "of a remote parent", SpanKind.INTERNAL, remote, time)
        .end(time, TimeUnit.NANOSECONDS);

    Span cut = start(tracer, "beyond the limits", SpanKind.CONSUMER, Context.root(), time);
    for (int index = 0; index < 25; index++) {
      cut.setAttribute("a" + index, index);
      cut.addEvent("event " + index, time, TimeUnit.NANOSECONDS);
      cut.addLink(LINKED);
    }
    cut.end(time + 1, TimeUnit.NANOSECONDS);
    root.end(time + 2000, TimeUnit.NANOSECONDS);
  }

  static List<Map<String, Object>> send(Send.Target target) {
    Exports exports = new Exports();
    List<Map<String, Object>> rows = new ArrayList<>();
    SpanLimits limits =
        SpanLimits.builder()
            .setMaxNumberOfAttributes(20)
            .setMaxNumberOfEvents(4)
            .setMaxNumberOfLinks(2)
            .build();
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(Values.resource(target.service()))
            .setSpanLimits(limits)
            .addSpanProcessor(
                BatchSpanProcessor.builder(
                        new Watched(exporter(target), exports, target.service(), rows))
                    .build())
            .build();
    make(
        provider
            .tracerBuilder(Values.SCOPE_NAME)
            .setInstrumentationVersion(Values.SCOPE_VERSION)
            .setSchemaUrl(Values.SCHEMA)
            .build());
    provider.close();
    exports.requireSuccess();
    return rows;
  }
}
