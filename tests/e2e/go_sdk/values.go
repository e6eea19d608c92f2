package main

import (
	"maps"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

const (
	scopeName    = "e2e.scope"
	scopeVersion = "1.2.3"
	scopeSchema  = "https://opentelemetry.io/schemas/1.30.0"
)

var base = time.Unix(1763600000, 123456789)

var scopeAttributes = attribute.NewSet(attribute.String("library.flavour", "e2e"))

func resourceOf(service string) *resource.Resource {
	return resource.NewWithAttributes(scopeSchema,
		attribute.String("service.name", service),
		attribute.Int("host.cpus", 8),
		attribute.Float64("host.load", 0.25),
		attribute.Bool("host.virtual", true),
		attribute.StringSlice("process.command_args", []string{"send", "ünï © 漢字 🚀"}),
	)
}

// origin is what every row says about where it came from, and `columns` besides.
func origin(service string, columns row) row {
	resource := resourceOf(service)
	maps.Copy(columns, row{
		"service_name":        service,
		"resource_attributes": plainAttributes(resource.Attributes()),
		"resource_schema_url": resource.SchemaURL(),
		"scope_name":          scopeName,
		"scope_version":       scopeVersion,
		"scope_schema_url":    scopeSchema,
		"scope_attributes":    plainAttributes(scopeAttributes.ToSlice()),
	})
	return columns
}

func nanoseconds(moment time.Time) string {
	return strconv.FormatInt(max(0, moment.UnixNano()), 10)
}

// plain is the value as encoding/json writes it the way SQL shows it: bytes as base64.
func plain(value attribute.Value) any {
	switch value.Type() {
	case attribute.SLICE:
		list := []any{}
		for _, element := range value.AsSlice() {
			list = append(list, plain(element))
		}
		return list
	case attribute.MAP:
		return plainAttributes(value.AsMap())
	default:
		return value.AsInterface()
	}
}

func plainAttributes(attributes []attribute.KeyValue) map[string]any {
	values := map[string]any{}
	for _, one := range attributes {
		values[string(one.Key)] = plain(one.Value)
	}
	return values
}

// Of every type that an attribute can have.
func everyType() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("http.route", "/api/cart"),
		attribute.String("empty", ""),
		attribute.Int64("int.smallest", -1<<63),
		attribute.Int64("int.largest", 1<<63-1),
		attribute.Float64("double.tenth", 0.1),
		attribute.Float64("double.tiny", 5e-324),
		attribute.Bool("yes", true),
		attribute.Bool("no", false),
		attribute.ByteSlice("bytes", []byte{0, 255, 10}),
		attribute.StringSlice("strings", []string{"x", "", "ünï"}),
		attribute.Int64Slice("ints", []int64{1, -2, 1 << 62}),
		attribute.Float64Slice("doubles", []float64{0.5, -1.25}),
		attribute.BoolSlice("booleans", []bool{true, false}),
		attribute.Slice("mixed", attribute.StringValue("one"), attribute.IntValue(2), attribute.BoolValue(true)),
		attribute.Map("map",
			attribute.String("inner", "v"),
			attribute.Slice("list", attribute.IntValue(1), attribute.MapValue(attribute.Float64("a", 0.5)))),
		attribute.String("key with 'quotes' and ünïcode", "value"),
	}
}
