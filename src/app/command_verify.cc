#include <iostream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/verify.h"
#include "base/units.h"
#include "os/real_file_system.h"
#include "wire/json_string.h"

namespace strata::app {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  wire::AppendJsonString(out, text);
  return out;
}

std::string Number(std::string_view name, std::uint64_t value) {
  return Quoted(name) + ":" + std::to_string(value);
}

std::string Text(std::string_view name, std::string_view value) {
  return Quoted(name) + ":" + Quoted(value);
}

// [make(item),…]
template <class Items, class Make>
std::string List(const Items& items, Make make) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + make(item);
  return "[" + out + "]";
}

std::string Times(std::int64_t min_time, std::int64_t max_time) {
  if (min_time > max_time) return {};
  return "," + Quoted("min_time_ns") + ":" + std::to_string(min_time) + "," +
         Quoted("max_time_ns") + ":" + std::to_string(max_time);
}

std::string DamageJson(const store::FoundDamage& damage) {
  std::string out = "{" + Text("path", damage.path) + "," + Number("offset", damage.offset) + "," +
                    Text("reason", damage.reason);
  if (!damage.namespace_name.empty()) {
    out += "," + Text("namespace", damage.namespace_name) + "," +
           Text("collection", damage.collection) + "," +
           Number("first_position", damage.positions.first) + "," +
           Number("last_position", damage.positions.last) + "," + Number("rows", damage.rows) +
           Times(damage.min_time, damage.max_time);
  }
  return out + "}";
}

std::string LossJson(const store::KnownLoss& loss) {
  return "{" + Text("namespace", loss.namespace_name) + "," + Text("collection", loss.collection) +
         "," + Number("first_position", loss.lost.positions.first) + "," +
         Number("last_position", loss.lost.positions.last) + "," + Number("rows", loss.lost.rows) +
         Times(loss.lost.min_time, loss.lost.max_time) + "," + Text("file", loss.lost.file) + "," +
         Text("reason", loss.lost.reason) + "}";
}

std::string LogDamageJson(const wal::Damage& damage) {
  return "{" + Number("segment", damage.segment) + "," + Number("offset", damage.offset) + "," +
         Number("bytes", damage.bytes) + "," + Number("first_position", damage.lost.first) + "," +
         Number("last_position", damage.lost.last) + "," + Text("reason", damage.reason) + "}";
}

void PrintJson(const Verification& found) {
  const auto foreign = [](const wal::ForeignFile& file) {
    return "{" + Text("name", file.name) + "," + Text("reason", file.reason) + "}";
  };
  std::cout << "{\"sound\":" << (found.sound() ? "true" : "false") << ","
            << Number("bytes", found.bytes()) << "," << Number("parts", found.store.parts) << ","
            << Number("rows", found.store.rows) << "," << Number("manifests", found.store.manifests)
            << "," << Number("carried_frames", found.store.carried_frames) << ","
            << Number("log_segments", found.log.segments) << ","
            << Number("log_frames", found.log.frames)
            << ",\"damage\":" << List(found.store.damage, DamageJson)
            << ",\"log_damage\":" << List(found.log.report.damage, LogDamageJson)
            << ",\"log_foreign\":" << List(found.log.report.foreign, foreign)
            << ",\"cursors_damaged\":" << (found.log.report.cursors_lost ? "true" : "false") << ","
            << Text("dedup_damage", found.dedup_damage)
            << ",\"known_losses\":" << List(found.store.known_losses, LossJson) << "}\n";
}

std::string Range(const wal::PositionRange& range) {
  return std::to_string(range.first) + ".." + std::to_string(range.last);
}

void PrintDamage(const store::FoundDamage& damage) {
  std::cout << "DAMAGE: " << damage.path << " at byte " << damage.offset << ": " << damage.reason
            << '\n';
  if (damage.namespace_name.empty()) return;
  std::cout << "        at stake: " << damage.namespace_name << "/" << damage.collection
            << ", positions " << Range(damage.positions) << ", " << damage.rows << " rows\n";
}

void PrintText(const Verification& found) {
  std::cout << (found.sound() ? "sound" : "DAMAGED") << ": " << FormatSize(found.bytes())
            << " read back: " << found.store.parts << " parts with " << found.store.rows
            << " rows, " << found.store.manifests << " manifests, " << found.store.carried_frames
            << " carried frames, " << found.log.frames << " frames in " << found.log.segments
            << " segments of the log\n";
  for (const store::FoundDamage& damage : found.store.damage) PrintDamage(damage);
  for (const wal::Damage& damage : found.log.report.damage) {
    std::cout << "DAMAGE: segment " << damage.segment << " of the log at byte " << damage.offset
              << ", " << damage.bytes << " bytes: " << damage.reason << '\n';
    if (damage.lost.empty()) continue;
    std::cout << "        at stake: positions " << Range(damage.lost) << '\n';
  }
  for (const wal::ForeignFile& file : found.log.report.foreign) {
    std::cout << "DAMAGE: wal/" << file.name << ": " << file.reason << '\n';
  }
  if (found.log.report.cursors_lost) std::cout << "DAMAGE: wal/cursors does not read back\n";
  if (!found.dedup_damage.empty()) {
    std::cout << "DAMAGE: dedup.state: " << found.dedup_damage << '\n';
  }
  for (const store::KnownLoss& loss : found.store.known_losses) {
    std::cout << "LOST BEFORE: " << loss.namespace_name << "/" << loss.collection << ", positions "
              << Range(loss.lost.positions) << ", " << loss.lost.rows
              << " rows: " << loss.lost.reason << "; kept in " << loss.lost.file << '\n';
  }
  if (!found.sound()) {
    std::cout << "strata serve goes on with the rest, and takes what it can from memory, the log "
                 "or a second copy.\n";
  }
}

}  // namespace

int RunVerify(const ConfigSources& sources, TextOutput output) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) {
    std::cerr << loaded.error().message << '\n';
    return kExitConfig;
  }
  const auto found = VerifyDataDirectory(os::RealFileSystem(), loaded->config.data_dir);
  if (!found) {
    std::cerr << "error: " << found.error().message << '\n';
    return ExitCodeOf(found.error().code);
  }
  output == TextOutput::kJson ? PrintJson(*found) : PrintText(*found);
  return found->sound() ? kExitOk : kExitPartial;
}

}  // namespace strata::app
