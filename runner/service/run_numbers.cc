#include "runner/service/run_numbers.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/adapters/git/git_notes.h"
#include "runner/base/folders.h"
#include "runner/base/json.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_notes = 200;

}  // namespace

std::int64_t number_in_evidence(const std::string& line, const std::string& repository) {
  const auto envelope = parse_json(line);
  if (!envelope.is_object() || !envelope.contains("payload") || !envelope["payload"].is_string()) return 0;
  const auto& text = envelope["payload"].get_ref<const std::string&>();
  std::string statement(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(statement.data()), statement.size(), text.data(), text.size(),
                        nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return 0;
  statement.resize(size);
  try {
    const auto predicate = nlohmann::json::parse(statement).at("predicate");
    if (predicate.at("repository").get<std::string>() != repository) return 0;
    return predicate.at("run").at("number").get<std::int64_t>();
  } catch (const nlohmann::json::exception&) {
    return 0;
  }
}

std::int64_t highest_folder(const std::string& data, const std::string& repository, std::int64_t believed) {
  std::int64_t highest = 0;
  std::error_code code;
  for (fs::directory_iterator at(DataLayout(data).runs_of(repository), code), end; !code && at != end;
       at.increment(code)) {
    const auto number = number_of(at->path().filename().string());
    if (number <= believed) highest = std::max(highest, number);
  }
  return highest;
}

std::int64_t highest_number(const std::string& data, const std::string& repository, std::int64_t believed) {
  auto highest = highest_folder(data, repository, believed);
  for (const auto& line : newest_lines(DataLayout(data).mirror(repository), fetched_notes, most_notes)) {
    const auto number = number_in_evidence(line, repository);
    if (number <= believed) highest = std::max(highest, number);
  }
  return highest;
}

std::vector<std::string> repositories_with_folders(const std::string& data) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(DataLayout(data).runs(), code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;  // a link leads to another's folders
    if (fs::is_directory(at->symlink_status(ignored))) names.push_back(at->path().filename().string());
  }
  return names;
}

}  // namespace quietgate
