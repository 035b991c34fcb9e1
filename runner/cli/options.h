// The options and arguments of a verb: names, help texts, and targets for their values. They are plain values, read by
// the parser, --help, the completions and the manual page.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace quietgate {

// Names that a shell completes by asking the service.
enum class ServiceName { none, run, repository, stage, environment };

struct Option {
  using Target = std::variant<bool*, int*, std::uint16_t*, std::string*, std::vector<std::string>*>;

  std::string names;  // `-f,--follow`; a name without dashes is an argument, such as `RUN`
  std::string help;
  Target target;  // keeps its default when the option is not given; must outlive the parser
  bool is_required = false;
  std::string variable;                      // environment variable: the value if the option is not given
  std::optional<std::pair<int, int>> range;  // for a number, inclusive
  std::vector<std::string> words;            // the only values allowed; empty: all
  ServiceName completed_with = ServiceName::none;

  // These return the option itself, for chaining.
  Option& required();
  Option& environment(std::string name);
  Option& between(int least, int most);
  Option& one_of(std::vector<std::string> allowed);
  Option& completes(ServiceName name);

  bool is_flag() const { return std::holds_alternative<bool*>(target); }
  bool is_argument() const { return !names.starts_with('-'); }
  // `-f` and `--follow`, short ones first; of an argument its name.
  std::vector<std::string> all_names() const;
};

class Options {
 public:
  Option& flag(std::string names, bool& value, std::string help);
  Option& text(std::string names, std::string& value, std::string help);
  Option& number(std::string names, int& value, std::string help);
  Option& port(std::string names, std::uint16_t& value, std::string help);
  Option& list(std::string names, std::vector<std::string>& values, std::string help);
  // The argument `RUN`, as `hello/12` or `hello`.
  Option& run(std::string& value);

  // In the order of their declaration.
  const std::deque<Option>& all() const { return all_; }

 private:
  Option& add(std::string names, Option::Target target, std::string help);
  std::deque<Option> all_;  // its references stay valid
};

}  // namespace quietgate
