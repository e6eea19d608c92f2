package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// spanWatch notes the rows of the spans that are exported: the SDK decides ids and what its limits drop.
type spanWatch struct {
	sdk.SpanExporter
	sent *combination
}

func (w spanWatch) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	for _, span := range spans {
		w.sent.Rows = append(w.sent.Rows, spanRow(span, w.sent.Service))
	}
	return w.SpanExporter.ExportSpans(ctx, spans)
}

func spanExporter(ctx context.Context, protocol string) (sdk.SpanExporter, error) {
	if protocol == "grpc" {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// W3C trace flags, and that the remote bit is known (0x100) and set (0x200).
func spanFlags(flags trace.TraceFlags, remote bool) int {
	known := int(flags) | 0x100
	if remote {
		known |= 0x200
	}
	return known
}

func spanRow(span sdk.ReadOnlySpan, service string) row {
	own := span.SpanContext()
	var parent any
	if span.Parent().SpanID().IsValid() {
		parent = span.Parent().SpanID().String()
	}
	return origin(service, row{
		"start_time":               nanoseconds(span.StartTime()),
		"end_time":                 nanoseconds(span.EndTime()),
		"duration_ns":              span.EndTime().Sub(span.StartTime()).Nanoseconds(),
		"trace_id":                 own.TraceID().String(),
		"span_id":                  own.SpanID().String(),
		"parent_span_id":           parent,
		"trace_state":              own.TraceState().String(),
		"name":                     span.Name(),
		"kind":                     strings.ToUpper(span.SpanKind().String()),
		"status_code":              strings.ToUpper(span.Status().Code.String()),
		"status_message":           span.Status().Description,
		"flags":                    spanFlags(own.TraceFlags(), span.Parent().IsRemote()),
		"attributes":               plainAttributes(span.Attributes()),
		"events":                   eventRows(span.Events()),
		"links":                    linkRows(span.Links()),
		"dropped_attributes_count": span.DroppedAttributes(),
		"dropped_events_count":     span.DroppedEvents(),
		"dropped_links_count":      span.DroppedLinks(),
	})
}

func eventRows(events []sdk.Event) []row {
	rows := []row{}
	for _, event := range events {
		rows = append(rows, row{
			"time":                     nanoseconds(event.Time),
			"name":                     event.Name,
			"attributes":               plainAttributes(event.Attributes),
			"dropped_attributes_count": event.DroppedAttributeCount,
		})
	}
	return rows
}

// Without the trace state of a link, which the exporter leaves out.
func linkRows(links []sdk.Link) []row {
	rows := []row{}
	for _, link := range links {
		rows = append(rows, row{
			"trace_id":                 link.SpanContext.TraceID().String(),
			"span_id":                  link.SpanContext.SpanID().String(),
			"flags":                    spanFlags(link.SpanContext.TraceFlags(), link.SpanContext.IsRemote()),
			"attributes":               plainAttributes(link.Attributes),
			"dropped_attributes_count": link.DroppedAttributeCount,
		})
	}
	return rows
}

func makeSpans(ctx context.Context, tracer trace.Tracer) error {
	link := trace.Link{SpanContext: spanContext(), Attributes: []attribute.KeyValue{attribute.String("why", "batch")}}
	end := trace.WithTimestamp(base.Add(time.Second))

	inRoot, root := tracer.Start(ctx, "root", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(base), trace.WithAttributes(everyType()...))
	for kind := trace.SpanKindInternal; kind <= trace.SpanKindConsumer; kind++ {
		moment := base.Add(time.Duration(kind) * time.Microsecond)
		_, child := tracer.Start(inRoot, fmt.Sprintf("child %d ünï", kind), trace.WithSpanKind(kind),
			trace.WithTimestamp(moment), trace.WithLinks(link))
		child.AddEvent("started", trace.WithTimestamp(moment), trace.WithAttributes(everyType()...))
		child.RecordError(errors.New("boom"), trace.WithTimestamp(moment))
		child.SetStatus(codes.Code(kind%3), "went wrong")
		child.End(end)
	}
	root.End(end)

	state, err := trace.ParseTraceState("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
	if err != nil {
		return err
	}
	remote := trace.ContextWithRemoteSpanContext(ctx, spanContext().WithTraceState(state))
	_, child := tracer.Start(remote, "of a remote parent", trace.WithTimestamp(base))
	child.End(trace.WithTimestamp(base))

	_, cut := tracer.Start(ctx, "beyond the limits", trace.WithTimestamp(base), trace.WithLinks(link, link, link))
	for index := range 25 {
		cut.SetAttributes(attribute.Int(fmt.Sprintf("a%d", index), index))
		cut.AddEvent("event", trace.WithTimestamp(base))
	}
	cut.End(end)
	return nil
}

func sendSpans(ctx context.Context, sent *combination) error {
	exporter, err := spanExporter(ctx, sent.Protocol)
	if err != nil {
		return err
	}
	limits := sdk.NewSpanLimits()
	limits.AttributeCountLimit, limits.EventCountLimit, limits.LinkCountLimit = 20, 4, 2
	provider := sdk.NewTracerProvider(sdk.WithResource(resourceOf(sent.Service)), sdk.WithRawSpanLimits(limits),
		sdk.WithBatcher(spanWatch{exporter, sent}))
	tracer := provider.Tracer(scopeName, trace.WithInstrumentationVersion(scopeVersion),
		trace.WithSchemaURL(scopeSchema), trace.WithInstrumentationAttributeSet(scopeAttributes))
	return errors.Join(makeSpans(ctx, tracer), provider.Shutdown(ctx))
}
