// The C library's file calls of this process, any of which can be made to fail. The program that
// links this has its own open(), pread(), pwrite() and so on, which the product's real file system
// then calls; without a plan they do what they always did.
#pragma once

#include <cstdint>

namespace strata::reliability {

enum class CallFault : std::uint8_t {
  kErrno,        // the call fails
  kInterrupted,  // EINTR, three times running, of calls that the product resumes
  kShort,        // reads and writes end early
};

struct CallPlan {
  std::uint64_t call = 0;  // the n-th call of this thread from now on, from 1 on
  CallFault fault = CallFault::kErrno;
  int number = 0;  // of kErrno
  bool for_ever = false;
};

// Of the calling thread. A plan of call 0 fails nothing and counts.
void PlanCalls(const CallPlan& plan);
// Calls since then; ends the plan.
std::uint64_t EndCallPlan();

}  // namespace strata::reliability
