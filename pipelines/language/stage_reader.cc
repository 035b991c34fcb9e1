#include "pipelines/language/stage_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pipelines/language/stage_kind.h"
#include "runner/model/interpreter.h"

namespace quietgate {

namespace {

constexpr std::size_t max_expansions = 1000;
constexpr std::size_t max_axes = 10;
const std::string stage_name_expected = "a letter, then up to 62 letters, digits, `_` or `-`";
const std::string stage_name_characters = std::string(letters_and_digits) + "_-";
const std::string lock_characters = std::string(letters_and_digits) + "._/-";
const std::string variable_first = std::string(letters) + "_";
const std::string variable_characters = std::string(letters_and_digits) + "_";

using Combination = std::vector<std::pair<std::string, std::string>>;

std::string sanitized(const std::string& value) {
  std::string out;
  for (const char c : value) out += stage_name_characters.find(c) == std::string::npos ? '-' : c;
  return out;
}

// Every combination of the matrix's values, the first key varying slowest.
std::vector<Combination> combinations(const Found& found, const ValueReader& values) {
  std::vector<Combination> all{{}};
  MapReader map(values, found, "`matrix`");
  if (map.valid() && found.node->entries.empty()) values.wrong(found, "`matrix` is empty", "a map of lists");
  for (const Found& axis : map.entries(max_axes)) {
    if (!values.is_name(axis, axis.name, variable_first, stage_name_characters, 63,
                        "a letter, then letters, digits, `_` or `-`"))
      continue;
    std::vector<std::string> choices;
    for (const Found& item : values.list(axis, 1, 100)) {
      auto value = values.loose_text(item);
      if (!value) continue;
      if (value->empty() || value->size() > 60 || value->find("${{") != std::string::npos) {
        values.wrong(item, fmt::format("`{}` can't be a value of a matrix", *value),
                     "1 to 60 characters without `${{`");
      } else if (std::find(choices.begin(), choices.end(), *value) != choices.end()) {
        values.wrong(item, fmt::format("`{}` appears twice in `{}`", *value, axis.name));
      } else {
        choices.push_back(std::move(*value));
      }
    }
    if (choices.empty()) continue;
    if (all.size() * choices.size() > max_expansions) {
      values.wrong(found, fmt::format("the matrix has more than {} combinations", max_expansions));
      return {{}};
    }
    std::vector<Combination> longer;
    for (const Combination& one : all) {
      for (const std::string& choice : choices) {
        longer.push_back(one);
        longer.back().emplace_back(axis.name, choice);
      }
    }
    all.swap(longer);
  }
  return all;
}

void read_retry(const Found& found, const ValueReader& values, RetryPolicy& retry) {
  MapReader map(values, found, "`retry`");
  if (const Found attempts = map.require("attempts", "the number of attempts in total, 1 to 10"))
    retry.attempts = values.integer(attempts, 1, 10).value_or(1);
  if (const Found when = map.find("when")) {
    retry.when.clear();
    for (const Found& item : values.list(when, 1)) {
      const auto word = values.choice(item, {"infrastructure", "failed", "inconclusive", "timeout"});
      if (!word) continue;
      const auto reason = static_cast<RetryWhen>(*word);
      if (std::find(retry.when.begin(), retry.when.end(), reason) != retry.when.end()) {
        values.wrong(item, fmt::format("`{}` appears twice in `when`", item.node->text));
      } else {
        retry.when.push_back(reason);
      }
    }
  }
  map.finish();
}

class StageReader {
 public:
  StageReader(const Found& found, Scope scope, Diagnostics& diagnostics)
      : scope_(std::move(scope)),
        templates_(diagnostics, scope_),
        values_(diagnostics, [this](const Found& scalar) { return templates_.read(scalar, Templates::Use::settled); }),
        map_(values_, found, fmt::format("stage `{}`", found.name)) {
    draft_.base = found.name;
    draft_.at = found.key_at;
    draft_.spec.name = found.name;
  }

  StageDraft read(const Combination& combination) {
    for (const auto& [key, value] : combination) {
      scope_.matrix[key] = value;
      draft_.spec.name += "." + sanitized(value);
    }
    scope_.in_stage = true;
    map_.find("matrix");
    read_flow();
    read_body();
    map_.finish();
    std::size_t bytes = 0;
    for (auto& [name, value] : scope_.environment) {
      bytes += name.size() + value.text.size();
      draft_.spec.environment[name] = std::move(value.text);
    }
    scope_.budget->charge(draft_.at, 0, bytes);
    draft_.references = std::move(scope_.references);
    draft_.outputs = std::move(scope_.outputs);
    return std::move(draft_);
  }

 private:
  void read_flow() {
    StageSpec& spec = draft_.spec;
    if (const Found needs = map_.find("needs")) read_needs(needs);
    if (const Found condition = map_.find("if")) read_condition(condition);
    if (const Found environment = map_.find("environment"))
      read_environment(environment, scope_, values_.diagnostics());
    if (const Found shell = map_.find("shell")) read_shell(shell, scope_, values_.diagnostics());
    if (const Found timeout = map_.find("timeout")) spec.timeout = values_.duration(timeout).value_or(spec.timeout);
    if (const Found retry = map_.find("retry")) read_retry(retry, values_, spec.retry);
    if (const Found go_on = map_.find("continue_on_error"))
      spec.continue_on_error = values_.boolean(go_on).value_or(false);
    lock_ = map_.find("lock");
    if (lock_) read_lock(lock_);
  }

  void read_lock(const Found& found) {
    if (!values_.text(found)) return;
    auto name = templates_.read(found, Templates::Use::settled);
    if (!name) return;
    const bool right = name->size() <= 100 && !name->empty() &&
                       letters_and_digits.find(name->front()) != std::string_view::npos &&
                       name->find_first_not_of(lock_characters) == std::string::npos;
    if (!right)
      return values_.wrong(found, fmt::format("`{}` is not the name of a lock", *name),
                           "a letter or a digit, then up to 99 letters, digits, `.`, `_`, `/` or `-`");
    draft_.spec.lock = std::move(*name);
  }

  void read_needs(const Found& found) {
    draft_.needs_nothing = found.node->kind == YamlNode::Kind::sequence && found.node->items.empty();
    std::set<std::string> names;
    for (const Found& item : values_.list(found)) {
      const auto name = values_.text(item);
      if (!name) continue;
      if (!names.insert(*name).second) {
        values_.wrong(item, fmt::format("`{}` appears twice in `needs`", *name));
      } else {
        draft_.needs.push_back({*name, item.node->at});
      }
    }
  }

  void read_condition(const Found& found) {
    const auto written = values_.loose_text(found);
    if (!written) return;
    if (written->find_first_not_of(" \t\n") == std::string::npos)
      return values_.wrong(found, "`if` is empty", "an expression such as `commit.branch == 'main'`");
    if (const auto condition = templates_.read(found, Templates::Use::condition)) {
      const std::size_t first = condition->find_first_not_of(" \t\n");
      draft_.spec.condition = condition->substr(first, condition->find_last_not_of(" \t\n") - first + 1);
    }
  }

  void read_body() {
    std::vector<std::string> names;
    std::vector<std::pair<const StageKindDescriptor*, Found>> bodies;
    for (const StageKindDescriptor& kind : *scope_.kinds) {
      names.push_back(kind.name);
      if (const Found body = map_.find(kind.name)) bodies.emplace_back(&kind, body);
    }
    std::vector<std::pair<const StageKindDescriptor*, Found>> words;  // that only some kinds have
    for (const StageKindDescriptor& kind : *scope_.kinds) {
      for (const std::string& word : kind.words) {
        if (const Found found = map_.find(word)) words.emplace_back(&kind, found);
      }
    }
    if (!map_.valid()) return;
    if (bodies.empty()) {
      values_.diagnostics().add(draft_.at, fmt::format("stage `{}` does nothing", draft_.base),
                                "one of " + joined(names));
      return;
    }
    const auto& [kind, body] = bodies.front();
    for (std::size_t i = 1; i < bodies.size(); ++i) {
      values_.diagnostics().add(
          bodies[i].second.key_at,
          fmt::format("stage `{}` has both `{}` and `{}`", draft_.base, kind->name, bodies[i].first->name),
          "one kind per stage", "make two stages, and let one need the other");
    }
    StageFields fields(values_, scope_, map_, draft_.spec.timeout);
    draft_.spec.body = kind->read(body, fields);
    if (lock_ && traits_of(draft_.spec).waits_for_person)
      values_.diagnostics().add(lock_.key_at, fmt::format("a stage with `{}` takes no lock", kind->name), {},
                                "give the lock to the stages that use the guarded resource");
    for (const auto& [owner, word] : words) {
      const bool own = std::find(kind->words.begin(), kind->words.end(), word.name) != kind->words.end();
      if (!own)
        values_.diagnostics().add(word.key_at,
                                  fmt::format("`{}` belongs to a stage with `{}`", word.name, owner->name));
    }
  }

  Scope scope_;
  Templates templates_;
  ValueReader values_;
  MapReader map_;
  Found lock_{};
  StageDraft draft_;
};

}  // namespace

void read_environment(const Found& found, Scope& scope, Diagnostics& diagnostics) {
  const ValueReader values(diagnostics);
  // Values may use what was set outside of this map, never each other: the order of keys has no meaning.
  Templates outside(diagnostics, scope);
  std::map<std::string, EnvironmentValue> read;
  MapReader map(values, found, "`environment`");
  for (const Found& variable : map.entries()) {
    if (!values.is_name(variable, variable.name, variable_first, variable_characters, 200,
                        "a variable's name: a letter or `_`, then letters, digits or `_`"))
      continue;
    if (!values.loose_text(variable)) continue;
    if (auto value = outside.read_variable(variable)) read[variable.name] = std::move(*value);
  }
  for (auto& [name, value] : read) scope.environment[name] = std::move(value);
}

void read_shell(const Found& found, Scope& scope, Diagnostics& diagnostics) {
  const ValueReader values(diagnostics);
  const std::string expected = "bash, sh, or a list: a program and its arguments, such as [python3, -c]";
  scope.shell.clear();
  if (found.node->kind == YamlNode::Kind::scalar) {
    const std::string& word = found.node->text;
    if (word == "bash") {
      scope.shell = bash_interpreter();
    } else if (word == "sh") {
      scope.shell = sh_interpreter();
    } else if (values.text(found)) {
      values.wrong(found, fmt::format("`shell` is `{}`", word), expected, did_you_mean(word, {"bash", "sh"}));
    }
    return;
  }
  if (found.node->kind != YamlNode::Kind::sequence) return values.wrong_type(found, expected);
  for (const Found& item : values.list(found, 1, 20)) {
    auto word = values.text(item, 1000);
    if (!word) continue;
    if (word->find("${{") != std::string::npos)
      values.wrong(item, "`shell` can't contain an expression", "words without `${{`", "give `run` a list");
    scope.shell.push_back(std::move(*word));
  }
}

std::vector<StageDraft> read_stage(const Found& found, const Scope& scope, Diagnostics& diagnostics) {
  const ValueReader values(diagnostics);
  values.is_name(found, found.name, letters, stage_name_characters, 63, stage_name_expected);
  std::vector<Combination> matrix{{}};
  if (found.node->kind == YamlNode::Kind::map) {
    for (const YamlEntry& entry : found.node->entries) {
      if (entry.key == "matrix") matrix = combinations({entry.value.get(), "matrix", entry.key_at}, values);
    }
  }
  std::vector<StageDraft> drafts;
  // Also the stage's copies of the pipeline's variables are made of it.
  scope.budget->charge(found.key_at, matrix.size() * (found.node->size + scope.environment.size()), 0);
  for (const Combination& combination : matrix) {
    StageReader reader(found, scope, diagnostics);
    drafts.push_back(reader.read(combination));
  }
  return drafts;
}

}  // namespace quietgate
