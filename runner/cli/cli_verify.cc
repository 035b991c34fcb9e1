// `quietgate verify`: what a commit's evidence proves, without any service.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "runner/adapters/git/git_notes.h"
#include "runner/adapters/sealer/evidence_key.h"
#include "runner/base/text.h"
#include "runner/cli/cli.h"
#include "runner/model/evidence.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

// Lines of envelopes, and the commit that they must be about.
struct Given {
  CommitId commit;
  std::vector<std::string> envelopes;
};

Result<Given> given_by(const VerifyQuery& query) {
  Given given;
  std::string text;
  if (query.evidence.empty()) {
    auto note = read_note(query.repository, evidence_notes, query.commit);
    if (!note) return note.error();
    given.commit = note->commit;
    text = note->text.value_or("");
  } else {
    const bool full =
        query.commit.size() == 40 && query.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!full) return user_error("with --evidence the commit is named by its full id", "give all 40 digits");
    given.commit = query.commit;
    std::ifstream file;
    if (query.evidence != "-") file.open(query.evidence, std::ios::binary);
    std::istream& in = query.evidence == "-" ? std::cin : file;
    if (!in) return user_error("can't read " + query.evidence);
    std::vector<char> bytes(longest_note + 1);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    text.assign(bytes.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > longest_note) return user_error(query.evidence + " is longer than 16 MiB");
  }
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (end > at) given.envelopes.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return given;
}

Result<std::vector<PublicKey>> keys_of(const CliParts& parts, const CliCommon& common, const VerifyQuery& query) {
  auto files = query.keys;
  if (files.empty()) {
    const auto data = common.data.empty() ? parts.default_data() : common.data;
    const auto known = data + "/keys/evidence.pub.pem";
    if (data.empty() || !std::filesystem::exists(known))
      return user_error("no public key is known",
                        "name the one of the quietgate that promoted: --key FILE (it is `keys/evidence.pub.pem` "
                        "of its data directory, and GET /api/v1/evidence-key)");
    files.push_back(known);
  }
  std::vector<PublicKey> keys;
  for (const auto& file : files) {
    auto read = read_public_keys(file);
    if (!read) return read.error();
    keys.insert(keys.end(), read->begin(), read->end());
  }
  return keys;
}

// The predicate, if the statement is one of ours about this commit; else why not.
Result<Json> predicate_of(const std::string& statement, const CommitId& commit) {
  const auto json = Json::parse(statement, nullptr, false);
  if (!json.is_object() || json.value("predicateType", Json()) != evidence_predicate)
    return user_error("it is signed, but is no evidence of a promotion that this version knows");
  const auto pointer = Json::json_pointer("/subject/0/digest/gitCommit");
  const auto about = json.contains(pointer) && json.at(pointer).is_string() ? json.at(pointer).get<std::string>() : "";
  if (about != commit)
    return user_error("it is signed, but about commit " + printable(about) + ", not this one",
                      "it was moved here from there");
  if (!json.value("predicate", Json()).is_object()) return user_error("it is signed, but has no predicate");
  return json["predicate"];
}

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.contains(at)) return {};
  const auto& found = json.at(at);
  return printable(found.is_string() ? found.get<std::string>() : found.dump());
}

std::string stage_lines(const Json& predicate) {
  std::string text;
  for (const auto& stage : predicate.value("stages", Json::array())) {
    text += fmt::format("    {:<14} {:<8} {:<12} {}\n", text_at(stage, "/name"), text_at(stage, "/kind"),
                        text_at(stage, "/outcome"), stage.contains("checks") ? "" : text_at(stage, "/reason"));
    for (const auto& check : stage.value("checks", Json::array()))
      text += "      " + text_at(check, "/sentence") + "\n";
    if (stage.contains("artifacts"))
      text += "      kept " + text_at(stage, "/artifacts/files") + " artifacts, " + text_at(stage, "/artifacts/bytes") +
              " bytes: sha256 " + text_at(stage, "/artifacts/sha256").substr(0, 16) + "\n";
    const auto given = stage.value("given", Json::object());
    for (const auto& [giver, kept] : given.items())
      text += "      with " + text_at(kept, "/files") + " artifacts of " + printable(giver) + ": sha256 " +
              text_at(kept, "/sha256").substr(0, 16) + "\n";
    if (stage.contains("approved"))
      text += "      approved by " + text_at(stage, "/approved/by") + ": " + text_at(stage, "/approved/reason") + "\n";
  }
  return text;
}

std::string gate_lines(const Json& predicate) {
  const auto gate = predicate.value("gate", Json());
  if (!gate.is_object()) return "  no gate: nothing was asked of any alert rule\n";
  auto text = "  the gate was " + text_at(gate, "/verdict") + ": " + text_at(gate, "/sentence") + "\n";
  for (const auto& proof : gate.value("proofs", Json::array())) {
    const auto waived = text_at(proof, "/waived");
    text += fmt::format("    {:<8} {:<6} {}: {}\n", text_at(proof, "/id"),
                        waived.empty() ? text_at(proof, "/verdict") : "waived", text_at(proof, "/name"),
                        waived.empty() ? text_at(proof, "/detail") : waived);
  }
  return text + "    rules " + text_at(gate, "/rules_sha256").substr(0, 16) + " on " + text_at(gate, "/prometheus") +
         "\n";
}

// Who decided, and against what.
std::string decided_by(const Json& predicate) {
  const auto by = text_at(predicate, "/promotion/by");
  if (by.empty()) return {};
  const auto reason = text_at(predicate, "/promotion/reason");
  if (predicate.contains("override")) {
    const auto at = text_at(predicate, "/override/at");
    const auto judged = text_at(predicate, "/override/judged_at");
    return fmt::format("  overridden by {}{}: {}; the gate said{}: {}: {}\n", by, at.empty() ? "" : " at " + at, reason,
                       judged.empty() ? "" : " at " + judged, text_at(predicate, "/override/verdict"),
                       text_at(predicate, "/override/sentence"));
  }
  // Of a version that had no such member.
  const Json::json_pointer overrode("/promotion/overrode_gate");
  const bool against = predicate.contains(overrode) && predicate.at(overrode) == true;
  return "  decided by " + by + (against ? " AGAINST THE GATE" : "") + ": " + reason + "\n";
}

std::string explained(const Json& predicate, const std::string& key) {
  const auto from = text_at(predicate, "/promotion/from");
  auto text = fmt::format("  {} moved from {} to this commit at {},\n  by run {}/{} of {} ({})\n",
                          text_at(predicate, "/promotion/branch"), from.empty() ? "nothing" : from.substr(0, 7),
                          text_at(predicate, "/promotion/at"), text_at(predicate, "/repository"),
                          text_at(predicate, "/run/number"), text_at(predicate, "/run/branch"),
                          text_at(predicate, "/run/cause"));
  if (predicate.contains(Json::json_pointer("/promotion/rollback")))
    text += "  this was a rollback of " + text_at(predicate, "/promotion/rollback/of") + ": " +
            text_at(predicate, "/promotion/rollback/reason") + "\n";
  text += decided_by(predicate);
  text += "  plan " + text_at(predicate, "/plan/sha256").substr(0, 16) + "\n" + stage_lines(predicate) +
          gate_lines(predicate);
  return text + "  signed by key " + key.substr(0, 16) + "\n";
}

constexpr const char* meaning =
    "What this proves: whoever holds the private key wrote exactly this, about exactly this commit, and not a byte of "
    "it\n"
    "was changed since. What it does not prove: that the key was in good hands, that the servers which were asked told "
    "the\n"
    "truth, or that no other statement was taken away.\n";

}  // namespace

int verify_commit(const CliParts& parts, const CliCommon& common, const VerifyQuery& query) {
  auto keys = keys_of(parts, common, query);
  auto given = keys ? given_by(query) : Result<Given>(keys.error());
  if (!given) {
    print_error(parts, given.error(), common.json);
    return exit_refused;
  }
  if (given->envelopes.empty()) {
    print_error(
        parts,
        user_error("commit " + given->commit.substr(0, 7) + " has no evidence here",
                   query.evidence.empty() ? "fetch it: git fetch origin refs/notes/quietgate:refs/notes/quietgate"
                                          : "is it the right file? see `quietgate evidence RUN`"),
        common.json);
    return exit_refused;
  }
  Json list = Json::array();
  std::string text;
  bool all_hold = true;
  int number = 0;
  for (const auto& envelope : given->envelopes) {
    auto opened = open_envelope(envelope, *keys);
    auto predicate = opened ? predicate_of(opened->statement, given->commit) : Result<Json>(opened.error());
    const auto title =
        fmt::format("evidence {} of {} for commit {}: ", ++number, given->envelopes.size(), given->commit);
    if (predicate) {
      text += title + "holds\n" + explained(*predicate, opened->key_id) + "\n";
      list.push_back({{"holds", true}, {"key", opened->key_id}, {"predicate", *predicate}});
    } else {
      all_hold = false;
      const auto& error = predicate.error();
      text +=
          title + "DOES NOT HOLD\n  " + error.message + (error.advice.empty() ? "" : "\n  " + error.advice) + "\n\n";
      list.push_back({{"holds", false}, {"problem", error.message}});
    }
  }
  if (common.json) {
    parts.out(Json{{"commit", given->commit}, {"holds", all_hold}, {"evidence", std::move(list)}}.dump(
                  -1, ' ', false, Json::error_handler_t::replace) +
              "\n");
  } else {
    parts.out(text + (all_hold ? meaning : ""));
  }
  return all_hold ? exit_ok : exit_failed;
}

}  // namespace quietgate
