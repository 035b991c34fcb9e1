#include "runner/cli/verbs/completion.h"

#include <memory>

#include "runner/cli/invocation.h"

namespace quietgate {

namespace {

const char* const bash_script = R"(# quietgate: completion for bash. Try it: source <(quietgate completion bash)
_quietgate() {
  local words line
  mapfile -t words < <(quietgate complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "${words[@]}"; do COMPREPLY+=("${line%%$'\t'*}"); done
}
complete -o default -F _quietgate quietgate
)";

const char* const zsh_script = R"(#compdef quietgate
# quietgate: completion for zsh. Try it: source <(quietgate completion zsh)
_quietgate() {
  local line
  local -a found
  for line in "${(@f)$(quietgate complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( ${#found} )); then _describe quietgate found; else _files; fi
}
compdef _quietgate quietgate
)";

const char* const fish_script = R"(# quietgate: completion for fish. Try it: quietgate completion fish | source
function __quietgate_complete
  set -l words (commandline -opc) (commandline -ct)
  quietgate complete -- $words[2..-1] 2>/dev/null
end
complete -c quietgate -a '(__quietgate_complete)'
)";

const char* script_of(const std::string& shell) {
  if (shell == "bash") return bash_script;
  return shell == "zsh" ? zsh_script : fish_script;
}

}  // namespace

Verb completion_verb() {
  auto shell = std::make_shared<std::string>();
  Verb verb{"completion", "Print the completion script of a shell", verb_group::shell};
  verb.options.text("SHELL", *shell, "bash, zsh or fish").required().one_of({"bash", "zsh", "fish"});
  verb.run = [shell](const Invocation& call) {
    call.parts.out(script_of(*shell));
    return exit_ok;
  };
  return verb;
}

}  // namespace quietgate
