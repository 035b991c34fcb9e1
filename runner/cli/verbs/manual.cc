#include "runner/cli/verbs/manual.h"

#include "runner/cli/command_line.h"
#include "runner/cli/invocation.h"

namespace quietgate {

namespace {

std::string troff(std::string_view text) {
  std::string safe;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else
      safe += c;
    line_begins = c == '\n';
  }
  return safe;
}

std::string usage_of(const Verb& verb, const std::string& full_name) {
  std::string usage = ".B quietgate " + troff(full_name) + "\n";
  for (const auto& option : verb.options.all()) {
    if (!option.is_argument()) continue;
    const auto name = troff(option.names);
    usage += option.is_required ? "\\fI" + name + "\\fR\n" : "[\\fI" + name + "\\fR]\n";
  }
  return usage;
}

std::string option_text(const Option& option) {
  std::string names;
  for (const auto& name : option.all_names()) names += (names.empty() ? "" : ", ") + name;
  return ".TP\n\\fB" + troff(names) + "\\fR\n" + troff(option.help) + "\n";
}

std::string options_text(const Options& options) {
  std::string text;
  for (const auto& option : options.all()) text += option_text(option);
  return text;
}

std::string verbs_text(const std::vector<Verb>& verbs, const std::string& above) {
  std::string text;
  for (const auto& verb : verbs) {
    if (verb.group.empty()) continue;
    const auto name = above + verb.name;
    text += ".SS " + troff(name) + "\n" + usage_of(verb, name) + ".PP\n" + troff(verb.help) + ".\n" +
            options_text(verb.options) + verbs_text(verb.below, name + " ");
  }
  return text;
}

std::string manual_page(const CommandLine& line) {
  std::string page =
      ".TH QUIETGATE 1 \"\" \"quietgate " + line.version +
      "\"\n.SH NAME\nquietgate \\- "
      "continuous delivery that promotes only when the alert rules were provably quiet\n"
      ".SH SYNOPSIS\n.B quietgate\n[\\fIOPTIONS\\fR] \\fIVERB\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n" +
      troff(line.description) + "\n.SH VERBS\n" + verbs_text(line.verbs, "");
  page += ".SH OPTIONS OF ALL VERBS\n" + option_text(help_option()) + options_text(line.options) +
          option_text(version_option());
  page += ".SH NOTES\n.nf\n" + troff(line.footer) + "\n.fi\n";
  return page;
}

}  // namespace

Verb manual_verb() {
  Verb verb{"manual", "Print the manual page; read it with `quietgate manual | man -l -`", verb_group::shell};
  verb.run = [](const Invocation& call) {
    call.parts.out(manual_page(call.line));
    return exit_ok;
  };
  return verb;
}

}  // namespace quietgate
