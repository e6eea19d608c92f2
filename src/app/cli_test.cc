// The strata binary as a process: what it writes and what it ends with.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/exit_code.h"
#include "net/scripted_server.h"

namespace strata::app {
namespace {

struct Ended {
  int code = -1;
  std::string out;
  std::string err;
};

std::string ReadBack(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

struct Given {
  std::string input = {};
  std::vector<std::string> environment = {};  // all of it: nothing is inherited
};

// Runs `strata` with `arguments` until it ends.
Ended Strata(std::vector<std::string> arguments, const Given& given = {}) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  std::fwrite(given.input.data(), 1, given.input.size(), in);
  std::rewind(in);
  arguments.insert(arguments.begin(), STRATA_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = given.environment;
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(fileno(in), 0);
    dup2(fileno(out), 1);
    dup2(fileno(err), 2);
    execve(STRATA_BINARY, argv.data(), environment.data());
    _exit(127);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  std::fclose(in);
  Ended ended{.out = ReadBack(out), .err = ReadBack(err)};
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

// A server that answers one statement.
class OneAnswer {
 public:
  OneAnswer(std::string head, std::string body)
      : answer_("HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body),
        server_(1, [this](int peer) {
          request_ = net::ReadRequest(peer, 0);
          net::WriteText(peer, answer_);
          request_ += net::ReadRequest(peer, 1);  // the rest of the body, until the client is done
        }) {}

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(server_.Url().port); }
  // Once the client has ended.
  std::string Request() {
    server_.Join();
    return request_;
  }

 private:
  std::string answer_;
  std::string request_;
  net::ScriptedServer server_;
};

constexpr const char* kAnswer =
    R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[7]],)"
    R"("stats":{"rows":1,"elapsed_ms":1,"bytes_read":0,"complete":true}})";

TEST(Cli, HelpAndVersion) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"query", "--help"}, {"config", "check", "--help"}, {"version", "--help"}}) {
    const Ended ended = Strata(arguments);
    EXPECT_EQ(ended.code, kExitOk) << arguments[0];
    EXPECT_NE(ended.out.find("Usage: strata"), std::string::npos) << ended.out;
    EXPECT_EQ(ended.err, "");
  }
  EXPECT_EQ(Strata({"version"}).out, "strata " STRATA_VERSION "\n");
  EXPECT_EQ(Strata({"--version"}).out, "strata " STRATA_VERSION "\n");
  EXPECT_TRUE(Strata({"version", "--output", "json"})
                  .out.starts_with("{\"version\":\"" STRATA_VERSION "\","));
}

TEST(Cli, UsageErrorsEndWith2) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"serv"},
           {"config"},
           {"config", "check", "--hot-memroy", "1GiB"},
           {"config", "check", "--hot-memory"},
           {"config", "check", "--hot-memory", "lots"},
           {"config", "check", "--insecure=maybe"},
           {"config", "check", "--data-dir", "a", "--data-dir", "b"},
           {"chaos", "--seconds", "4"},
           {"chaos", "--seconds", "soon"},
           {"chaos", "--seed", "x"},
           {"chaos", "--output", "yaml"},
           {"query", "--output", "yaml", "SELECT 1"},
           {"query", "--timeout", "1", "SELECT 1"},
           {"query", "--timeout", "0s", "SELECT 1"},
           {"query", "--url", "ftp://x", "SELECT 1"},
           {"query", "SELECT 1", "--file", "x.sql"},
           {"query", " ; "},
           {"query"}}) {
    const Ended ended = Strata(arguments);
    EXPECT_EQ(ended.code, kExitUsage) << testing::PrintToString(arguments) << ended.err;
    EXPECT_EQ(ended.out, "") << testing::PrintToString(arguments);
    EXPECT_NE(ended.err, "") << testing::PrintToString(arguments);
  }
  EXPECT_TRUE(Strata({"config", "check", "--hot-memory", "lots"})
                  .err.starts_with("error: --hot-memory: 'lots' is not a size"));
}

TEST(Cli, BadConfigurationEndsWith78) {
  const Ended environment = Strata({"config", "check"}, {.environment = {"STRATA_SEAL_ROWS=many"}});
  EXPECT_EQ(environment.code, kExitConfig);
  EXPECT_EQ(environment.err, "STRATA_SEAL_ROWS: 'many' is not a whole number\n");
  const Ended name =
      Strata({"config", "check"}, {.environment = {"STRATA_DEDUP_PAYLOAD=true,/=false"}});
  EXPECT_EQ(name.code, kExitConfig);
  EXPECT_EQ(name.err, "STRATA_DEDUP_PAYLOAD: '/' is not a namespace's name\n");
  const Ended open = Strata({"config", "check", "--listen-http", "0.0.0.0:8090"});
  EXPECT_EQ(open.code, kExitConfig);
  EXPECT_NE(open.err.find("--insecure"), std::string::npos) << open.err;
  EXPECT_EQ(Strata({"config", "check", "--config", "/nonexistent"}).code, kExitConfig);
  EXPECT_EQ(Strata({"config", "check", "--listen-http", "0.0.0.0:8090", "--insecure"}).code,
            kExitOk);
}

TEST(Cli, ConfigPrintReadsBack) {
  const std::string file =
      testing::TempDir() + "strata-print-" + std::to_string(getpid()) + ".yaml";
  const Given given{
      .environment = {"STRATA_HOT_RETENTION=2h", "STRATA_DEDUP_PAYLOAD=true, prod=false"}};
  const Ended printed = Strata({"config", "print", "--listen-http", "[::1]:0", "--data-dir",
                                "it's ${env:A} #1", "--merge-enabled", "false", "--with-origin"},
                               given);
  ASSERT_EQ(printed.code, kExitOk) << printed.err;
  EXPECT_NE(printed.out.find("  enabled: false  # flag --merge-enabled\n"), std::string::npos);
  EXPECT_NE(printed.out.find("  retention: 2h  # environment STRATA_HOT_RETENTION\n"),
            std::string::npos);
  EXPECT_NE(printed.out.find("  rows: 1000000  # default\n"), std::string::npos);
  EXPECT_NE(printed.out.find("  payload: 'true,prod=false'  # environment STRATA_DEDUP_PAYLOAD\n"),
            std::string::npos)
      << printed.out;
  std::ofstream(file) << printed.out;
  const Ended again = Strata({"config", "print", "--config", file});
  EXPECT_EQ(again.code, kExitOk) << again.err;
  EXPECT_NE(again.out.find("data_dir: 'it''s $${env:A} #1'\n"), std::string::npos) << again.out;
  const Ended plain = Strata({"config", "print", "--listen-http", "[::1]:0", "--data-dir",
                              "it's ${env:A} #1", "--merge-enabled=false"},
                             given);
  EXPECT_EQ(again.out, plain.out);
  std::filesystem::remove(file);
}

TEST(Cli, WalWithoutALogEndsWith4) {
  const std::string folder = testing::TempDir() + "strata-no-log-" + std::to_string(getpid());
  for (const char* command : {"inspect", "verify"}) {
    const Ended ended = Strata({"wal", command, "--data-dir", folder});
    EXPECT_EQ(ended.code, kExitNotFound) << ended.err;
    EXPECT_NE(ended.err.find(folder), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(Strata({"wal", command}, {.environment = {"STRATA_SEAL_ROWS=x"}}).code, kExitConfig);
  }
  EXPECT_EQ(Strata({"wal"}).code, kExitUsage);
}

TEST(Cli, ServeRefusesBadConfiguration) {
  EXPECT_EQ(Strata({"serve"}, {.environment = {"STRATA_SEAL_ROWS=x"}}).code, kExitConfig);
  EXPECT_EQ(Strata({"serve", "--listen-http", "0.0.0.0:0"}).code, kExitConfig);
  EXPECT_EQ(Strata({"serve", "--listen-http", "localhost"}).code, kExitUsage);
}

TEST(Cli, ConfigCheckWarnsOfANearMiss) {
  const Ended ended = Strata({"config", "check"}, {.environment = {"STRATA_HOT_MEMROY=1GiB"}});
  EXPECT_EQ(ended.code, kExitOk);
  EXPECT_EQ(ended.err,
            "warning: STRATA_HOT_MEMROY is not a setting; did you mean STRATA_HOT_MEMORY?\n");
}

TEST(Cli, QueryPrintsATableAndSendsTheStatement) {
  OneAnswer server("200 OK", kAnswer);
  const Ended ended =
      Strata({"query", "SELECT 7 AS n", "--url", server.Url(), "--namespace", "prod"});
  EXPECT_EQ(ended.code, kExitOk) << ended.err;
  EXPECT_EQ(ended.out, " n\n---\n 7\n");
  EXPECT_EQ(ended.err, "1 row in 1 ms, 0B read\n");
  const std::string request = server.Request();
  EXPECT_TRUE(request.starts_with("POST /api/v1/sql?format=json HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("X-Scope-OrgID: prod\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Content-Type: text/plain"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\nSELECT 7 AS n")) << request;
}

TEST(Cli, QueryReadsStandardInputAndFiles) {
  OneAnswer piped("200 OK", kAnswer);
  EXPECT_EQ(Strata({"query", "--url", piped.Url()}, {.input = "SELECT 'in'\n"}).code, kExitOk);
  EXPECT_TRUE(piped.Request().ends_with("SELECT 'in'\n"));
  const std::string file = testing::TempDir() + "strata-query-" + std::to_string(getpid()) + ".sql";
  std::ofstream(file) << "SELECT 'file'";
  OneAnswer from_file("200 OK", kAnswer);
  EXPECT_EQ(Strata({"query", "-f", file, "--url", from_file.Url()}).code, kExitOk);
  EXPECT_TRUE(from_file.Request().ends_with("SELECT 'file'"));
  std::filesystem::remove(file);
  EXPECT_EQ(Strata({"query", "-f", file}).code, kExitNotFound);
}

TEST(Cli, QueryPassesOtherFormatsThrough) {
  for (const std::string format : {"ndjson", "csv", "parquet"}) {
    const std::string body("PAR1\0\xff\n", 7);
    OneAnswer server("200 OK", body);
    const Ended ended = Strata({"query", "SELECT 1", "--output", format, "--url", server.Url()});
    EXPECT_EQ(ended.code, kExitOk) << ended.err;
    EXPECT_EQ(ended.out, body) << format;
    EXPECT_EQ(ended.err, "") << format;
    EXPECT_NE(server.Request().find("?format=" + format + " "), std::string::npos);
  }
}

TEST(Cli, QueryEndsWithTheCodeOfTheAnswer) {
  const std::vector<std::pair<std::string, int>> answers = {{"400 Bad Request", kExitFailure},
                                                            {"403 Forbidden", kExitPermission},
                                                            {"404 Not Found", kExitNotFound},
                                                            {"409 Conflict", kExitConflict},
                                                            {"413 Payload Too Large", kExitFailure},
                                                            {"429 Too Many", kExitUnavailable},
                                                            {"503 Busy", kExitUnavailable},
                                                            {"504 Timeout", kExitTimeout},
                                                            {"302 Found", kExitFailure}};
  for (const auto& [head, code] : answers) {
    OneAnswer server(head, R"({"error":{"code":"x","message":"no table t","hint":"try logs"}})");
    const Ended ended = Strata({"query", "SELECT 1", "--url", server.Url()});
    EXPECT_EQ(ended.code, code) << head;
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err, "error: no table t\nhint: try logs\n");
  }
}

TEST(Cli, QueryThatWasCutEndsWith3) {
  OneAnswer table("200 OK",
                  R"({"columns":[{"name":"n"}],"rows":[[7]],"stats":{"complete":false}})");
  const Ended cut = Strata({"query", "SELECT 1", "--url", table.Url()});
  EXPECT_EQ(cut.code, kExitPartial);
  EXPECT_EQ(cut.out, " n\n---\n 7\n");
  OneAnswer csv("200 OK\r\nstrata-complete: false", "n\n7\n");
  EXPECT_EQ(Strata({"query", "SELECT 1", "--output", "csv", "--url", csv.Url()}).code,
            kExitPartial);
}

TEST(Cli, QueryWithoutAServerEndsWith7AndWithASilentOneWith124) {
  std::string url;
  {
    net::ScriptedServer gone(0, [](int) {});
    url = "http://127.0.0.1:" + std::to_string(gone.Url().port);
  }
  const Ended refused = Strata({"query", "SELECT 1", "--url", url});
  EXPECT_EQ(refused.code, kExitUnavailable);
  EXPECT_NE(refused.err.find("Connection refused\nhint: is strata serve running there?\n"),
            std::string::npos)
      << refused.err;
  net::ScriptedServer silent(1, [](int peer) { net::ReadRequest(peer, 1000); });
  url = "http://127.0.0.1:" + std::to_string(silent.Url().port);
  EXPECT_EQ(Strata({"query", "SELECT 1", "--url", url, "--timeout", "50ms"}).code, kExitTimeout);
}

}  // namespace
}  // namespace strata::app
