#include "runner/cli/first_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

namespace quietgate {

namespace {

constexpr std::size_t longest_stage_name = 40;
constexpr std::size_t most_parts = 50;
constexpr std::size_t most_hints = 20;

// A part of the project, and how it is tested.
struct TestedPart {
  std::string tool;    // `Python (pytest)`
  std::string folder;  // relative; empty: the root
  std::vector<std::string> commands;
  std::string junit;  // relative to the root; empty: none
};

std::string folder_of(const std::string& path) {
  const auto end = path.rfind('/');
  return end == std::string::npos ? std::string() : path.substr(0, end);
}

std::string inside(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

bool mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// In single quotes, as a shell reads it as one word.
std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '_' || c == '-';
  });
  if (plain) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// With unittest: where its tests are found. A folder of tests that is no package is found by its name alone.
std::string unittest_command(const ProjectFiles& files, const std::string& folder, const std::string& python) {
  const auto prefix = folder.empty() ? folder : folder + "/";
  for (const auto& file : files.all()) {
    const auto name = file.path.substr(file.path.rfind('/') + 1);
    if (!file.path.starts_with(prefix) || !name.starts_with("test") || !name.ends_with(".py")) continue;
    const auto tests = folder_of(file.path.substr(prefix.size()));
    if (tests.empty()) break;
    if (files.has(prefix + tests + "/__init__.py")) break;
    return "PYTHONPATH=. " + python + " -m unittest discover -s " + shell_word(tests);
  }
  return python + " -m unittest discover";
}

TestedPart python_part(const ProjectFiles& files, const std::string& folder) {
  const auto at = [&](const char* name) { return inside(folder, name); };
  bool uses_pytest = files.has(at("pytest.ini")) || files.has(at("conftest.py")) || files.has(at("tests/conftest.py"));
  for (const char* name : {"requirements.txt", "pyproject.toml", "setup.cfg", "tox.ini"})
    uses_pytest = uses_pytest || mentions(files.text(at(name)), "pytest");
  const bool has_requirements = files.has(at("requirements.txt"));
  const bool is_package = mentions(files.text(at("pyproject.toml")), "[build-system]") || files.has(at("setup.py"));
  if (!uses_pytest && !has_requirements && !is_package)
    return {"Python (unittest)", folder, {unittest_command(files, folder, "python3")}, {}};
  std::string install = ".venv/bin/pip install -q";
  if (has_requirements) install += " -r requirements.txt";
  if (is_package) install += " .";
  if (uses_pytest) install += " pytest";
  TestedPart part{
      uses_pytest ? "Python (pytest)" : "Python (unittest)", folder, {"python3 -m venv .venv", install}, {}};
  part.commands.push_back(uses_pytest ? ".venv/bin/python -m pytest -q --junitxml=report.xml"
                                      : unittest_command(files, folder, ".venv/bin/python"));
  if (uses_pytest) part.junit = at("report.xml");
  return part;
}

TestedPart node_part(const ProjectFiles& files, const std::string& folder) {
  const auto at = [&](const char* name) { return inside(folder, name); };
  const auto text = files.text(at("package.json"));
  std::string tool = "npm";
  std::string install = files.has(at("package-lock.json")) ? "npm ci" : "npm install";
  if (files.has(at("yarn.lock"))) tool = "yarn", install = "yarn install --frozen-lockfile";
  if (files.has(at("pnpm-lock.yaml"))) tool = "pnpm", install = "pnpm install --frozen-lockfile";
  TestedPart part{"Node (" + tool + ")", folder, {install}, {}};
  const bool has_tests = mentions(text, "\"test\"") && !mentions(text, "no test specified");
  if (has_tests) part.commands.push_back(tool + " test");
  if (!has_tests && mentions(text, "\"build\"")) part.commands.push_back(tool + " run build");
  return part;
}

TestedPart cmake_part(const ProjectFiles& files, const std::string& folder) {
  const auto text = files.text(inside(folder, "CMakeLists.txt"));
  TestedPart part{"C++ (CMake)", folder, {"cmake -S . -B build", "cmake --build build --parallel"}, {}};
  if (!mentions(text, "enable_testing") && !mentions(text, "include(CTest)")) return part;
  part.commands.push_back("ctest --test-dir build --output-on-failure --output-junit junit.xml");
  part.junit = inside(folder, "build/junit.xml");
  return part;
}

std::optional<TestedPart> part_of(const ProjectFiles& files, const std::string& path) {
  const auto folder = folder_of(path);
  const auto name = path.substr(folder.empty() ? 0 : folder.size() + 1);
  const auto at = [&](const char* other) { return inside(folder, other); };
  if (name == "pyproject.toml" || name == "setup.py" || name == "requirements.txt") return python_part(files, folder);
  if (name == "package.json") return node_part(files, folder);
  if (name == "go.mod") return TestedPart{"Go", folder, {"go vet ./...", "go test ./..."}, {}};
  if (name == "Cargo.toml")
    return TestedPart{"Rust (Cargo)", folder, {files.has(at("Cargo.lock")) ? "cargo test --locked" : "cargo test"}, {}};
  if (name == "pom.xml")
    return TestedPart{"Java (Maven)",
                      folder,
                      {files.has(at("mvnw")) ? "./mvnw -B -q verify" : "mvn -B -q verify"},
                      at("target/surefire-reports/TEST-*.xml")};
  if (name == "build.gradle" || name == "build.gradle.kts")
    return TestedPart{"Java (Gradle)",
                      folder,
                      {files.has(at("gradlew")) ? "./gradlew test" : "gradle test"},
                      at("build/test-results/test/*.xml")};
  if (name == "CMakeLists.txt") return cmake_part(files, folder);
  return std::nullopt;
}

// Of the parts below each other, a tool's own are tested with the one above them.
bool is_below(const std::vector<TestedPart>& parts, const TestedPart& part) {
  return std::any_of(parts.begin(), parts.end(), [&](const TestedPart& above) {
    const bool contains =
        above.folder.empty() || part.folder == above.folder || part.folder.starts_with(above.folder + "/");
    return contains && above.tool.substr(0, above.tool.find(' ')) == part.tool.substr(0, part.tool.find(' '));
  });
}

std::vector<TestedPart> parts_of(const ProjectFiles& files) {
  std::vector<std::string> paths;
  for (const auto& file : files.all()) paths.push_back(file.path);
  std::stable_sort(paths.begin(), paths.end(), [](const std::string& one, const std::string& other) {
    return std::count(one.begin(), one.end(), '/') < std::count(other.begin(), other.end(), '/');
  });
  std::vector<TestedPart> parts;
  for (const auto& path : paths) {
    auto part = part_of(files, path);
    if (part && parts.size() < most_parts && !is_below(parts, *part)) parts.push_back(std::move(*part));
  }
  const bool has_python =
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.tool.starts_with("Python"); });
  const auto is_test = [](const std::string& path) {
    const auto name = path.substr(path.rfind('/') + 1);
    return name.starts_with("test_") && name.ends_with(".py");
  };
  if (!has_python && std::any_of(paths.begin(), paths.end(), is_test)) parts.push_back(python_part(files, ""));
  return parts;
}

// Folders of Terraform modules that configure a provider or a backend: those that are applied by themselves.
std::vector<std::string> terraform_roots(const ProjectFiles& files) {
  std::set<std::string> roots;
  for (const auto& file : files.all()) {
    const bool is_root = mentions(file.text, "\nprovider ") || file.text.starts_with("provider ") ||
                         mentions(file.text, "backend \"") || mentions(file.text, "required_providers");
    if (file.path.ends_with(".tf") && is_root) roots.insert(folder_of(file.path));
  }
  return {roots.begin(), roots.end()};
}

std::vector<std::string> rule_files(const ProjectFiles& files) {
  std::vector<std::string> paths;
  for (const auto& file : files.all()) {
    if (mentions(file.text, "groups:") && mentions(file.text, "alert:") && mentions(file.text, "expr:"))
      paths.push_back(file.path);
  }
  return paths;
}

// What has no stage yet, and where to read how it gets one.
std::vector<std::string> hints(const ProjectFiles& files) {
  std::vector<std::string> lines;
  for (const auto& file : files.all()) {
    const auto name = file.path.substr(file.path.rfind('/') + 1);
    if (name == "locustfile.py")
      lines.push_back(file.path + ": a `load` stage runs it against an environment (docs/load.md)");
    if (name == "Dockerfile" || name == "Containerfile")
      lines.push_back(file.path + ": a `test` stage can build it: `run: podman build .`");
    if (mentions(file.text, "apiVersion:") && mentions(file.text, "kind:") && lines.size() < 20)
      lines.push_back(file.path + ": a manifest; a `test` stage can apply it by `kubectl`");
  }
  if (lines.size() > most_hints) lines.resize(most_hints);
  return lines;
}

// Letters, digits and dashes, used once: `web`, `web-2`.
std::string stage_name(const std::string& wanted, std::set<std::string>& used) {
  std::string name;
  for (const unsigned char c : wanted.substr(0, longest_stage_name))
    name += std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  const auto letter = std::find_if(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  name.erase(name.begin(), letter);
  if (name.empty()) name = "unit";
  // What YAML takes for something else than text.
  if (name == "null" || name == "true" || name == "false") name += "-tests";
  auto free = name;
  for (int number = 2; !used.insert(free).second; ++number) free = fmt::format("{}-{}", name, number);
  return free;
}

std::string quoted_yaml(const std::string& text) {
  std::string quoted = "\"";
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c >= 0x20) quoted += static_cast<char>(c);
  }
  return quoted + "\"";
}

std::string stage_text(const std::string& name, const TestedPart& part) {
  auto text = fmt::format("  {}:\n    test:\n", name);
  auto commands = part.commands;
  if (!part.folder.empty()) commands.insert(commands.begin(), "cd " + shell_word("./" + part.folder));
  if (commands.size() == 1 && !mentions(commands[0], ": ") && !mentions(commands[0], " #")) {
    text += "      run: " + commands[0] + "\n";
  } else {
    text += "      run: |\n";
    for (const auto& command : commands) text += "        " + command + "\n";
  }
  if (!part.junit.empty()) text += "      junit: " + quoted_yaml(part.junit) + "\n";
  return text;
}

constexpr const char* how_to_go_on = R"(
# How to go on (docs/pipeline.md):
#   staging:                      # an environment, made for this run and destroyed after it
#     needs: [%1]
#     apply:
#       ports: [web]
#       processes: {web: {run: "./serve --port ${{ ports.web }}", ready: {tcp: "127.0.0.1:${{ ports.web }}"}}}
#       outputs: {url: "http://127.0.0.1:${{ ports.web }}"}
#   production:                   # moves the branch to exactly the commit that passed
#     needs: [%1]
#     promote: {branch: production}
)";

}  // namespace

FirstPipeline first_pipeline(const ProjectFiles& files, const std::string& name, const std::string& branch) {
  FirstPipeline made;
  auto parts = parts_of(files);
  for (const auto& root : terraform_roots(files))
    parts.push_back({"Terraform", root, {"terraform init -backend=false -input=false", "terraform validate"}, {}});
  if (const auto rules = rule_files(files); !rules.empty()) {
    std::string command = "promtool check rules";
    for (const auto& path : rules) command += " " + shell_word("./" + path);
    parts.push_back({"alert rules", "", {command}, {}});
  }
  made.text = "version: 1\nname: " + quoted_yaml(name) + "\non:\n  branches: [" +
              quoted_yaml(branch.empty() ? "main" : branch) + "]\n\nstages:\n";
  std::set<std::string> used;
  std::string names;
  for (const auto& part : parts) {
    const auto tool = part.tool.substr(0, part.tool.find(' '));
    const bool is_code = tool != "Terraform" && tool != "alert";
    const auto stage = stage_name(!is_code                              ? (tool == "alert" ? "rules" : "terraform")
                                  : part.folder.empty() && used.empty() ? "unit"
                                  : part.folder.empty()                 ? tool
                                                                        : part.folder,
                                  used);
    names += (names.empty() ? "" : ", ") + stage;
    made.text += stage_text(stage, part);
    made.found.push_back(part.tool + " in " + (part.folder.empty() ? "." : part.folder));
  }
  if (parts.empty()) {
    names = "unit";
    made.text += "  unit:\n    test:\n      run: echo \"write the command that tests your code here\"; exit 1\n";
  }
  if (const auto more = hints(files); !more.empty()) {
    made.text += "\n# Not used yet:\n";
    for (const auto& line : more) made.text += "#   " + line + "\n";
  }
  std::string next = how_to_go_on;
  for (auto at = next.find("%1"); at != std::string::npos; at = next.find("%1")) next.replace(at, 2, names);
  made.text += next;
  return made;
}

}  // namespace quietgate
