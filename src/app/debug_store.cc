#include "app/debug_store.h"

#include <algorithm>
#include <map>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace strata::app {
namespace {

constexpr std::size_t kFilesMax = 100;  // told of each collection

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Put(Writer& json, const char* key, std::uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}

void Put(Writer& json, const char* key, bool value) {
  json.Key(key);
  json.Bool(value);
}

void Put(Writer& json, const char* key, std::string_view value) {
  json.Key(key);
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void PutSegments(Writer& json, const wal::Log& log) {
  json.Key("segments");
  json.StartArray();
  for (const wal::SegmentInfo& segment : log.Segments()) {
    json.StartObject();
    Put(json, "name", segment.name);
    Put(json, "state", wal::SegmentStateName(segment.state));
    Put(json, "first", segment.first);
    Put(json, "last", segment.last);
    Put(json, "file_bytes", segment.file_bytes);
    Put(json, "used_bytes", segment.used_bytes);
    json.EndObject();
  }
  json.EndArray();
}

void PutLog(Writer& json, const wal::Log& log) {
  const wal::LogStats stats = log.stats();
  json.Key("log");
  json.StartObject();
  Put(json, "healthy", log.healthy());
  Put(json, "ailment", log.ailment());
  Put(json, "published", log.published());
  Put(json, "oldest", log.oldest());
  Put(json, "bytes", stats.log_bytes);
  Put(json, "max_bytes", stats.max_bytes);
  Put(json, "queue_bytes", stats.queue_bytes);
  Put(json, "direct", stats.direct);
  PutSegments(json, log);
  json.Key("cursors");
  json.StartObject();
  for (const auto& [consumer, position] : log.Cursors()) Put(json, consumer.c_str(), position);
  json.EndObject();
  json.EndObject();
}

void PutHot(Writer& json, const hot::Hot& hot) {
  json.Key("hot");
  json.StartObject();
  Put(json, "bytes", hot.bytes());
  Put(json, "max_bytes", hot.config().memory_bytes);
  json.EndObject();
}

void PutStore(Writer& json, const store::StoreFigures& figures) {
  json.Key("store");
  json.StartObject();
  Put(json, "ailment", figures.ailment);
  Put(json, "released", figures.released);
  Put(json, "carried_through", figures.carried_through);
  Put(json, "carry_bytes", figures.carry_bytes);
  Put(json, "parts_to_remove", figures.parts_to_remove);
  const store::ScrubFigures& scrub = figures.scrub;
  json.Key("scrub");
  json.StartObject();
  Put(json, "on", scrub.is_on);
  Put(json, "paused", scrub.is_paused);
  Put(json, "round", scrub.progress.round);
  Put(json, "bytes", scrub.progress.bytes);
  Put(json, "bytes_total", scrub.bytes_total);
  Put(json, "files", scrub.progress.files);
  Put(json, "damaged", scrub.progress.damaged);
  json.Key("began_ns");
  json.Int64(scrub.progress.began_ns);
  json.Key("completed_ns");
  json.Int64(scrub.progress.completed_ns);
  json.EndObject();
  json.Key("suspect_parts");
  json.StartArray();
  for (const std::string& path : figures.suspect_parts) {
    json.String(path.data(), static_cast<rapidjson::SizeType>(path.size()));
  }
  json.EndArray();
  json.EndObject();
}

// The youngest parts of a collection; a collection with more is told by its count.
void PutFiles(Writer& json, const store::CollectionParts* parts) {
  json.Key("files");
  json.StartArray();
  const std::size_t count = parts == nullptr ? 0 : parts->parts.size();
  for (std::size_t i = count - std::min(count, kFilesMax); i < count; ++i) {
    const store::Part& part = *parts->parts[i];
    json.StartObject();
    Put(json, "path", part.path);
    Put(json, "rows", part.rows());
    Put(json, "bytes", part.info->bytes);
    Put(json, "min_position", part.min_position());
    Put(json, "max_position", part.max_position());
    json.EndObject();
  }
  json.EndArray();
}

// Rows that were acknowledged and are gone.
void PutLost(Writer& json, const std::vector<store::LostRows>& lost) {
  json.Key("lost");
  json.StartArray();
  for (const store::LostRows& range : lost) {
    json.StartObject();
    Put(json, "first_position", range.positions.first);
    Put(json, "last_position", range.positions.last);
    Put(json, "rows", range.rows);
    if (range.min_time <= range.max_time) {
      json.Key("min_time_ns");
      json.Int64(range.min_time);
      json.Key("max_time_ns");
      json.Int64(range.max_time);
    }
    json.Key("found_ns");
    json.Int64(range.found_ns);
    Put(json, "file", range.file);
    Put(json, "reason", range.reason);
    json.EndObject();
  }
  json.EndArray();
}

void PutCollection(Writer& json, const model::Collection& collection,
                   const hot::CollectionState& hot, const store::CollectionFigures& parts,
                   const store::CollectionParts* files) {
  json.StartObject();
  Put(json, "namespace", collection.namespace_name);
  Put(json, "name", collection.name);
  Put(json, "kind", model::KindName(collection.kind));
  Put(json, "sealed", parts.sealed);
  json.Key("hot");
  json.StartObject();
  Put(json, "rows", hot.rows);
  Put(json, "bytes", hot.bytes);
  Put(json, "unsealed_rows", hot.unsealed_rows);
  Put(json, "first_position", hot.first);
  Put(json, "last_position", hot.last);
  Put(json, "floor", hot.floor);
  json.EndObject();
  json.Key("parts");
  json.StartObject();
  Put(json, "count", parts.parts);
  Put(json, "rows", parts.rows);
  Put(json, "bytes", parts.bytes);
  PutFiles(json, files);
  json.EndObject();
  PutLost(json, parts.lost);
  json.EndObject();
}

}  // namespace

std::string DebugStoreJson(const wal::Log& log, const hot::Hot& hot, const store::Store& store,
                           const model::CollectionTable& collections) {
  const store::StoreFigures figures = store.Figures();
  std::map<model::CollectionId, hot::CollectionState> in_memory;
  for (const hot::CollectionState& state : hot.States()) in_memory[state.id] = state;
  std::map<model::CollectionId, store::CollectionFigures> in_parts;
  for (const store::CollectionFigures& of : figures.collections) in_parts[of.collection.id] = of;

  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartObject();
  Put(json, "backend", std::string_view("embedded"));
  PutLog(json, log);
  PutHot(json, hot);
  PutStore(json, figures);
  json.Key("collections");
  json.StartArray();
  for (const model::Collection* collection : collections.All()) {
    const store::ManifestPtr manifest = store.Pin(collection->namespace_name);
    PutCollection(json, *collection, in_memory[collection->id], in_parts[collection->id],
                  manifest->Find(collection->id));
  }
  json.EndArray();
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace strata::app
