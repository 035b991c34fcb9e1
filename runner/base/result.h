// Result<T>: a value, or an Error that says whose failure it is, what happened and what to do.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace quietgate {

// Whose failure it is. `user`: input that the user must change (configuration, pipeline, arguments).
// `step`: what the tested commit did. `infrastructure`: ours, or the machinery's; a retry may help.
enum class ErrorKind { user, step, infrastructure };

// What some callers act on; the others need the kind alone.
enum class ErrorCause {
  other,
  unknown_name,    // an expression names what nothing is known of
  too_much,        // the answer was too large, or took too long: a part of it may do
  not_understood,  // whoever was asked could not read the question
};

struct Error {
  ErrorKind kind = ErrorKind::infrastructure;
  std::string message;  // one sentence: what is wrong and where
  std::string advice;   // what to do about it; may be empty
  ErrorCause cause = ErrorCause::other;
};

inline Error with_cause(ErrorCause cause, Error error) {
  error.cause = cause;
  return error;
}

inline Error user_error(std::string message, std::string advice = {}) {
  return {ErrorKind::user, std::move(message), std::move(advice)};
}
inline Error step_error(std::string message, std::string advice = {}) {
  return {ErrorKind::step, std::move(message), std::move(advice)};
}
inline Error infrastructure_error(std::string message, std::string advice = {}) {
  return {ErrorKind::infrastructure, std::move(message), std::move(advice)};
}

// Holds either a T or an Error. Reading the side that is absent is a bug and throws std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(content_); }
  const T& value() const& { return std::get<0>(content_); }
  // By value, so that `for (auto& x : *f())` keeps what f() answered alive.
  T value() && { return std::get<0>(std::move(content_)); }
  T* operator->() { return &std::get<0>(content_); }
  const T* operator->() const { return &std::get<0>(content_); }
  T& operator*() & { return std::get<0>(content_); }
  const T& operator*() const& { return std::get<0>(content_); }
  T operator*() && { return std::get<0>(std::move(content_)); }
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

// Success carries nothing.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_.value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace quietgate
