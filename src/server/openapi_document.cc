// The API's own description. A test compares its paths with the routes that are served.
#include "server/api.h"

namespace strata::server {

namespace {

constexpr std::string_view kDocument = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "strata",
    "version": "1",
    "description": "Telemetry in over OTLP, durable when acknowledged, queryable in SQL at once."
  },
  "paths": {
    "/v1/logs": {"$ref": "#/components/pathItems/export"},
    "/v1/traces": {"$ref": "#/components/pathItems/export"},
    "/v1/metrics": {"$ref": "#/components/pathItems/export"},
    "/api/v1/otlp/v1/logs": {"$ref": "#/components/pathItems/export"},
    "/api/v1/otlp/v1/traces": {"$ref": "#/components/pathItems/export"},
    "/api/v1/otlp/v1/metrics": {"$ref": "#/components/pathItems/export"},
    "/otlp/v1/logs": {"$ref": "#/components/pathItems/export"},
    "/otlp/v1/traces": {"$ref": "#/components/pathItems/export"},
    "/otlp/v1/metrics": {"$ref": "#/components/pathItems/export"},
    "/api/v1/sql": {
      "post": {
        "summary": "Run one read-only statement over the caller's namespace",
        "parameters": [
          {"$ref": "#/components/parameters/namespace"},
          {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["json", "ndjson", "csv", "parquet"], "default": "json"}}
        ],
        "requestBody": {
          "required": true,
          "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "SELECT service_name, count(*) FROM logs GROUP BY 1"},
            "application/json": {"schema": {"type": "object", "required": ["sql"], "additionalProperties": false, "properties": {"sql": {"type": "string"}, "params": {"type": "array"}}}}
          }
        },
        "responses": {
          "200": {
            "description": "The rows. Header strata-complete: false when query.max_rows cut them, or when some are missing because a stored file is damaged; then strata-missing-rows says how many.",
            "content": {
              "application/json": {"schema": {"type": "object", "properties": {
                "columns": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "type": {"type": "string"}}}},
                "rows": {"type": "array", "items": {"type": "array"}},
                "stats": {"type": "object", "properties": {"rows": {"type": "integer"}, "elapsed_ms": {"type": "number"}, "bytes_read": {"type": "integer"}, "tiers": {"type": "array", "items": {"type": "string"}}, "position": {"type": "integer"}, "complete": {"type": "boolean"}, "missing_rows": {"type": "integer"}}}
              }}}
            }
          },
          "400": {"$ref": "#/components/responses/error"},
          "403": {"$ref": "#/components/responses/error"},
          "413": {"$ref": "#/components/responses/error"},
          "415": {"$ref": "#/components/responses/error"},
          "503": {"$ref": "#/components/responses/error"},
          "504": {"$ref": "#/components/responses/error"}
        }
      }
    },
    "/api/v1/receipts/{position}": {
      "get": {
        "summary": "What holds an acknowledged request now: log, hot, parts, sinks",
        "parameters": [
          {"$ref": "#/components/parameters/namespace"},
          {"name": "position", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}
        ],
        "responses": {
          "200": {"description": "Where the records are", "content": {"application/json": {"schema": {"type": "object"}}}},
          "400": {"$ref": "#/components/responses/error"},
          "404": {"$ref": "#/components/responses/error"}
        }
      }
    },
    "/api/v1/openapi.json": {"get": {"summary": "This document", "responses": {"200": {"description": "OpenAPI 3.1"}}}},
    "/debug/store": {"get": {"summary": "Segments, cursors, hot, parts, backend", "responses": {"200": {"description": "A snapshot for people", "content": {"application/json": {"schema": {"type": "object"}}}}}}},
    "/livez": {"get": {"summary": "The process lives", "responses": {"200": {"description": "It does"}}}},
    "/readyz": {"get": {"summary": "Each condition of readiness and the backend, a line each", "responses": {"200": {"description": "Ready"}, "503": {"description": "Not ready: the body says why"}}}},
    "/metrics": {"get": {"summary": "strata's own metrics", "responses": {"200": {"description": "Prometheus text, or OpenMetrics when the Accept header names it"}}}}
  },
  "components": {
    "parameters": {
      "namespace": {"name": "X-Scope-OrgID", "in": "header", "description": "The namespace; default when missing", "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", "default": "default"}}
    },
    "responses": {
      "error": {
        "description": "What went wrong and what to do about it",
        "content": {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "hint": {"type": "string"}}}}}}}
      }
    },
    "pathItems": {
      "export": {"post": {
        "summary": "OTLP: success means durable and visible",
        "parameters": [
          {"$ref": "#/components/parameters/namespace"},
          {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 256}},
          {"name": "Content-Encoding", "in": "header", "schema": {"type": "string", "enum": ["identity", "gzip", "deflate", "zstd"]}}
        ],
        "requestBody": {"content": {"application/x-protobuf": {}, "application/json": {}}},
        "responses": {
          "200": {"description": "Stored, but for what partial_success says was rejected. Headers: strata-receipt, strata-duplicate"},
          "400": {"description": "google.rpc.Status in the request's encoding"},
          "409": {"description": "The Idempotency-Key was used for another payload"},
          "413": {"description": "Too large once decompressed; not to be retried"},
          "415": {"description": "Unknown content type or encoding"},
          "503": {"description": "Not stored; to be retried after Retry-After seconds"}
        }
      }}
    }
  }
}
)json";

}  // namespace

std::string_view OpenApiDocument() {
  return kDocument;
}

}  // namespace strata::server
