// `quietgate artifacts`: what a stage kept, listed, and fetched with a look at its digests.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "runner/base/beneath.h"
#include "runner/base/digest.h"
#include "runner/cli/cli.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

std::string member_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// For the path of an address; slashes stay.
std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~' || c == '/';
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

// A file that is written while it arrives, and taken away again unless it is what was kept.
class Arriving {
 public:
  Arriving(const Descriptor& root, std::string path, bool executable)
      : root_(root), path_(std::move(path)), opened_(make_file_beneath(root, path_, executable ? 0755 : 0644)) {}
  ~Arriving() {
    if (opened_.file && !whole_) remove_file_beneath(root_, path_);
  }
  Arriving(const Arriving&) = delete;
  Arriving& operator=(const Arriving&) = delete;

  int problem() const { return opened_.problem; }
  bool take(std::string_view bytes) {
    digest_.add(bytes);
    while (!bytes.empty() && opened_.problem == 0) {
      const auto put = ::write(opened_.file.get(), bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) opened_.problem = errno;
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return opened_.problem == 0;
  }
  bool is(const std::string& sha256) { return whole_ = digest_.hex() == sha256; }

 private:
  const Descriptor& root_;
  std::string path_;
  OpenedBeneath opened_;
  Sha256 digest_;
  bool whole_ = false;
};

// What to tell when a file was not fetched, and how to end.
struct NotFetched {
  Error error;
  int code = exit_failed;
  std::optional<Reply> refused;  // by the service
};

std::optional<NotFetched> fetch(CliClient& client, const std::string& address, const Json& artifact,
                                const Descriptor& root, const std::string& where) {
  const auto path = member_of(artifact, "path");
  const auto digest = member_of(artifact, "sha256");
  Arriving file(root, path, member_of(artifact, "mode") == "0755");
  const auto unwritten = [&] {
    return NotFetched{
        infrastructure_error("can't write " + where + ": " + std::strerror(file.problem())), exit_failed, {}};
  };
  if (file.problem() == EEXIST)
    return NotFetched{user_error(where + " is there already", "take it away, or name another folder with --output"),
                      exit_refused,
                      {}};
  if (file.problem() != 0) return unwritten();
  auto reply = client.download(address, [&file](std::string_view bytes) { return file.take(bytes); });
  if (file.problem() != 0) return unwritten();
  if (!reply) return NotFetched{reply.error(), exit_unreachable, {}};
  if (reply->status != 200) return NotFetched{user_error(""), exit_refused, *reply};
  if (file.is(digest)) return std::nullopt;
  return NotFetched{
      infrastructure_error(printable(path) + " is not what the stage kept: its sha256 is not " + digest.substr(0, 16),
                           "it was changed in the service's data directory: run the stage again"),
      exit_failed,
      {}};
}

bool is_named(const Json& artifact, const std::vector<std::string>& paths) {
  return std::find(paths.begin(), paths.end(), member_of(artifact, "path")) != paths.end();
}

}  // namespace

int ServiceVerbs::artifacts(const ArtifactsQuery& query) {
  auto run = resolve(query.run);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  const auto address = "/api/v1/runs/" + id + "/stages/" + query.stage + "/artifacts";
  const auto attempt = query.attempt > 0 ? "?attempt=" + std::to_string(query.attempt) : std::string();
  auto reply = client_.get(address + attempt);
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  const auto listing = Json::parse(reply->body, nullptr, false);
  const auto listed = listing.is_object() ? listing.value("artifacts", Json::array()) : Json::array();
  if (!query.all && query.paths.empty()) {
    if (common_.json) {
      parts_.out(reply->body);
      return exit_ok;
    }
    Table table({"PATH", "BYTES", "MODE", "SHA256"});
    for (const auto& each : listed)
      table.add({printable(member_of(each, "path")), std::to_string(each.value("bytes", std::int64_t{0})),
                 member_of(each, "mode"), member_of(each, "sha256")});
    parts_.out(table.empty() ? query.stage + " kept no artifacts\n" : table.text(terminal_));
    return exit_ok;
  }
  std::vector<Json> wanted;
  std::copy_if(listed.begin(), listed.end(), std::back_inserter(wanted),
               [&](const Json& each) { return query.all || is_named(each, query.paths); });
  for (const auto& path : query.paths) {
    if (std::any_of(wanted.begin(), wanted.end(), [&](const Json& each) { return member_of(each, "path") == path; }))
      continue;
    return fail(user_error(query.stage + " kept no `" + printable(path) + "`",
                           "see `quietgate artifacts " + id + " " + query.stage + "`"),
                exit_refused);
  }
  std::error_code error;
  std::filesystem::create_directories(query.output, error);
  const auto root = open_top(query.output);
  if (root.problem != 0)
    return fail(user_error("can't write into " + query.output + ": " + std::strerror(root.problem)), exit_usage);
  // The service's own numbers: what was listed is what is fetched, also when a newer attempt ends meanwhile.
  const auto same = "?attempt=" + std::to_string(listing.value("attempt", 1));
  for (const auto& each : wanted) {
    const auto path = member_of(each, "path");
    const auto where = query.output + "/" + printable(path);
    const auto problem = fetch(client_, address + "/" + escaped(path) + same, each, root.file, where);
    if (problem) return problem->refused ? refuse(*problem->refused) : fail(problem->error, problem->code);
    if (!common_.json) parts_.out(where + "\n");
  }
  if (common_.json) parts_.out(Json{{"fetched", wanted}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  return exit_ok;
}

}  // namespace quietgate
