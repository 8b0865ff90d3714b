/*
 * Between a process and its libc: calls on files below one folder are counted, noted, and made to fail, or the process is
 * killed at one of them. Loaded with LD_PRELOAD; test/support/fault-shim.ts compiles and drives it.
 *
 *   SHIM_FOLDER  absolute path without links; only calls on what lies below it, or is it, count
 *   SHIM_CALLS   the calls that count, with commas around: ",fsync,rename,"; unset: all of them
 *   SHIM_AT      the call that is met, from 1; 0 or unset: none
 *   SHIM_FORM    errno's number; "short": half is written; "before", "after": SIGKILL; "ever:<errno>": from that call on all fail
 *   SHIM_LOG     a file that takes one JSON line when a call begins and one when it has ended
 *
 * A process may change its mind: rmdir of "SHIM\nfolder\ncalls\nat\nform\nlog" sets all of them anew, and counts from 1.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* libuv closes files by number. */
static long (*real_syscall)(long, ...);

enum form { NONE, FAIL, SHORT, BEFORE, AFTER };

static char folder[PATH_MAX];
static char calls[256];
static long at;
static enum form form = NONE;
static int forever;
static int fault_errno;
static int log_fd = -1;
static atomic_long met;

static void set(const char *to_folder, const char *to_calls, const char *to_at, const char *how, const char *log) {
  snprintf(folder, sizeof folder, "%s", to_folder);
  snprintf(calls, sizeof calls, "%s", to_calls);
  at = atol(to_at);
  forever = strncmp(how, "ever:", 5) == 0;
  if (forever) how += 5;
  fault_errno = atoi(how);
  form = strcmp(how, "short") == 0    ? SHORT
         : strcmp(how, "before") == 0 ? BEFORE
         : strcmp(how, "after") == 0  ? AFTER
         : *how != 0                  ? FAIL
                                      : NONE;
  if (log_fd >= 0) real_syscall(SYS_close, log_fd);
  log_fd = *log == 0 ? -1 : real_syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  atomic_store(&met, 0);
}

/* `words` as rmdir was given them. */
static void set_anew(const char *words) {
  char copy[2 * PATH_MAX];
  snprintf(copy, sizeof copy, "%s", words);
  char *rest = copy;
  char *part[6];
  for (int i = 0; i < 6; i++) part[i] = rest == NULL ? "" : strsep(&rest, "\n");
  set(part[1], part[2], part[3], part[4], part[5]);
}

static const char *named(const char *variable) {
  const char *value = getenv(variable);
  return value == NULL ? "" : value;
}

__attribute__((constructor)) static void begin(void) {
  real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  set(named("SHIM_FOLDER"), named("SHIM_CALLS"), named("SHIM_AT"), named("SHIM_FORM"), named("SHIM_LOG"));
}

static int is_below(const char *path) {
  size_t length = strlen(folder);
  return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* One line, in one write: lines of threads stay whole. `data` is what is written, as hexadecimal, its beginning. */
static void note(long number, const char *phase, const char *call, const char *path, const char *to, const void *data,
                 size_t bytes, long result) {
  if (log_fd < 0) return;
  char line[3 * PATH_MAX];
  int used = snprintf(line, sizeof line,
                      "{\"number\":%ld,\"phase\":\"%s\",\"call\":\"%s\",\"path\":\"%s\",\"to\":\"%s\",\"bytes\":%zu,\"result\":%ld,\"data\":\"",
                      number, phase, call, path, to == NULL ? "" : to, bytes, result);
  size_t shown = data == NULL ? 0 : bytes < 256 ? bytes : 256;
  for (size_t i = 0; i < shown; i++) used += snprintf(line + used, sizeof line - used, "%02x", ((const unsigned char *)data)[i]);
  used += snprintf(line + used, sizeof line - used, "\"}\n");
  real_syscall(SYS_write, log_fd, line, used);
}

static int counts(const char *call) {
  if (*calls == 0) return 1;
  char name[64];
  snprintf(name, sizeof name, ",%s,", call);
  return strstr(calls, name) != NULL;
}

struct meeting {
  long number;
  enum form form;
};

/* What becomes of this call. */
static struct meeting meet(const char *call, const char *path, const char *to, const void *data, size_t bytes) {
  struct meeting one = {0, NONE};
  if (!counts(call)) return one;
  one.number = atomic_fetch_add(&met, 1) + 1;
  if (at > 0 && (one.number == at || (forever && one.number > at))) one.form = form;
  note(one.number, "begin", call, path, to, data, bytes, 0);
  if (one.form == BEFORE) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  return one;
}

static void leave(struct meeting one, const char *call, const char *path, const char *to, long result) {
  if (one.number == 0) return;
  int kept = errno;
  note(one.number, "end", call, path, to, NULL, 0, result);
  if (one.form == AFTER) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = kept;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = folder[0] == 0 ? -1 : real_syscall(SYS_readlink, link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

#define REAL(name)                    \
  static __typeof__(&name) real;      \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Calls `act` unless it is to fail; `plain` is the same call where nobody counts. */
#define MEET(type, is_ours, label, path, to, data, bytes, plain, act) \
  if (!(is_ours)) return plain;                                      \
  struct meeting one = meet(label, path, to, data, bytes);           \
  type result = -1;                                                  \
  if (one.form == FAIL) errno = fault_errno;                         \
  else result = act;                                                 \
  leave(one, label, path, to, result);                               \
  return result

#define ON_FD(type, label, fd, data, bytes, plain, act) \
  char path[PATH_MAX];                                  \
  MEET(type, path_of(fd, path), label, path, NULL, data, bytes, plain, act)

#define ON_PATH(label, path, to, act) MEET(int, is_below(path), label, path, to, NULL, 0, act, act)

/* Half of what was asked for, and at least a byte. */
#define HALF(bytes) (one.form == SHORT && (bytes) > 1 ? (bytes) / 2 : (bytes))

ssize_t write(int fd, const void *data, size_t bytes) {
  REAL(write);
  ON_FD(ssize_t, "write", fd, data, bytes, real(fd, data, bytes), real(fd, data, HALF(bytes)));
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) {
  REAL(pwrite64);
  ON_FD(ssize_t, "write", fd, data, bytes, real(fd, data, bytes, offset), real(fd, data, HALF(bytes), offset));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  ON_FD(ssize_t, "write", fd, parts[0].iov_base, parts[0].iov_len, real(fd, parts, count), real(fd, parts, HALF(count)));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  REAL(pwritev64);
  ON_FD(ssize_t, "write", fd, parts[0].iov_base, parts[0].iov_len, real(fd, parts, count, offset),
        real(fd, parts, HALF(count), offset));
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t bytes) {
  REAL(sendfile64);
  ON_FD(ssize_t, "write", to, NULL, bytes, real(to, from, offset, bytes), real(to, from, offset, HALF(bytes)));
}

ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t bytes, unsigned flags) {
  REAL(copy_file_range);
  ON_FD(ssize_t, "write", to, NULL, bytes, real(from, in, to, out, bytes, flags),
        real(from, in, to, out, HALF(bytes), flags));
}

int fsync(int fd) {
  REAL(fsync);
  ON_FD(int, "fsync", fd, NULL, 0, real(fd), real(fd));
}

int fdatasync(int fd) {
  REAL(fdatasync);
  ON_FD(int, "fdatasync", fd, NULL, 0, real(fd), real(fd));
}

int ftruncate64(int fd, off64_t length) {
  REAL(ftruncate64);
  ON_FD(int, "ftruncate", fd, NULL, length, real(fd, length), real(fd, length));
}

/* A file that cannot be closed well is closed all the same, as Linux does. */
long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (real_syscall == NULL) real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  char path[PATH_MAX];
  if (number != SYS_close || !path_of(a[0], path)) return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  struct meeting one = meet("close", path, NULL, NULL, 0);
  long result = real_syscall(number, a[0]);
  if (one.form == FAIL) {
    result = -1;
    errno = fault_errno;
  }
  leave(one, "close", path, NULL, result);
  return result;
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  const char *label = flags & O_CREAT ? "create" : "open";
  ON_PATH(label, path, NULL, real(path, flags, mode));
}

int rename(const char *path, const char *to) {
  REAL(rename);
  ON_PATH("rename", path, to, real(path, to));
}

int link(const char *path, const char *to) {
  REAL(link);
  ON_PATH("link", path, to, real(path, to));
}

int unlink(const char *path) {
  REAL(unlink);
  ON_PATH("unlink", path, NULL, real(path));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  ON_PATH("mkdir", path, NULL, real(path, mode));
}

int rmdir(const char *path) {
  REAL(rmdir);
  if (strncmp(path, "SHIM\n", 5) == 0) {
    set_anew(path);
    return 0;
  }
  ON_PATH("rmdir", path, NULL, real(path));
}

int utimensat(int at_fd, const char *path, const struct timespec times[2], int flags) {
  REAL(utimensat);
  MEET(int, is_below(path), "utimens", path, NULL, NULL, 0, real(at_fd, path, times, flags),
       real(at_fd, path, times, flags));
}
