// What the three signals share: resource, exporter options, and the outcome of an export.
import { ExportResultCode } from '@opentelemetry/core';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';

export const scope = { name: 'e2e.scope', version: '1.2.3', schemaUrl: 'https://opentelemetry.io/schemas/1.30.0' };

export function resourceAttributes(service) {
  return {
    'service.name': service,
    'service.version': '4.5.6',
    'host.cpus': 8,
    'host.load': 0.25,
    'host.virtual': true,
    'process.command_args': ['node', 'send.mjs', 'ünï © 漢字 🚀'],
  };
}

export function resource(service) {
  return resourceFromAttributes(resourceAttributes(service));
}

export function exporterOptions(path, { protocol, compression, grpcAddress, httpAddress }) {
  return {
    url: protocol === 'grpc' ? `http://${grpcAddress}` : `http://${httpAddress}${path}`,
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: 10000,
  };
}

// Makes `exporter` remember whether an export failed, and hands what is exported to `seen`.
export function watch(exporter, seen = () => {}) {
  const original = exporter.export.bind(exporter);
  const outcome = { exports: 0, error: undefined };
  exporter.export = (items, done) => {
    seen(items);
    original(items, (result) => {
      outcome.exports += 1;
      if (result.code !== ExportResultCode.SUCCESS) outcome.error = result.error ?? new Error('export failed');
      done(result);
    });
  };
  return outcome;
}

export function requireSuccess(outcome) {
  if (outcome.error) throw outcome.error;
  if (outcome.exports === 0) throw new Error('nothing was exported');
}

export const nanoseconds = ([seconds, nanos]) => (BigInt(seconds) * 1000000000n + BigInt(nanos)).toString();

// What every row says about where it came from.
export function origin(service) {
  return {
    service_name: service,
    resource_attributes: resourceAttributes(service),
    scope_name: scope.name,
    scope_version: scope.version,
    scope_schema_url: scope.schemaUrl,
  };
}
