#include "app/config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "app/config_file.h"
#include "app/config_load.h"
#include "app/settings.h"

namespace strata::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class ConfigLoad : public testing::Test {
 protected:
  ConfigLoad() {
    std::string pattern = testing::TempDir() + "strata-config-XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~ConfigLoad() override { std::filesystem::remove_all(directory_); }

  // Names the file by --config.
  void WriteFile(const std::string& yaml) {
    sources_.file = directory_ / "strata.yaml";
    std::ofstream(*sources_.file) << yaml;
  }

  // Of a load that has to fail, without the folder of the file.
  std::string Refusal() {
    const auto loaded = LoadConfig(sources_);
    if (loaded) return "accepted";
    EXPECT_EQ(loaded.error().code, Code::kInvalidInput);
    std::string message = loaded.error().message;
    const std::string folder = directory_.string() + "/";
    for (std::size_t at = 0; (at = message.find(folder, at)) != std::string::npos;) {
      message.erase(at, folder.size());
    }
    return message;
  }
  std::string RefusalOf(const std::string& yaml) {
    WriteFile(yaml);
    return Refusal();
  }

  std::filesystem::path directory_;
  ConfigSources sources_;
};

TEST(Settings, NamesFollowOnePattern) {
  const Setting* setting = FindSetting("listen.otlp_grpc");
  ASSERT_NE(setting, nullptr);
  EXPECT_EQ(setting->Flag(), "--listen-otlp-grpc");
  EXPECT_EQ(setting->Environment(), "STRATA_LISTEN_OTLP_GRPC");
  EXPECT_EQ(FindSetting("data_dir")->Environment(), "STRATA_DATA_DIR");
  EXPECT_EQ(FindSetting("listen"), nullptr);
}

TEST(Settings, EveryDefaultReadsBackAndIsValid) {
  for (const bool root : {false, true}) {
    const Config defaults = DefaultConfig(root);
    EXPECT_TRUE(defaults.Validate());
    for (const Setting& setting : Settings()) {
      Config config = defaults;
      auto set = setting.set(config, setting.get(defaults));
      EXPECT_TRUE(set) << setting.name << ": " << (set ? "" : set.error().message);
      EXPECT_EQ(setting.get(config), setting.get(defaults)) << setting.name;
      EXPECT_FALSE(setting.help.empty()) << setting.name;
    }
  }
  EXPECT_EQ(DefaultConfig(true).data_dir, "/var/lib/strata");
  EXPECT_EQ(DefaultConfig(false).data_dir, "./strata-data");
}

TEST(Settings, DocumentationIsUpToDate) {
  std::ifstream in(std::string(STRATA_SOURCE_DIR) + "/docs/configuration.md");
  const std::string page(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(page, ConfigurationPage())
      << "run: build/dev/strata config docs > docs/configuration.md";
}

TEST(Address, Parses) {
  EXPECT_EQ(*ParseAddress("127.0.0.1:4317"), (Address{"127.0.0.1", 4317}));
  EXPECT_EQ(*ParseAddress("[::1]:0"), (Address{"::1", 0}));
  EXPECT_EQ(FormatAddress({"::1", 80}), "[::1]:80");
  for (const char* text : {"", "4317", ":4317", "::1:4317", "a b:1", "host:", "host:x",
                           "host:65536", "host:-1", "host:1x", "http://host:1"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
}

TEST(Address, Loopback) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"}) {
    EXPECT_TRUE((Address{host, 1}).IsLoopback()) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "example.org", "127.0.0.1.evil.org"}) {
    EXPECT_FALSE((Address{host, 1}).IsLoopback()) << host;
  }
}

TEST_F(ConfigLoad, FlagOverEnvironmentOverFileOverDefault) {
  WriteFile("# ours\nhot:\n  memory: 2GiB\n  retention: 2h\nquery:\n  timeout: 5s\n");
  sources_.environment = {{"STRATA_HOT_RETENTION", "3h"}, {"STRATA_QUERY_TIMEOUT", "6s"}};
  sources_.flags = {{"query.timeout", "7s"}};
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.hot.memory, Size{2_GiB});
  EXPECT_EQ(loaded->config.hot.retention, hours(3));
  EXPECT_EQ(loaded->config.query.timeout, milliseconds(7000));
  EXPECT_EQ(loaded->config.seal.age, minutes(5));
  EXPECT_EQ(OriginOf(*loaded, "hot.memory"), sources_.file->string() + ":3");
  EXPECT_EQ(OriginOf(*loaded, "hot.retention"), "environment STRATA_HOT_RETENTION");
  EXPECT_EQ(OriginOf(*loaded, "query.timeout"), "flag --query-timeout");
  EXPECT_EQ(OriginOf(*loaded, "seal.age"), "default");
}

TEST_F(ConfigLoad, EveryKindOfValue) {
  WriteFile(
      "listen: {http: '[::1]:0'}\ndata_dir: \"/srv/a b\"\ninsecure: true\n"
      "logging: {level: debug, format: json}\nlog.sync: interval\nseal.rows: 5\n"
      "retention:\n  default: 30d\n  logs: 48h\n  spans: default\n");
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Config& config = loaded->config;
  EXPECT_EQ(config.listen.http, (Address{"::1", 0}));
  EXPECT_EQ(config.data_dir, "/srv/a b");
  EXPECT_TRUE(config.insecure);
  EXPECT_EQ(config.logging.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.sync, LogSync::kInterval);
  EXPECT_EQ(config.seal.rows, 5U);
  EXPECT_EQ(config.retention.by_default, hours(720));
  EXPECT_EQ(config.retention.logs, hours(48));
  EXPECT_EQ(config.retention.spans, std::nullopt);
}

TEST_F(ConfigLoad, PayloadDedupHasExceptionsByNamespace) {
  const auto payload = [&] {
    const auto loaded = LoadConfig(sources_);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? loaded->config.dedup.payload : model::PerNamespace<bool>{};
  };
  EXPECT_TRUE(payload().Of("prod"));
  WriteFile("dedup: {payload: false}\n");
  EXPECT_FALSE(payload().Of("prod"));
  WriteFile("dedup: {payload: 'true, prod=false,a_b-c=false'}\n");
  EXPECT_FALSE(payload().Of("prod"));
  EXPECT_FALSE(payload().Of("a_b-c"));
  EXPECT_TRUE(payload().Of("Prod"));
  EXPECT_TRUE(payload().Of("default"));
  // The flag replaces the whole value, as for any setting.
  sources_.flags = {{"dedup.payload", "false,dev=true"}};
  EXPECT_FALSE(payload().Of("a_b-c"));
  EXPECT_TRUE(payload().Of("dev"));
  EXPECT_EQ(FindSetting("dedup.payload")->get(LoadConfig(sources_)->config), "false,dev=true");
}

TEST_F(ConfigLoad, WrongExceptionsByNamespaceAreNamed) {
  const auto refusal = [&](const std::string& value) {
    return RefusalOf("dedup: {payload: '" + value + "'}\n");
  };
  const std::string at = "strata.yaml:1: dedup.payload: ";
  EXPECT_EQ(refusal("prod=false"), at + "'prod=false' is not one of true|false");
  EXPECT_EQ(refusal("true,prod"), at + "'prod' is not an exception: write namespace=true|false");
  EXPECT_EQ(refusal("true,"), at + "'' is not an exception: write namespace=true|false");
  EXPECT_EQ(refusal("true,prod=no"), at + "prod: 'no' is not one of true|false");
  EXPECT_EQ(refusal("true,-x=false"), at + "'-x' is not a namespace's name");
  EXPECT_EQ(refusal("true,=false"), at + "'' is not a namespace's name");
  EXPECT_EQ(refusal("true,a=false,a=true"), at + "'a' is given twice");
}

TEST_F(ConfigLoad, UnknownKeysNameLineAndNearest) {
  EXPECT_EQ(RefusalOf("hot:\n  memroy: 1GiB\n"),
            "strata.yaml:2: unknown key 'hot.memroy'; did you mean 'hot.memory'?");
  EXPECT_EQ(RefusalOf("data_dir: x\nlistn:\n  http: x\n"),
            "strata.yaml:2: unknown key 'listn'; did you mean 'listen'?");
  EXPECT_EQ(RefusalOf("free_min: 1GiB\n"),
            "strata.yaml:1: unknown key 'free_min'; did you mean 'disk.free_min'?");
  EXPECT_EQ(RefusalOf("completely_different: 1\n"),
            "strata.yaml:1: unknown key 'completely_different'");
}

TEST_F(ConfigLoad, WrongValuesNameLineAndWhatIsAccepted) {
  EXPECT_EQ(RefusalOf("hot:\n  memory: 1Gb\n"),
            "strata.yaml:2: hot.memory: '1Gb' has no unit of size: use one of B, KB, MB, GB, TB, "
            "KiB, MiB, GiB, TiB");
  EXPECT_EQ(RefusalOf("hot: {retention: 1}\n"),
            "strata.yaml:1: hot.retention: '1' has no unit of duration: use one of ns, us, ms, s, "
            "m, h, d");
  EXPECT_EQ(RefusalOf("hot: {retention: 1us}\n"),
            "strata.yaml:1: hot.retention: '1us' is not a whole millisecond");
  EXPECT_EQ(RefusalOf("hot: {memory: 1KiB}\n"),
            "strata.yaml:1: hot.memory: 1KiB is too little: at least 16MiB");
  EXPECT_EQ(RefusalOf("query: {timeout: 2d}\n"),
            "strata.yaml:1: query.timeout: 2d is too much: at most 1d");
  EXPECT_EQ(RefusalOf("threads: {io: two}\n"),
            "strata.yaml:1: threads.io: 'two' is not a whole number");
  EXPECT_EQ(RefusalOf("threads: {io: -1}\n"),
            "strata.yaml:1: threads.io: '-1' is not a whole number");
  EXPECT_EQ(RefusalOf("merge: {enabled: yes}\n"),
            "strata.yaml:1: merge.enabled: 'yes' is not one of true|false");
  EXPECT_EQ(RefusalOf("log: {sync: never}\n"),
            "strata.yaml:1: log.sync: 'never' is not one of group|interval");
  EXPECT_EQ(RefusalOf("listen: {http: 8090}\n"),
            "strata.yaml:1: listen.http: '8090' is not an address: write host:port, such as "
            "127.0.0.1:4317 or [::1]:4317");
  EXPECT_EQ(RefusalOf("listen: {http: 'localhost:99999'}\n"),
            "strata.yaml:1: listen.http: '99999' in 'localhost:99999' is not a port: write 0 to "
            "65535");
  EXPECT_EQ(RefusalOf("data_dir: ''\n"), "strata.yaml:1: data_dir: a path may not be empty");
}

TEST_F(ConfigLoad, WrongShapesNameTheLine) {
  EXPECT_EQ(RefusalOf("data_dir:\n"), "strata.yaml:1: 'data_dir' has no value");
  EXPECT_EQ(RefusalOf("hot:\n  memory: [1GiB]\n"),
            "strata.yaml:2: 'hot.memory' takes one value (size), not a list");
  EXPECT_EQ(RefusalOf("hot:\n  memory: {a: 1}\n"),
            "strata.yaml:2: 'hot.memory' takes one value (size), not a section");
  EXPECT_EQ(RefusalOf("hot: 1GiB\n"),
            "strata.yaml:1: 'hot' is a section: write its settings below it");
  EXPECT_EQ(RefusalOf("- a\n"), "strata.yaml:1: expected settings, such as data_dir: /srv/strata");
  EXPECT_EQ(RefusalOf("? [a]\n: 1\n"), "strata.yaml:1: a key must be a word");
  EXPECT_EQ(RefusalOf("data_dir: a\n---\ndata_dir: b\n"),
            "strata.yaml:2: a second document: only one is read");
  EXPECT_TRUE(RefusalOf("hot: [\n").starts_with("strata.yaml:2: not YAML: ")) << Refusal();
  EXPECT_TRUE(RefusalOf(",hot: 1\n").starts_with("strata.yaml:1: not YAML: ")) << Refusal();
}

TEST_F(ConfigLoad, DuplicatesAreRefused) {
  EXPECT_EQ(RefusalOf("data_dir: a\ndata_dir: b\n"), "strata.yaml:2: 'data_dir' is given twice");
  EXPECT_EQ(RefusalOf("hot:\n  memory: 1GiB\nseal:\nhot:\n  retention: 1h\n"),
            "strata.yaml:4: 'hot' is given twice");
  EXPECT_EQ(RefusalOf("hot.memory: 1GiB\nhot: {memory: 2GiB}\n"),
            "strata.yaml:2: 'hot.memory' is given twice");
}

TEST_F(ConfigLoad, AllProblemsOfAFileAreNamedAtOnce) {
  EXPECT_EQ(RefusalOf("a: 1\nb: 2\n"),
            "strata.yaml:1: unknown key 'a'\nstrata.yaml:2: unknown key 'b'");
  EXPECT_EQ(RefusalOf("threads: {io: x}\nseal: {rows: y}\n"),
            "strata.yaml:1: threads.io: 'x' is not a whole number\n"
            "strata.yaml:2: seal.rows: 'y' is not a whole number");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "zzzzzzzzzzzzzzz" + std::to_string(i) + ": 1\n";
  EXPECT_TRUE(RefusalOf(many).ends_with("\n… and 80 more"));
}

TEST_F(ConfigLoad, HostileFilesAreRefused) {
  EXPECT_TRUE(RefusalOf(std::string(100'000, '[')).find("not YAML") != std::string::npos);
  EXPECT_EQ(RefusalOf(std::string(2'000'000, '#')), "strata.yaml: larger than 1 MiB");
  std::string laughs = "a: &a0 x\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "b" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
              "]\n";
  }
  EXPECT_NE(RefusalOf(laughs).find("unknown key"), std::string::npos);
}

TEST_F(ConfigLoad, EmptyFileIsTheDefaults) {
  for (const char* yaml : {"", "# nothing\n", "---\n", "hot:\n"}) {
    WriteFile(yaml);
    EXPECT_TRUE(LoadConfig(sources_)) << yaml;
  }
}

TEST_F(ConfigLoad, SubstitutesTheEnvironment) {
  sources_.environment = {{"BASE", "/srv"}, {"EMPTY", ""}};
  WriteFile("data_dir: ${env:BASE}/${env:NAME:-strata}/${env:EMPTY:-e}/$${x}\n");
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.data_dir, "/srv/strata/e/${x}");
  EXPECT_EQ(RefusalOf("seal: {rows: '${env:NONE}'}\n"),
            "strata.yaml:1: seal.rows: '${env:NONE}': the environment variable is not set");
  EXPECT_EQ(RefusalOf("\ndata_dir: ${HOME}\n"),
            "strata.yaml:2: data_dir: '${HOME}': write ${env:NAME} or ${env:NAME:-default}");
  EXPECT_EQ(RefusalOf("data_dir: ${env:HOME\n"), "strata.yaml:1: data_dir: '${' without '}'");
}

TEST_F(ConfigLoad, SubstitutedTextIsNeverYaml) {
  sources_.environment = {{"EVIL", "a\ninsecure: true"}};
  WriteFile("data_dir: ${env:EVIL}\n");
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_FALSE(loaded->config.insecure);
}

TEST_F(ConfigLoad, EnvironmentAndFlagsNameThemselves) {
  sources_.environment = {{"STRATA_HOT_MEMORY", "lots"}};
  EXPECT_TRUE(Refusal().starts_with("STRATA_HOT_MEMORY: 'lots' is not a size")) << Refusal();
  sources_.environment.clear();
  sources_.flags = {{"hot.memory", "lots"}};
  EXPECT_TRUE(Refusal().starts_with("--hot-memory: 'lots' is not a size")) << Refusal();
}

TEST_F(ConfigLoad, NearMissInTheEnvironmentIsAWarning) {
  sources_.environment = {{"STRATA_HOT_MEMROY", "1GiB"},
                          {"STRATA_SERVICE_HOST_UNRELATED", "x"},
                          {"STRATA_HOT_MEMORY", "2GiB"},
                          {"STRATA_DATA_DIR", ""}};
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->warnings, (std::vector<std::string>{"STRATA_HOT_MEMROY is not a setting; did "
                                                        "you mean STRATA_HOT_MEMORY?"}));
  EXPECT_EQ(loaded->config.data_dir, "./strata-data");
}

TEST_F(ConfigLoad, FileIsFoundInOrder) {
  const auto write = [&](const std::string& folder, const std::string& rows) {
    std::filesystem::create_directories(directory_ / folder / "strata");
    std::ofstream(directory_ / folder / "strata/strata.yaml") << "seal: {rows: " << rows << "}\n";
    return directory_ / folder / "strata/strata.yaml";
  };
  const auto rows = [&] { return LoadConfig(sources_)->config.seal.rows; };
  sources_.environment["HOME"] = (directory_ / "home").string();
  EXPECT_EQ(rows(), 1'000'000U);
  write("home/.config", "1");
  EXPECT_EQ(rows(), 1U);
  sources_.environment["XDG_CONFIG_HOME"] = (directory_ / "xdg").string();
  EXPECT_EQ(rows(), 1'000'000U);
  write("xdg", "2");
  EXPECT_EQ(rows(), 2U);
  sources_.environment["STRATA_CONFIG"] = write("named", "3").string();
  EXPECT_EQ(rows(), 3U);
  sources_.file = write("flag", "4");
  EXPECT_EQ(rows(), 4U);
}

TEST_F(ConfigLoad, FileThatWasAskedForHasToExist) {
  sources_.file = directory_ / "none.yaml";
  EXPECT_EQ(Refusal(), "none.yaml: cannot be read: No such file or directory");
  sources_.file.reset();
  sources_.environment["STRATA_CONFIG"] = directory_.string() + "/other.yaml";
  EXPECT_EQ(Refusal(), "other.yaml: cannot be read: No such file or directory");
  sources_.environment["STRATA_CONFIG"] = directory_.string() + "/.";
  EXPECT_EQ(Refusal(), ".: is a directory, not a file of settings");
}

TEST_F(ConfigLoad, OnlyLoopbackWithoutInsecure) {
  EXPECT_EQ(RefusalOf("listen: {otlp_grpc: '0.0.0.0:4317'}\n"),
            "listen.otlp_grpc is 0.0.0.0:4317, which others can reach, and nobody would be asked "
            "for a token: listen on 127.0.0.1, or allow it with --insecure (STRATA_INSECURE=true, "
            "insecure: true)");
  WriteFile("listen: {otlp_grpc: '0.0.0.0:4317'}\ninsecure: true\n");
  EXPECT_TRUE(LoadConfig(sources_));
}

TEST_F(ConfigLoad, RelationsBetweenSettings) {
  EXPECT_EQ(RefusalOf("listen: {otlp_grpc: 'localhost:1', http: 'localhost:1'}\n"),
            "listen.otlp_grpc and listen.http are both localhost:1");
  WriteFile("listen: {otlp_grpc: 'localhost:0', http: 'localhost:0'}\n");
  EXPECT_TRUE(LoadConfig(sources_));
  EXPECT_EQ(RefusalOf("log: {max_bytes: 200MiB}\n"),
            "log.max_bytes must hold at least two segments of log.segment_bytes");
  EXPECT_EQ(RefusalOf("limits: {in_flight: 8MiB}\n"),
            "limits.in_flight must hold at least one limits.http_body and one "
            "limits.grpc_message");
  EXPECT_EQ(RefusalOf("log: {segment_bytes: 1000001B}\n"),
            "strata.yaml:1: log.segment_bytes: 1000001B is too little: at least 1MiB");
  EXPECT_EQ(RefusalOf("log: {segment_bytes: 10000001B}\n"),
            "log.segment_bytes must be a multiple of 4KiB");
  EXPECT_EQ(RefusalOf("log: {segment_bytes: 1MiB}\nlimits: {http_body: 20MiB}\n"),
            "limits.http_body and limits.grpc_message may be at most 960KiB: a request is one "
            "frame in one segment of log.segment_bytes");
}

TEST_F(ConfigLoad, DefaultLimitsFollowSmallSegments) {
  WriteFile("log: {segment_bytes: 1MiB}\nlimits: {grpc_message: 512KiB}\n");
  const auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.limits.http_body, Size{960_KiB});
  EXPECT_EQ(loaded->config.limits.grpc_message, Size{512_KiB});
  EXPECT_EQ(OriginOf(*loaded, "limits.http_body"), "default, as log.segment_bytes allows");
}

TEST_F(ConfigLoad, ReloadIsWholeOrRefused) {
  WriteFile("logging: {level: info}\nthreads: {io: 3}\n");
  const auto running = LoadConfig(sources_);
  ASSERT_TRUE(running);
  WriteFile("logging: {level: debug}\nthreads: {io: 3}\n");
  const auto reloaded = ReloadConfig(running->config, sources_);
  ASSERT_TRUE(reloaded) << reloaded.error().message;
  EXPECT_EQ(reloaded->logging.level, LogLevel::kDebug);
  WriteFile("logging: {level: warn}\nthreads: {io: 4}\nlog: {sync: interval}\nseal: {rows: 7}\n");
  const auto refused = ReloadConfig(running->config, sources_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "only a restart applies a new value of threads.io, log.sync");
  WriteFile("logging: {level: loud}\n");
  EXPECT_FALSE(ReloadConfig(running->config, sources_));
}

}  // namespace
}  // namespace strata::app
