#include "app/config_file.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "app/settings.h"

namespace strata::app {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kProblemsMax = 20;

Error Wrong(std::string message) {
  return {Code::kInvalidInput, std::move(message)};
}

// Walks the tree of sections and collects what it finds, good and bad.
class Reader {
 public:
  Reader(const std::string& file_name, const Environment& environment)
      : file_name_(file_name), environment_(environment) {
    for (const Setting& setting : Settings()) {
      known_.emplace_back(setting.name);
      const std::string section(setting.name.substr(0, setting.name.find('.')));
      if (section != setting.name) sections_.insert(section);
    }
    known_.insert(known_.end(), sections_.begin(), sections_.end());
  }

  void ReadDocument(const YAML::Node& root) {
    if (root.IsNull()) return;  // an empty file, or comments alone
    if (!root.IsMap())
      return Report(root.Mark(), "expected settings, such as data_dir: /srv/strata");
    for (const auto& entry : root) ReadEntry("", entry.first, entry.second);
  }

  void Report(const YAML::Mark& mark, const std::string& problem) {
    const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
    problems_.push_back(file_name_ + line + ": " + problem);
  }

  Result<std::vector<Assignment>> Finish() && {
    if (problems_.empty()) return std::move(assignments_);
    std::string all;
    for (std::size_t i = 0; i < problems_.size() && i < kProblemsMax; ++i) {
      if (i > 0) all += '\n';
      all += problems_[i];
    }
    if (problems_.size() > kProblemsMax) {
      all += "\n… and " + std::to_string(problems_.size() - kProblemsMax) + " more";
    }
    return Wrong(std::move(all));
  }

 private:
  void ReadEntry(const std::string& section, const YAML::Node& key, const YAML::Node& value) {
    if (!key.IsScalar()) return Report(key.Mark(), "a key must be a word");
    const std::string name = section.empty() ? key.Scalar() : section + "." + key.Scalar();
    if (section.empty() && sections_.contains(name)) return ReadSection(name, key, value);
    if (FindSetting(name) == nullptr) {
      const std::string near = Nearest(name, known_);
      return Report(key.Mark(), "unknown key '" + name + "'" +
                                    (near.empty() ? "" : "; did you mean '" + near + "'?"));
    }
    if (!seen_.insert(name).second) return Report(key.Mark(), "'" + name + "' is given twice");
    ReadValue(name, key, value);
  }

  void ReadSection(const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    if (!seen_.insert(name).second) return Report(key.Mark(), "'" + name + "' is given twice");
    if (value.IsNull()) return;
    if (!value.IsMap()) {
      return Report(value.Mark(), "'" + name + "' is a section: write its settings below it");
    }
    for (const auto& entry : value) ReadEntry(name, entry.first, entry.second);
  }

  void ReadValue(const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    if (value.IsNull()) return Report(key.Mark(), "'" + name + "' has no value");
    if (!value.IsScalar()) {
      return Report(value.Mark(), "'" + name + "' takes one value (" + FindSetting(name)->kind +
                                      "), not a " + (value.IsMap() ? "section" : "list"));
    }
    auto text = Substitute(value.Scalar(), environment_);
    if (!text) return Report(value.Mark(), name + ": " + text.error().message);
    assignments_.push_back({.name = name, .text = *text, .line = value.Mark().line + 1});
  }

  const std::string& file_name_;
  const Environment& environment_;
  std::vector<std::string> known_;  // settings and sections
  std::set<std::string> sections_;
  std::set<std::string> seen_;
  std::vector<Assignment> assignments_;
  std::vector<std::string> problems_;
};

// Notes where documents begin; their content is nothing to it.
class DocumentStarts final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  std::vector<YAML::Mark> marks;
};

// Not by YAML::LoadAll(): in a text that begins with a comma it finds documents without end, all at
// the same place.
void ReportSecondDocument(const std::string& yaml, Reader& reader) {
  std::istringstream text(yaml);
  YAML::Parser parser(text);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return;
  const bool moved = starts.marks[1].pos != starts.marks[0].pos;
  reader.Report(starts.marks[1],
                moved ? "a second document: only one is read" : "not YAML: a key was expected");
}

}  // namespace

Result<std::vector<Assignment>> ReadSettings(std::string_view yaml, const std::string& file_name,
                                             const Environment& environment) {
  if (yaml.size() > kFileBytesMax) return Wrong(file_name + ": larger than 1 MiB");
  Reader reader(file_name, environment);
  try {
    const std::string text(yaml);
    ReportSecondDocument(text, reader);
    reader.ReadDocument(YAML::Load(text));
  } catch (const YAML::Exception& e) {
    reader.Report(e.mark, "not YAML: " + e.msg);
  }
  return std::move(reader).Finish();
}

Result<std::string> Substitute(std::string_view text, const Environment& environment) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      out.append(text.substr(0, at - 1)).append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    out += text.substr(0, at);
    text.remove_prefix(at);
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return Wrong("'${' without '}'");
    const std::string_view whole = text.substr(0, end + 1);
    std::string_view name = text.substr(2, end - 2);
    if (!name.starts_with("env:")) {
      return Wrong("'" + std::string(whole) + "': write ${env:NAME} or ${env:NAME:-default}");
    }
    name.remove_prefix(4);
    const std::size_t dash = name.find(":-");
    const auto found = environment.find(std::string(name.substr(0, dash)));
    if (found != environment.end() && !found->second.empty()) {
      out += found->second;
    } else if (dash != std::string_view::npos) {
      out += name.substr(dash + 2);
    } else {
      return Wrong("'" + std::string(whole) + "': the environment variable is not set");
    }
    text.remove_prefix(end + 1);
  }
  return out + std::string(text);
}

}  // namespace strata::app
