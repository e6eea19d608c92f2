#include "os/errno_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace strata::os {
namespace {

Code CodeOf(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EEXIST:
    case EWOULDBLOCK:
      return Code::kConflict;
    case ENOSPC:
    case EDQUOT:
      return Code::kExhausted;
    case EMFILE:
    case ENFILE:
    case ENOMEM:  // we are short of something: this says nothing about the file
      return Code::kUnavailable;
    default:
      return Code::kIo;
  }
}

}  // namespace

Error ErrnoError(int number, std::string_view operation, const std::filesystem::path& path) {
  return {CodeOf(number), std::string(operation) + " " + path.native() + ": " +
                              std::generic_category().message(number)};
}

}  // namespace strata::os
