import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.LogRecordBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

final class Logs {
  private static final List<Value<?>> BODIES =
      List.of(
          Value.of("plain text"),
          Value.of(""),
          Value.of("ünï © 漢字 🚀 \"quoted\" \\ back\n\ttab"),
          Value.of(-42),
          Value.of(0.5),
          Value.of(true),
          Value.of(new byte[] {0, (byte) 255}),
          Value.of(Value.of("a"), Value.of(1), Value.of(false)),
          Value.of(
              KeyValue.of("nested", Value.of(KeyValue.of("deep", Value.of(Value.of(1))))),
              KeyValue.of("dotted.key", Value.of("y"))),
          Value.of("x".repeat(10000)));

  static final SpanContext CONTEXT =
      SpanContext.create(
          "0af7651916cd43dd8448eb211c80319c",
          "b7ad6b7169203331",
          TraceFlags.getSampled(),
          TraceState.getDefault());

  private Logs() {}

  private record Watched(LogRecordExporter exporter, Exports exports) implements LogRecordExporter {
    @Override
    public CompletableResultCode export(Collection<LogRecordData> records) {
      return exports.note(exporter.export(records));
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

  private static LogRecordExporter exporter(Send.Target target) {
    return target.grpc()
        ? OtlpGrpcLogRecordExporter.builder()
            .setEndpoint(target.endpoint(""))
            .setCompression(target.compression())
            .build()
        : OtlpHttpLogRecordExporter.builder()
            .setEndpoint(target.endpoint("/v1/logs"))
            .setCompression(target.compression())
            .build();
  }

  /** Emits the record of `index` and returns the row that it is. */
  private static Map<String, Object> emit(Logger logger, String service, int index) {
    long time = Values.BASE + index;
    boolean traced = index % 2 == 0;
    Attributes attributes = Values.everyType().toBuilder().put("index", index).build();
    String event = index == 3 ? "e2e.event" : "";
    LogRecordBuilder builder = logger.logRecordBuilder();
    if (!event.isEmpty()) {
      builder.setEventName(event);
    }
    builder
        .setTimestamp(time, TimeUnit.NANOSECONDS)
        .setObservedTimestamp(time + 1, TimeUnit.NANOSECONDS)
        .setSeverity(Severity.values()[1 + 2 * index])
        .setSeverityText("LEVEL")
        .setBody(BODIES.get(index))
        .setAllAttributes(attributes)
        .setContext(traced ? Context.root().with(Span.wrap(CONTEXT)) : Context.root())
        .emit();

    Map<String, Object> row = Values.origin(service);
    row.put("time", Long.toString(time));
    row.put("observed_time", Long.toString(time + 1));
    row.put("severity_number", 1 + 2 * index);
    row.put("severity_text", "LEVEL");
    row.put("body", Values.plain(BODIES.get(index)));
    row.put("attributes", Values.plain(attributes));
    row.put("event_name", event);
    row.put("trace_id", traced ? CONTEXT.getTraceId() : null);
    row.put("span_id", traced ? CONTEXT.getSpanId() : null);
    row.put("trace_flags", traced ? 1 : 0);
    row.put("dropped_attributes_count", 0);
    return row;
  }

  static List<Map<String, Object>> send(Send.Target target) {
    Exports exports = new Exports();
    SdkLoggerProvider provider =
        SdkLoggerProvider.builder()
            .setResource(Values.resource(target.service()))
            .addLogRecordProcessor(
                BatchLogRecordProcessor.builder(new Watched(exporter(target), exports)).build())
            .build();
    Logger logger =
        provider
            .loggerBuilder(Values.SCOPE_NAME)
            .setInstrumentationVersion(Values.SCOPE_VERSION)
            .setSchemaUrl(Values.SCHEMA)
            .build();
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int index = 0; index < BODIES.size(); index++) {
      rows.add(emit(logger, target.service(), index));
    }
    provider.close();
    exports.requireSuccess();
    return rows;
  }
}
