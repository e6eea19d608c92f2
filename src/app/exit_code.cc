#include "app/exit_code.h"

namespace strata::app {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidInput:
    case Code::kTooLarge:
    case Code::kIo:
      return kExitFailure;
    case Code::kCorrupt:
      return kExitPartial;
    case Code::kNotFound:
      return kExitNotFound;
    case Code::kConflict:
      return kExitConflict;
    case Code::kForbidden:
      return kExitPermission;
    case Code::kExhausted:
    case Code::kUnavailable:
      return kExitUnavailable;
    case Code::kTimeout:
      return kExitTimeout;
  }
  return kExitFailure;
}

ExitCode ExitCodeOfHttp(int status) {
  switch (status) {
    case 401:
    case 403:
      return kExitPermission;
    case 404:
      return kExitNotFound;
    case 409:
      return kExitConflict;
    case 408:
    case 504:
      return kExitTimeout;
    case 429:
    case 502:
    case 503:
      return kExitUnavailable;
    default:
      return status >= 200 && status < 300 ? kExitOk : kExitFailure;
  }
}

}  // namespace strata::app
