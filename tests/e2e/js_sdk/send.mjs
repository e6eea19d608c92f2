// Sends logs, spans and metrics with the OpenTelemetry SDK over every protocol and compression, and
// prints what was sent: one line of JSON a combination, with rows in the columns of strata's views.
// Times are nanoseconds as text, attributes plain values.
//
//   node send.mjs <gRPC host:port> <HTTP host:port>
import { sendLogs } from './logs.mjs';
import { sendMetrics } from './metrics.mjs';
import { sendSpans } from './spans.mjs';

const [grpcAddress, httpAddress] = process.argv.slice(2);
const senders = { logs: sendLogs, spans: sendSpans, metrics: sendMetrics };

for (const [signal, send] of Object.entries(senders)) {
  for (const protocol of ['grpc', 'http/protobuf', 'http/json']) {
    for (const compression of ['none', 'gzip']) {
      const service = `js-${signal}-${protocol.replace('/', '-')}-${compression}`;
      const line = { signal, protocol, compression, service };
      try {
        line.rows = await send({ protocol, compression, service, grpcAddress, httpAddress });
      } catch (error) {
        line.error = String(error?.stack ?? error);
      }
      console.log(JSON.stringify(line));
    }
  }
}
