#include "duck/part_encoding.h"

namespace strata::duck {

bool MayRepeat(const PartField& field, model::Kind kind) {
  if (field.source == PartSource::kPosition) return false;
  if (field.source != PartSource::kFixed) return true;
  if (field.fixed == model::kOrdinal) return false;
  if (kind == model::Kind::kLogs && field.fixed == model::kLogBody) return false;
  switch (model::FixedColumns(kind)[field.fixed].type) {
    case model::ColumnType::kTime:
    case model::ColumnType::kId8:
    case model::ColumnType::kId16:
      return false;
    default:
      return true;
  }
}

void NoteColumn(const PartField& field, model::Kind kind, std::span<const ColumnBatch> batches,
                PartSink& sink) {
  const bool is_fixed = field.source == PartSource::kFixed;
  const bool is_trace =
      is_fixed && ((kind == model::Kind::kLogs && field.fixed == model::kLogTraceId) ||
                   (kind == model::Kind::kSpans && field.fixed == model::kSpanTraceId));
  const bool is_time = is_fixed && field.fixed == model::TimeColumn(kind);
  for (const ColumnBatch& batch : batches) {
    if (field.source == PartSource::kPosition) sink.AddPositions(*batch.vector, batch.rows);
    if (is_time) sink.AddTimes(*batch.vector, batch.rows);
    if (is_trace) sink.AddTraceIds(*batch.vector, batch.rows);
  }
}

}  // namespace strata::duck
