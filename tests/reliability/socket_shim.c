// Preloaded into the real server: makes the n-th socket call of a kind fail, once or from there on.
// Who starts the server maps the same file (STRATA_SHIM_CONTROL) and arms one failure after the
// other in the running process; socket_faults.py has the other half of `struct control`.
//
// Nothing here allocates, locks or calls back: a wrapper counts, and fails or passes the call on.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Order and names as in socket_faults.py.
enum call {
  kNone,
  kSocket,
  kBind,
  kListen,
  kConnect,
  kAccept,
  kAccept4,
  kRecv,
  kRecvmsg,
  kSend,
  kSendmsg,
  kEpollCreate,
  kEpollCtl,
  kEpollWait,
  kSetsockopt,
  kGetsockopt,
  kGetpeername,
  kGetsockname,
  kShutdown,
  kClose,
  kCalls
};

enum { kShort = -1, kEndOfFile = -2 };  // values of `error` that are no errno

struct control {
  _Atomic uint32_t call;      // which call fails; written last when arming
  _Atomic int32_t countdown;  // 1: the next one
  _Atomic uint32_t sticky;    // all from there on
  _Atomic int32_t error;
  _Atomic uint32_t fired;
  uint32_t reserved;
  _Atomic uint64_t seen[32];  // calls of each kind since the start
};
_Static_assert(sizeof(struct control) == 24 + 32 * 8, "socket_faults.py packs the same");

static struct control* control;

// Where each descriptor waits (see RingAgain), and which are sockets.
enum { kDescriptors = 65536 };
static struct {
  _Atomic bool socket;
  _Atomic int epoll;  // its descriptor + 1
  struct epoll_event event;
} known[kDescriptors];

__attribute__((constructor)) static void MapControl(void) {
  const char* const path = getenv("STRATA_SHIM_CONTROL");
  const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* const mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
  close(fd);
}

// The error that this call has to end with; 0: it is passed on.
static int Failure(enum call call) {
  if (control == NULL) return 0;
  atomic_fetch_add(&control->seen[call], 1);
  if (atomic_load(&control->call) != call) return 0;
  const int left = atomic_fetch_sub(&control->countdown, 1);
  if (left > 1 || (left < 1 && !atomic_load(&control->sticky))) return 0;
  atomic_fetch_add(&control->fired, 1);
  return atomic_load(&control->error);
}

#define REAL(name) ((__typeof__(&(name)))Real(&real_##name, #name))
static void* Real(void* _Atomic* kept, const char* name) {
  void* found = atomic_load(kept);
  if (found == NULL) {
    found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    atomic_store(kept, found);
  }
  return found;
}
#define DECLARE(name) static void* _Atomic real_##name
DECLARE(socket);
DECLARE(bind);
DECLARE(listen);
DECLARE(connect);
DECLARE(accept);
DECLARE(accept4);
DECLARE(recv);
DECLARE(recvmsg);
DECLARE(send);
DECLARE(sendmsg);
DECLARE(epoll_create1);
DECLARE(epoll_ctl);
DECLARE(epoll_wait);
DECLARE(setsockopt);
DECLARE(getsockopt);
DECLARE(getpeername);
DECLARE(getsockname);
DECLARE(shutdown);
DECLARE(close);

// Who waits for an edge has lost it when the call that follows says EAGAIN, or does less than it could,
// for no reason. The kernel does that only when it will ring again; so does this.
static void RingAgain(int fd) {
  const int epoll = fd >= 0 && fd < kDescriptors ? atomic_load(&known[fd].epoll) : 0;
  if (epoll == 0) return;
  struct epoll_event event = known[fd].event;
  REAL(epoll_ctl)(epoll - 1, EPOLL_CTL_MOD, fd, &event);
}

static int Refuse(int fd, int error) {
  if (error == EAGAIN) RingAgain(fd);
  errno = error;
  return -1;
}

static ssize_t Shortened(int fd, ssize_t count) {
  const int error = errno;
  RingAgain(fd);
  errno = error;
  return count;
}

static int KeepSocket(int fd) {
  if (fd >= 0 && fd < kDescriptors) {
    atomic_store(&known[fd].epoll, 0);
    atomic_store(&known[fd].socket, true);
  }
  return fd;
}

int socket(int domain, int type, int protocol) {
  const int error = Failure(kSocket);
  return error > 0 ? Refuse(-1, error) : KeepSocket(REAL(socket)(domain, type, protocol));
}

int bind(int fd, const struct sockaddr* address, socklen_t size) {
  const int error = Failure(kBind);
  return error > 0 ? Refuse(fd, error) : REAL(bind)(fd, address, size);
}

int listen(int fd, int backlog) {
  const int error = Failure(kListen);
  return error > 0 ? Refuse(fd, error) : REAL(listen)(fd, backlog);
}

int connect(int fd, const struct sockaddr* address, socklen_t size) {
  const int error = Failure(kConnect);
  return error > 0 ? Refuse(fd, error) : REAL(connect)(fd, address, size);
}

int accept(int fd, struct sockaddr* address, socklen_t* size) {
  const int error = Failure(kAccept);
  return error > 0 ? Refuse(fd, error) : KeepSocket(REAL(accept)(fd, address, size));
}

int accept4(int fd, struct sockaddr* address, socklen_t* size, int flags) {
  const int error = Failure(kAccept4);
  return error > 0 ? Refuse(fd, error) : KeepSocket(REAL(accept4)(fd, address, size, flags));
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  const int error = Failure(kRecv);
  if (error == kEndOfFile) return 0;
  if (error > 0) return Refuse(fd, error);
  if (error == kShort && size > 1) return Shortened(fd, REAL(recv)(fd, buffer, 1, flags));
  return REAL(recv)(fd, buffer, size, flags);
}

ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  const int error = Failure(kSend);
  if (error > 0) return Refuse(fd, error);
  if (error == kShort && size > 1) return Shortened(fd, REAL(send)(fd, buffer, 1, flags));
  return REAL(send)(fd, buffer, size, flags);
}

// The first byte of a message's buffers; false: they are empty.
static bool FirstByte(const struct msghdr* message, struct iovec* first) {
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    if (message->msg_iov[i].iov_len == 0) continue;
    *first = (struct iovec){.iov_base = message->msg_iov[i].iov_base, .iov_len = 1};
    return true;
  }
  return false;
}

ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  const int error = Failure(kRecvmsg);
  if (error == kEndOfFile) return 0;
  if (error > 0) return Refuse(fd, error);
  struct iovec first;
  if (error != kShort || !FirstByte(message, &first)) return REAL(recvmsg)(fd, message, flags);
  struct msghdr less = *message;
  less.msg_iov = &first;
  less.msg_iovlen = 1;
  const ssize_t got = REAL(recvmsg)(fd, &less, flags);
  message->msg_namelen = less.msg_namelen;
  message->msg_controllen = less.msg_controllen;
  message->msg_flags = less.msg_flags;
  return Shortened(fd, got);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  const int error = Failure(kSendmsg);
  if (error > 0) return Refuse(fd, error);
  struct iovec first;
  if (error != kShort || !FirstByte(message, &first)) return REAL(sendmsg)(fd, message, flags);
  struct msghdr less = *message;
  less.msg_iov = &first;
  less.msg_iovlen = 1;
  return Shortened(fd, REAL(sendmsg)(fd, &less, flags));
}

int epoll_create1(int flags) {
  const int error = Failure(kEpollCreate);
  return error > 0 ? Refuse(-1, error) : REAL(epoll_create1)(flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  const int error = Failure(kEpollCtl);
  if (error > 0) return Refuse(-1, error);
  if (fd >= 0 && fd < kDescriptors) {
    if (operation == EPOLL_CTL_DEL) {
      atomic_store(&known[fd].epoll, 0);
    } else if (event != NULL) {
      known[fd].event = *event;
      atomic_store(&known[fd].epoll, epoll + 1);
    }
  }
  return REAL(epoll_ctl)(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event* events, int count, int timeout) {
  const int error = Failure(kEpollWait);
  if (error > 0) return Refuse(-1, error);
  return REAL(epoll_wait)(epoll, events, error == kShort ? 1 : count, timeout);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  const int error = Failure(kSetsockopt);
  return error > 0 ? Refuse(-1, error) : REAL(setsockopt)(fd, level, name, value, size);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  const int error = Failure(kGetsockopt);
  return error > 0 ? Refuse(-1, error) : REAL(getsockopt)(fd, level, name, value, size);
}

int getpeername(int fd, struct sockaddr* address, socklen_t* size) {
  const int error = Failure(kGetpeername);
  return error > 0 ? Refuse(-1, error) : REAL(getpeername)(fd, address, size);
}

int getsockname(int fd, struct sockaddr* address, socklen_t* size) {
  const int error = Failure(kGetsockname);
  return error > 0 ? Refuse(-1, error) : REAL(getsockname)(fd, address, size);
}

int shutdown(int fd, int how) {
  const int error = Failure(kShutdown);
  return error > 0 ? Refuse(-1, error) : REAL(shutdown)(fd, how);
}

// As Linux does it: the descriptor is gone whatever close says, and only of sockets it is a socket
// call.
int close(int fd) {
  int error = 0;
  if (fd >= 0 && fd < kDescriptors) {
    atomic_store(&known[fd].epoll, 0);
    if (atomic_exchange(&known[fd].socket, false)) error = Failure(kClose);
  }
  const int closed = REAL(close)(fd);
  return error > 0 ? Refuse(-1, error) : closed;
}
