// Reads the JSON object of a request field by field, and keeps the first problem.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/api/exchange.h"

namespace quietgate {

class JsonBody {
 public:
  // A missing body counts as an empty object. A field that is not in `fields` is a problem.
  JsonBody(const ApiRequest& request, const std::vector<std::string>& fields);
  ~JsonBody();
  // One line; empty if the field is absent.
  std::string text(const char* field);
  // The field `reason`: one line that is not empty.
  std::string reason();
  bool flag(const char* field, bool otherwise);
  bool has(const char* field) const;
  // The first problem; empty: none.
  const std::string& problem() const { return problem_; }
  void set_problem(std::string problem);

 private:
  struct Fields;
  std::unique_ptr<Fields> fields_;
  std::string problem_;
};

}  // namespace quietgate
