package main

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	api "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"
)

var bodies = []attribute.Value{
	attribute.StringValue("plain text"),
	attribute.StringValue(""),
	attribute.StringValue("ünï © 漢字 🚀 \"quoted\" \\ back\n\ttab"),
	attribute.Int64Value(-42),
	attribute.Float64Value(0.5),
	attribute.BoolValue(true),
	attribute.ByteSliceValue([]byte{0, 255}),
	attribute.SliceValue(attribute.StringValue("a"), attribute.IntValue(1), attribute.BoolValue(false)),
	attribute.MapValue(attribute.Map("nested", attribute.IntSlice("deep", []int{1, 2})), attribute.String("dotted.key", "y")),
	attribute.StringValue(strings.Repeat("x", 10000)),
}

func logExporter(ctx context.Context, protocol string) (log.Exporter, error) {
	if protocol == "grpc" {
		return otlploggrpc.New(ctx)
	}
	return otlploghttp.New(ctx)
}

func spanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0x0a, 0xf7, 15: 0x9c}, SpanID: trace.SpanID{0xb7, 7: 0x31}, TraceFlags: trace.FlagsSampled,
	})
}

// emit sends the record of `index` and returns the row that it is.
func emit(ctx context.Context, logger api.Logger, service string, index int) row {
	moment := base.Add(time.Duration(index) * time.Second)
	attributes := append(everyType(), attribute.Int("index", index))
	var record api.Record
	record.SetTimestamp(moment)
	record.SetObservedTimestamp(moment.Add(time.Nanosecond))
	record.SetSeverity(api.Severity(1 + 2*index))
	record.SetSeverityText("LEVEL")
	record.SetBody(bodies[index])
	record.AddAttributes(attributes...)
	expected := origin(service, row{
		"time":                     nanoseconds(moment),
		"observed_time":            nanoseconds(moment.Add(time.Nanosecond)),
		"severity_number":          1 + 2*index,
		"severity_text":            "LEVEL",
		"body":                     plain(bodies[index]),
		"attributes":               plainAttributes(attributes),
		"event_name":               "",
		"trace_id":                 nil,
		"span_id":                  nil,
		"trace_flags":              0,
		"dropped_attributes_count": 0,
	})
	if index == 3 {
		record.SetEventName("e2e.event")
		expected["event_name"] = "e2e.event"
	}
	if index%2 == 0 {
		ctx = trace.ContextWithSpanContext(ctx, spanContext())
		expected["trace_id"] = spanContext().TraceID().String()
		expected["span_id"] = spanContext().SpanID().String()
		expected["trace_flags"] = 1
	}
	logger.Emit(ctx, record)
	return expected
}

func sendLogs(ctx context.Context, sent *combination) error {
	exporter, err := logExporter(ctx, sent.Protocol)
	if err != nil {
		return err
	}
	provider := log.NewLoggerProvider(
		log.WithResource(resourceOf(sent.Service)), log.WithProcessor(log.NewBatchProcessor(exporter)))
	logger := provider.Logger(scopeName, api.WithInstrumentationVersion(scopeVersion),
		api.WithSchemaURL(scopeSchema), api.WithInstrumentationAttributeSet(scopeAttributes))
	for index := range bodies {
		sent.Rows = append(sent.Rows, emit(ctx, logger, sent.Service, index))
	}
	return provider.Shutdown(ctx)
}
