// A client's connection as an io thread sees it, whatever protocol it speaks. Internal to the
// transports.
//
// It lives as long as somebody holds it: its thread while it is open, a Reply while a request is in
// flight. All of it is called on its io thread.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace strata::server {

class Connection {
 public:
  virtual ~Connection() = default;

  virtual void Start() = 0;
  // Requests have been given their answers off the io thread.
  virtual void SendAnswers() = 0;
  // Ends what has passed its deadline. Called every few milliseconds to a quarter of a second.
  virtual void Sweep(MonotonicTime now) = 0;
  // No new requests; closes when those in flight have been answered.
  virtual void BeginStop() = 0;
  // Closes now.
  virtual void Abort() = 0;

  std::size_t slot = 0;  // index in the io thread's list, kept by it
};

}  // namespace strata::server
