#include "runner/model/stage_templates.h"

#include <utility>

namespace quietgate {

namespace {

using Visit = std::function<void(std::string&)>;

// Keeps the first error; later texts are left as they are.
class Resolving {
 public:
  Resolving(const Lookup& lookup, bool keep_unknown) : lookup_(lookup), keep_unknown_(keep_unknown) {}
  void operator()(std::string& text) {
    if (error_) return;
    Result<std::string> answer = keep_unknown_ ? resolve_known(text, lookup_) : resolve(text, lookup_);
    if (answer.ok()) {
      text = std::move(*answer);
      made_ += text.size();
      if (made_ > max_stage_bytes)
        error_ = user_error("its texts have more than 4 MiB with the outputs of earlier stages",
                            "put long texts into files");
    } else {
      error_ = answer.error();
    }
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Lookup& lookup_;
  bool keep_unknown_;
  std::size_t made_ = 0;
  std::optional<Error> error_;
};

bool known_to_the_rest(const std::string& name) {
  return name.starts_with("ports.") || name.starts_with("apply.");
}

// Fails on the first name that neither the lookup nor, later, the stage itself will know.
std::optional<Error> unknown_to_all(const std::string& text, const Lookup& lookup) {
  const auto names = mentions(text);
  if (const auto* problem = std::get_if<ExpressionError>(&names)) return user_error(problem->message);
  for (const Mention& mention : std::get<0>(names)) {
    if (!known_to_the_rest(mention.name) && !lookup(mention.name))
      return user_error("`" + mention.name + "` has no value here");
  }
  return std::nullopt;
}

Error in_stage(const std::string& stage, Error error) {
  error.message = "stage `" + stage + "`: " + error.message;
  return error;
}

}  // namespace

void each_template(StageSpec& stage, const Visit& f) {
  for (auto& [name, text] : stage.environment) f(text);
  stage.body.each_template(f);
}

Result<StageSpec> resolve(StageSpec stage, const Lookup& lookup) {
  Resolving final_text(lookup, false);
  for (auto& [name, text] : stage.environment) final_text(text);
  if (final_text.error()) return in_stage(stage.name, *final_text.error());

  const Lookup with_environment = [&](const std::string& name) -> std::optional<std::string> {
    constexpr std::string_view prefix = "environment.";
    if (name.starts_with(prefix)) {
      const auto found = stage.environment.find(name.substr(prefix.size()));
      if (found != stage.environment.end()) return found->second;
    }
    return lookup(name);
  };
  if (stage.body.spec().find("${{") == std::string::npos) return stage;
  const bool leaves_rest = traits_of(stage).resolves_rest;
  std::optional<Error> unknown;
  Resolving body(with_environment, leaves_rest);
  stage.body.each_template([&](std::string& text) {
    body(text);
    if (leaves_rest && !unknown && !body.error()) unknown = unknown_to_all(text, with_environment);
  });
  if (body.error()) return in_stage(stage.name, *body.error());
  if (unknown) return in_stage(stage.name, *unknown);
  return stage;
}

Result<StageBody> resolve_rest(StageBody body, const Lookup& lookup) {
  Resolving final_text(lookup, false);
  body.each_template([&](std::string& text) { final_text(text); });
  if (final_text.error()) return *final_text.error();
  return body;
}

}  // namespace quietgate
