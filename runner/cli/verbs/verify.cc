#include "runner/cli/verbs/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "runner/adapters/git/git_notes.h"
#include "runner/adapters/sealer/evidence_key.h"
#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/terminal/evidence_report.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/model/evidence.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

struct VerifyQuery {
  std::string commit;
  std::string repository = ".";   // a clone, where the note is
  std::string evidence;           // a file of envelopes instead; `-`: standard input
  std::vector<std::string> keys;  // files of public keys; empty: that of the data directory
};

// Lines of envelopes, and the commit that they must be about.
struct GivenEvidence {
  CommitId commit;
  std::vector<std::string> envelopes;
};

Result<GivenEvidence> given_by(const VerifyQuery& query) {
  GivenEvidence given;
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

Result<std::vector<PublicKey>> keys_of(const Invocation& call, const VerifyQuery& query) {
  auto files = query.keys;
  if (files.empty()) {
    const auto data = call.data_directory();
    const auto known = data + "/keys/evidence.pub.pem";
    if (data.empty() || !std::filesystem::exists(known))
      return user_error("no public key is known",
                        "name the public key of the service that promoted: --key FILE (`keys/evidence.pub.pem` in its "
                        "data directory, or GET /api/v1/evidence-key)");
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
    return user_error("it is signed, but it is not evidence of a version that quietgate knows");
  const auto pointer = Json::json_pointer("/subject/0/digest/gitCommit");
  const auto about = json.contains(pointer) && json.at(pointer).is_string() ? json.at(pointer).get<std::string>() : "";
  if (about != commit)
    return user_error("it is signed, but about commit " + printable(about) + ", not this one",
                      "it was copied here from that commit");
  if (!json.value("predicate", Json()).is_object()) return user_error("it is signed, but has no predicate");
  return json["predicate"];
}

constexpr const char* meaning =
    "This proves that the holder of the private key wrote exactly this statement about exactly this commit, and that "
    "no byte\nof it has changed since. It does not prove that only quietgate had the key, that the queried servers "
    "told the truth, or\nthat no other statement about the commit was removed.\n";

int verify_commit(const Invocation& call, const VerifyQuery& query) {
  auto keys = keys_of(call, query);
  auto given = keys ? given_by(query) : Result<GivenEvidence>(keys.error());
  if (!given) return call.fail(given.error(), exit_refused);
  if (given->envelopes.empty())
    return call.fail(
        user_error("commit " + given->commit.substr(0, 7) + " has no evidence here",
                   query.evidence.empty() ? "fetch it: git fetch origin refs/notes/quietgate:refs/notes/quietgate"
                                          : "is it the right file? see `quietgate evidence RUN`"),
        exit_refused);
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
      text += title + "holds\n" + evidence_report(*predicate, opened->key_id) + "\n";
      list.push_back({{"holds", true}, {"key", opened->key_id}, {"predicate", *predicate}});
    } else {
      all_hold = false;
      const auto& error = predicate.error();
      text +=
          title + "DOES NOT HOLD\n  " + error.message + (error.advice.empty() ? "" : "\n  " + error.advice) + "\n\n";
      list.push_back({{"holds", false}, {"problem", error.message}});
    }
  }
  if (call.common.json) {
    call.parts.out(json_text(Json{{"commit", given->commit}, {"holds", all_hold}, {"evidence", std::move(list)}}) +
                   "\n");
  } else {
    call.parts.out(text + (all_hold ? meaning : ""));
  }
  return all_hold ? exit_ok : exit_failed;
}

}  // namespace

Verb verify_verb() {
  auto query = std::make_shared<VerifyQuery>();
  Verb verb{"verify", "Check a commit's evidence, offline, and say what it proves", verb_group::local};
  verb.options.text("COMMIT", query->commit, "The commit, by any name that Git knows; with --evidence, by its full id")
      .required();
  verb.options.text("--repository", query->repository, "A clone that has refs/notes/quietgate (default: here)");
  verb.options.text("--evidence", query->evidence, "A file of envelopes instead of the note (`-`: standard input)");
  verb.options.list("--key", query->keys,
                    "Public keys (PEM) of the service that promoted (default: the keys in the data directory)");
  verb.run = [query](const Invocation& call) { return verify_commit(call, *query); };
  return verb;
}

}  // namespace quietgate
