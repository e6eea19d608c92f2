#include <algorithm>
#include <iostream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/table.h"
#include "base/units.h"
#include "os/real_file_system.h"
#include "wal/inspect.h"
#include "wire/json_string.h"

namespace strata::app {
namespace {

int Fail(const Error& error) {
  std::cerr << "error: " << error.message << '\n';
  return ExitCodeOf(error.code);
}

// Where the log of that configuration is.
Result<std::filesystem::path> LogFolder(const ConfigSources& sources) {
  ASSIGN_OR_RETURN(const LoadedConfig loaded, LoadConfig(sources));
  return loaded.config.data_dir / "wal";
}

std::string Range(const wal::PositionRange& range) {
  if (range.empty()) return "none";
  return std::to_string(range.first) + ".." + std::to_string(range.last);
}

std::string Quoted(std::string_view text) {
  std::string out;
  wire::AppendJsonString(out, text);
  return out;
}

std::string Number(std::string_view name, std::uint64_t value) {
  return Quoted(name) + ":" + std::to_string(value);
}

std::string Bool(std::string_view name, bool value) {
  return Quoted(name) + (value ? ":true" : ":false");
}

// [make(item),…]
template <class Items, class Make>
std::string List(const Items& items, Make make) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + make(item);
  return "[" + out + "]";
}

std::string RangeJson(const wal::PositionRange& range) {
  return "{" + Number("first", range.first) + "," + Number("last", range.last) + "}";
}

std::string ReportJson(const wal::RecoveryReport& report) {
  const auto damage = [](const wal::Damage& d) {
    return "{" + Number("segment", d.segment) + "," + Number("offset", d.offset) + "," +
           Number("bytes", d.bytes) + ",\"lost\":" + RangeJson(d.lost) +
           ",\"reason\":" + Quoted(d.reason) + "}";
  };
  const auto foreign = [](const wal::ForeignFile& f) {
    return "{\"name\":" + Quoted(f.name) + ",\"reason\":" + Quoted(f.reason) + "}";
  };
  return "{" + Number("segments", report.segments) + "," + Number("frames", report.frames) + "," +
         Number("first", report.first) + "," + Number("last", report.last) + "," +
         Number("torn_frames", report.torn_frames) + "," + Number("torn_bytes", report.torn_bytes) +
         "," + Bool("clean", report.clean) + "," + Bool("cursors_lost", report.cursors_lost) +
         ",\"damage\":" + List(report.damage, damage) +
         ",\"foreign\":" + List(report.foreign, foreign) + "}";
}

void PrintReport(const wal::RecoveryReport& report) {
  std::cout << "positions " << Range({report.first, report.last}) << " in " << report.frames
            << " frames; closed in order: " << (report.clean ? "yes" : "no") << '\n';
  if (report.torn_bytes > 0) {
    std::cout << "torn tail: " << FormatSize(report.torn_bytes) << ", " << report.torn_frames
              << " whole frames in it; nobody was told that they are safe\n";
  }
  if (report.cursors_lost) std::cout << "DAMAGE: the file of cursors does not read back\n";
  for (const wal::Damage& damage : report.damage) {
    std::cout << "DAMAGE: segment " << damage.segment << " at " << damage.offset << ", "
              << FormatSize(damage.bytes) << ", lost positions " << Range(damage.lost) << ": "
              << damage.reason << '\n';
  }
  for (const wal::ForeignFile& file : report.foreign) {
    std::cout << "FOREIGN: " << file.name << ": " << file.reason << '\n';
  }
}

void PrintInspection(const wal::Inspection& found) {
  std::vector<std::vector<std::string>> rows;
  for (const wal::SegmentListing& segment : found.segments) {
    const wal::SegmentInfo& info = segment.info;
    rows.push_back({info.name, std::string(wal::SegmentStateName(info.state)),
                    std::to_string(info.first), std::to_string(info.last),
                    std::to_string(segment.frames), std::to_string(info.used_bytes),
                    std::to_string(info.file_bytes)});
  }
  std::cout << AlignColumns(
      {"segment", "state", "first", "last", "frames", "used_bytes", "file_bytes"}, rows);
  rows.clear();
  for (const auto& [consumer, position] : found.cursors) {
    rows.push_back({consumer, std::to_string(position)});
  }
  if (!rows.empty()) std::cout << '\n' << AlignColumns({"cursor", "position"}, rows) << '\n';
  std::cout << "released through position " << found.released << '\n';
  PrintReport(found.report);
}

void PrintFrames(const wal::Inspection& found) {
  std::vector<std::vector<std::string>> rows;
  for (const wal::SegmentListing& segment : found.segments) {
    for (const wal::FrameListing& frame : segment.listing) {
      const wal::FrameInfo& info = frame.header.info;
      rows.push_back({std::to_string(frame.header.position), segment.info.name,
                      std::to_string(frame.offset),
                      info.type == wal::FrameType::kDefine ? "define" : "records",
                      std::to_string(info.namespace_id), std::to_string(info.collection_id),
                      std::to_string(info.record_count), std::to_string(info.rejected_count),
                      std::to_string(frame.header.payload_bytes)});
    }
  }
  std::cout << '\n'
            << AlignColumns({"position", "segment", "offset", "type", "namespace", "collection",
                             "records", "rejected", "payload_bytes"},
                            rows);
}

std::string FrameJson(const wal::FrameListing& frame) {
  const wal::FrameInfo& info = frame.header.info;
  return "{" + Number("position", frame.header.position) + "," + Number("offset", frame.offset) +
         "," + Number("type", static_cast<std::uint64_t>(info.type)) + "," +
         Number("kind", info.kind) + "," + Number("namespace_id", info.namespace_id) + "," +
         Number("collection_id", info.collection_id) + "," + Number("records", info.record_count) +
         "," + Number("rejected", info.rejected_count) + "," +
         Number("payload_bytes", frame.header.payload_bytes) + "}";
}

std::string InspectionJson(const wal::Inspection& found, bool frames) {
  const auto segment = [frames](const wal::SegmentListing& listing) {
    const wal::SegmentInfo& info = listing.info;
    return "{\"name\":" + Quoted(info.name) +
           ",\"state\":" + Quoted(wal::SegmentStateName(info.state)) + "," +
           Number("number", info.number) + "," + Number("first", info.first) + "," +
           Number("last", info.last) + "," + Number("frames", listing.frames) + "," +
           Number("used_bytes", info.used_bytes) + "," + Number("file_bytes", info.file_bytes) +
           (frames ? ",\"listing\":" + List(listing.listing, FrameJson) : "") + "}";
  };
  const auto cursor = [](const auto& named) {
    return "{\"name\":" + Quoted(named.first) + "," + Number("position", named.second) + "}";
  };
  return "{\"segments\":" + List(found.segments, segment) +
         ",\"cursors\":" + List(found.cursors, cursor) + "," + Number("released", found.released) +
         ",\"report\":" + ReportJson(found.report) + "}\n";
}

}  // namespace

int RunWalInspect(const ConfigSources& sources, const WalOptions& options) {
  const auto folder = LogFolder(sources);
  if (!folder) {
    std::cerr << folder.error().message << '\n';
    return kExitConfig;
  }
  const auto found = wal::Inspect(os::RealFileSystem(), *folder, {.frames = options.frames});
  if (!found) return Fail(found.error());
  if (options.output == TextOutput::kJson) {
    std::cout << InspectionJson(*found, options.frames);
  } else {
    PrintInspection(*found);
    if (options.frames) PrintFrames(*found);
  }
  return kExitOk;
}

int RunWalVerify(const ConfigSources& sources, const WalOptions& options) {
  const auto folder = LogFolder(sources);
  if (!folder) {
    std::cerr << folder.error().message << '\n';
    return kExitConfig;
  }
  const auto verified = wal::Verify(os::RealFileSystem(), *folder);
  if (!verified) return Fail(verified.error());
  if (options.output == TextOutput::kJson) {
    std::cout << "{" << Bool("sound", verified->sound()) << ","
              << Number("frames", verified->frames) << ","
              << Number("payload_bytes", verified->payload_bytes)
              << ",\"lost\":" << List(verified->lost, RangeJson)
              << ",\"report\":" << ReportJson(verified->report) << "}\n";
  } else {
    std::cout << (verified->sound() ? "sound" : "DAMAGED") << ": " << verified->frames
              << " frames in " << verified->segments << " segments read back, "
              << verified->payload_bytes << " bytes of payload\n";
    PrintReport(verified->report);
    for (const wal::PositionRange& lost : verified->lost) {
      std::cout << "LOST: positions " << Range(lost) << '\n';
    }
  }
  return verified->sound() ? kExitOk : kExitPartial;
}

}  // namespace strata::app
