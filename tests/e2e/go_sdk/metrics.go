package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	api "go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"
)

// metricWatch notes the rows of the points that are exported: the SDK decides times and buckets.
type metricWatch struct {
	sdk.Exporter
	sent *combination
}

func (w metricWatch) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	for _, scope := range metrics.ScopeMetrics {
		for _, metric := range scope.Metrics {
			points, err := pointRows(metric.Data)
			if err != nil {
				return fmt.Errorf("%s: %w", metric.Name, err)
			}
			for _, point := range points {
				point["name"], point["description"], point["unit"] = metric.Name, metric.Description, metric.Unit
				w.sent.Rows = append(w.sent.Rows, origin(w.sent.Service, point))
			}
		}
	}
	return w.Exporter.Export(ctx, metrics)
}

func metricExporter(ctx context.Context, protocol string) (sdk.Exporter, error) {
	if protocol == "grpc" {
		return otlpmetricgrpc.New(ctx)
	}
	return otlpmetrichttp.New(ctx)
}

func pointRows(data metricdata.Aggregation) ([]row, error) {
	switch found := data.(type) {
	case metricdata.Gauge[int64]:
		return numberRows(found.DataPoints, row{"type": "gauge"}), nil
	case metricdata.Gauge[float64]:
		return numberRows(found.DataPoints, row{"type": "gauge"}), nil
	case metricdata.Sum[int64]:
		return numberRows(found.DataPoints, sumColumns(found.Temporality, found.IsMonotonic)), nil
	case metricdata.Sum[float64]:
		return numberRows(found.DataPoints, sumColumns(found.Temporality, found.IsMonotonic)), nil
	case metricdata.Histogram[float64]:
		return histogramRows(found), nil
	case metricdata.ExponentialHistogram[float64]:
		return exponentialRows(found), nil
	default:
		return nil, fmt.Errorf("unexpected %T", data)
	}
}

func temporalityName(temporality metricdata.Temporality) string {
	return strings.ToUpper(strings.TrimSuffix(temporality.String(), "Temporality"))
}

func sumColumns(temporality metricdata.Temporality, monotonic bool) row {
	return row{"type": "sum", "is_monotonic": monotonic, "aggregation_temporality": temporalityName(temporality)}
}

// number is the columns of a value: value_int holds what a double cannot.
func number[N int64 | float64](value N) row {
	if integer, is := any(value).(int64); is {
		return row{"value": float64(integer), "value_int": integer}
	}
	return row{"value": value, "value_int": nil}
}

func exemplarRows[N int64 | float64](exemplars []metricdata.Exemplar[N]) []row {
	rows := []row{}
	for _, exemplar := range exemplars {
		columns := number(exemplar.Value)
		columns["time"] = nanoseconds(exemplar.Time)
		columns["trace_id"] = hex.EncodeToString(exemplar.TraceID)
		columns["span_id"] = hex.EncodeToString(exemplar.SpanID)
		columns["attributes"] = plainAttributes(exemplar.FilteredAttributes)
		rows = append(rows, columns)
	}
	return rows
}

func numberRows[N int64 | float64](points []metricdata.DataPoint[N], same row) []row {
	rows := []row{}
	for _, point := range points {
		columns := number(point.Value)
		for name, value := range same {
			columns[name] = value
		}
		columns["time"], columns["start_time"] = nanoseconds(point.Time), nanoseconds(point.StartTime)
		columns["attributes"] = plainAttributes(point.Attributes.ToSlice())
		columns["exemplars"] = exemplarRows(point.Exemplars)
		rows = append(rows, columns)
	}
	return rows
}

func extremum(found metricdata.Extrema[float64]) any {
	if value, defined := found.Value(); defined {
		return value
	}
	return nil
}

func histogramRows(histogram metricdata.Histogram[float64]) []row {
	rows := []row{}
	for _, point := range histogram.DataPoints {
		rows = append(rows, row{
			"type":                    "histogram",
			"aggregation_temporality": temporalityName(histogram.Temporality),
			"time":                    nanoseconds(point.Time),
			"start_time":              nanoseconds(point.StartTime),
			"attributes":              plainAttributes(point.Attributes.ToSlice()),
			"count":                   point.Count,
			"sum":                     point.Sum,
			"min":                     extremum(point.Min),
			"max":                     extremum(point.Max),
			"bucket_counts":           slices.Clone(point.BucketCounts),
			"explicit_bounds":         slices.Clone(point.Bounds),
			"exemplars":               exemplarRows(point.Exemplars),
		})
	}
	return rows
}

func exponentialRows(histogram metricdata.ExponentialHistogram[float64]) []row {
	rows := []row{}
	for _, point := range histogram.DataPoints {
		rows = append(rows, row{
			"type":                    "exponential_histogram",
			"aggregation_temporality": temporalityName(histogram.Temporality),
			"time":                    nanoseconds(point.Time),
			"start_time":              nanoseconds(point.StartTime),
			"attributes":              plainAttributes(point.Attributes.ToSlice()),
			"count":                   point.Count,
			"sum":                     point.Sum,
			"min":                     extremum(point.Min),
			"max":                     extremum(point.Max),
			"scale":                   point.Scale,
			"zero_count":              point.ZeroCount,
			"zero_threshold":          point.ZeroThreshold,
			"positive_offset":         point.PositiveBucket.Offset,
			"positive_counts":         append([]uint64{}, point.PositiveBucket.Counts...),
			"negative_offset":         point.NegativeBucket.Offset,
			"negative_counts":         append([]uint64{}, point.NegativeBucket.Counts...),
			"exemplars":               exemplarRows(point.Exemplars),
		})
	}
	return rows
}

func record(ctx context.Context, meter api.Meter) error {
	requests, err1 := meter.Int64Counter("e2e.requests", api.WithDescription("Requests."), api.WithUnit("{request}"))
	seconds, err2 := meter.Float64Counter("e2e.seconds", api.WithUnit("s"))
	queue, err3 := meter.Int64UpDownCounter("e2e.queue")
	temperature, err4 := meter.Float64Gauge("e2e.temperature", api.WithUnit("Cel"))
	_, err5 := meter.Int64ObservableGauge("e2e.observed", api.WithInt64Callback(
		func(_ context.Context, observer api.Int64Observer) error {
			observer.Observe(-1, api.WithAttributes(attribute.String("from", "callback")))
			return nil
		}))
	latency, err6 := meter.Float64Histogram("e2e.latency", api.WithExplicitBucketBoundaries(1, 2.5, 10, 100))
	exponential, err7 := meter.Float64Histogram("e2e.exponential", api.WithUnit("By"))
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return err
	}
	ctx = trace.ContextWithSpanContext(ctx, spanContext()) // measurements of a sampled span become exemplars
	requests.Add(ctx, 3, api.WithAttributes(attribute.String("route", "/a"), attribute.String("user", "u1")))
	requests.Add(ctx, 1<<53+1, api.WithAttributes(attribute.String("route", "/large")))
	seconds.Add(ctx, 0.30000000000000004, api.WithAttributes(everyType()...))
	queue.Add(ctx, -8, api.WithAttributes(attribute.String("name", "q")))
	temperature.Record(ctx, -273.15, api.WithAttributes(attribute.String("room", "ünï")))
	for _, value := range []float64{0.5, 1, 2, 3, 50, 1000, 12.25} {
		latency.Record(ctx, value, api.WithAttributes(attribute.String("route", "/a")))
	}
	for _, value := range []float64{0, 1, 2, 3, -1000, 0.001, 7.5} {
		exponential.Record(ctx, value)
	}
	return nil
}

func views() sdk.Option {
	routeOnly := attribute.NewAllowKeysFilter("route") // what it filters out stands in the exemplars
	return sdk.WithView(
		sdk.NewView(sdk.Instrument{Name: "e2e.requests"}, sdk.Stream{AttributeFilter: routeOnly}),
		sdk.NewView(sdk.Instrument{Name: "e2e.exponential"},
			sdk.Stream{Aggregation: sdk.AggregationBase2ExponentialHistogram{MaxSize: 20, MaxScale: 20}}))
}

func sendMetrics(ctx context.Context, sent *combination) error {
	exporter, err := metricExporter(ctx, sent.Protocol)
	if err != nil {
		return err
	}
	reader := sdk.NewPeriodicReader(metricWatch{exporter, sent}, sdk.WithInterval(time.Hour))
	provider := sdk.NewMeterProvider(sdk.WithResource(resourceOf(sent.Service)), sdk.WithReader(reader), views())
	meter := provider.Meter(scopeName, api.WithInstrumentationVersion(scopeVersion),
		api.WithSchemaURL(scopeSchema), api.WithInstrumentationAttributeSet(scopeAttributes))
	return errors.Join(record(ctx, meter), provider.Shutdown(ctx)) // which collects and exports
}
