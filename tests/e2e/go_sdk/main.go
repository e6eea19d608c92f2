// Sends logs, spans and metrics with the OpenTelemetry SDK for Go over gRPC and HTTP, and prints what
// was sent: one line of JSON a combination, with rows in the columns of strata's views. Times are
// nanoseconds as text, attributes plain values.
//
//	send <gRPC host:port> <HTTP host:port>
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"go.opentelemetry.io/otel"
)

type row = map[string]any

type combination struct {
	Signal      string `json:"signal"`
	Protocol    string `json:"protocol"`
	Compression string `json:"compression"`
	Service     string `json:"service"`
	Rows        []row  `json:"rows"`
	Error       string `json:"error,omitempty"`
}

var senders = []struct {
	signal string
	send   func(context.Context, *combination) error
}{{"logs", sendLogs}, {"spans", sendSpans}, {"metrics", sendMetrics}}

// Exporters read where to send to, and how, from these variables, as users set them.
func configure(endpoint, compression string) {
	temporality := "cumulative"
	if compression == "gzip" {
		temporality = "delta"
	}
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":                       "http://" + endpoint,
		"OTEL_EXPORTER_OTLP_COMPRESSION":                    compression,
		"OTEL_EXPORTER_OTLP_TIMEOUT":                        "10000",
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": temporality,
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: send <gRPC host:port> <HTTP host:port>")
	}
	endpoints := map[string]string{"grpc": os.Args[1], "http": os.Args[2]}
	var reported error // what the SDK meets in the background
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = errors.Join(reported, err) }))
	lines := json.NewEncoder(os.Stdout)
	for _, sender := range senders {
		for _, protocol := range []string{"grpc", "http"} {
			for _, compression := range []string{"none", "gzip"} {
				configure(endpoints[protocol], compression)
				sent := combination{
					Signal: sender.signal, Protocol: protocol, Compression: compression,
					Service: fmt.Sprintf("go-%s-%s-%s", sender.signal, protocol, compression),
				}
				reported = nil
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				if err := errors.Join(sender.send(ctx, &sent), reported); err != nil {
					sent.Error = err.Error()
				}
				cancel()
				if err := lines.Encode(sent); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
}
