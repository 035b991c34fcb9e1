#include "stages/environments/terraform/terraform_module.h"

#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "runner/base/files.h"
#include "runner/base/json.h"
#include "runner/base/path_inside.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_source_bytes = 4UL * 1024 * 1024;

struct Token {
  enum class Kind { word, text, open, close, other, end };
  Kind kind = Kind::end;
  std::string value;
};

// Words, quoted texts and braces of Terraform's language; everything else is one `other` a byte.
class Tokens {
 public:
  explicit Tokens(std::string_view source) : rest_(source) {}

  Token next() {
    skip_blanks_and_comments();
    if (rest_.empty()) return {};
    char first = rest_.front();
    if (first == '"') return quoted();
    if (std::isalpha(static_cast<unsigned char>(first)) != 0 || first == '_') return word();
    rest_.remove_prefix(1);
    if (first == '{') return {Token::Kind::open, "{"};
    if (first == '}') return {Token::Kind::close, "}"};
    return {Token::Kind::other, std::string(1, first)};
  }

 private:
  void skip_to(std::string_view end) {
    auto at = rest_.find(end);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + end.size());
  }
  void skip_blanks_and_comments() {
    while (!rest_.empty()) {
      if (std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
        rest_.remove_prefix(1);
      } else if (rest_.front() == '#' || rest_.starts_with("//")) {
        skip_to("\n");
      } else if (rest_.starts_with("/*")) {
        skip_to("*/");
      } else {
        return;
      }
    }
  }
  Token quoted() {
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != '"' && rest_[at] != '\n') at += rest_[at] == '\\' ? 2 : 1;
    auto end = std::min(at, rest_.size());
    Token token{Token::Kind::text, std::string(rest_.substr(1, end - 1))};
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return token;
  }
  Token word() {
    std::size_t at = 0;
    while (at < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[at])) != 0 || rest_[at] == '_' || rest_[at] == '-')) {
      ++at;
    }
    Token token{Token::Kind::word, std::string(rest_.substr(0, at))};
    rest_.remove_prefix(at);
    return token;
  }
  std::string_view rest_;
};

std::optional<std::string> declared_backend_json(const std::string& text) {
  auto module = parse_json(text);
  if (!module.is_object() || !module.contains("terraform")) return std::nullopt;
  const auto& blocks = module["terraform"];
  auto of = [](const nlohmann::json& block) -> std::optional<std::string> {
    if (!block.is_object()) return std::nullopt;
    if (block.contains("cloud")) return "cloud";
    if (block.contains("backend") && block["backend"].is_object() && !block["backend"].empty()) {
      return block["backend"].begin().key();
    }
    return std::nullopt;
  };
  if (!blocks.is_array()) return of(blocks);
  for (const auto& block : blocks) {
    if (auto found = of(block)) return found;
  }
  return std::nullopt;
}

bool runnable(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> declared_backend(std::string_view hcl) {
  Tokens tokens(hcl);
  int depth = 0;
  bool in_terraform = false;
  Token before, last;
  for (auto token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
    if (token.kind == Token::Kind::open) {
      if (depth == 0) in_terraform = last.kind == Token::Kind::word && last.value == "terraform";
      if (depth == 1 && in_terraform) {
        if (before.value == "backend" && last.kind == Token::Kind::text) return last.value;
        if (last.kind == Token::Kind::word && last.value == "cloud") return "cloud";
      }
      ++depth;
    }
    if (token.kind == Token::Kind::close && depth > 0) --depth;
    before = std::move(last);
    last = std::move(token);
  }
  return std::nullopt;
}

Result<TerraformModule> read_terraform_module(const std::string& checkout, const std::string& directory) {
  auto path = path_inside(checkout, directory);
  if (!path) return path.error();
  TerraformModule module{*path, std::nullopt};
  std::error_code error;
  bool any = false;
  for (fs::directory_iterator at(*path, error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    bool json = name.ends_with(".tf.json") || name.ends_with(".tofu.json");
    if (!json && !name.ends_with(".tf") && !name.ends_with(".tofu")) continue;
    any = true;
    auto text = read_file_bounded(at->path().string(), max_source_bytes);
    if (!text) return user_error("the Terraform file " + name + " can't be read: " + text.error().message);
    auto backend = json ? declared_backend_json(*text) : declared_backend(*text);
    // An override file may name another one: what is shared counts.
    if (backend && (!module.backend || *module.backend == "local")) module.backend = backend;
  }
  if (any) return module;
  return user_error("there are no Terraform files in \"" + directory + "\"",
                    "correct `terraform.directory` in the pipeline: it is relative to the repository's root");
}

Result<std::string> find_terraform(const std::string& path) {
  for (const char* program : {"terraform", "tofu"}) {
    for (std::size_t begin = 0; begin <= path.size();) {
      auto end = std::min(path.find(':', begin), path.size());
      auto folder = path.substr(begin, end - begin);
      if (folder.starts_with('/') && runnable(folder + "/" + program)) return folder + "/" + program;
      begin = end + 1;
    }
  }
  return infrastructure_error("neither terraform nor tofu is on the service's PATH (" + path + ")",
                              "install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu "
                              "(https://opentofu.org/docs/intro/install), or use `processes:` instead of `terraform:`");
}

}  // namespace quietgate
