// How a test that goes through every case (operations of a disk, bytes of a file) gets to the next
// one. ThreadSanitizer looks for races, which the first cases show, and takes ten times as long:
// its build leaves most of them out.
#pragma once

namespace strata {

#if defined(__SANITIZE_THREAD__)
inline constexpr unsigned kNextCase = 17;
#else
inline constexpr unsigned kNextCase = 1;
#endif

}  // namespace strata
