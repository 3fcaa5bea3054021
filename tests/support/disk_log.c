/* Logs what a process does to the files of one folder, in order: LD_PRELOAD=disk_log.so DISK_LOG=FILE DISK_FOLDER=FOLDER.
 *
 * Each entry: "op file offset length\n", then `length` bytes of data. Operations: open (made or found), write, truncate, sync,
 * dirsync, rename (data: the new name), unlink. The log itself is written with raw system calls, one entry a call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

static const char *folder(void) { return getenv("DISK_FOLDER"); }

/* The path below the folder of what is open as `fd`, or NULL. */
static const char *name_of(int fd, char *path) {
    char link[64];
    const char *root = folder();
    ssize_t length;
    if (!root || fd < 0) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    if (strncmp(path, root, strlen(root))) return NULL;
    if (path[strlen(root)] == 0) return ".";
    return path[strlen(root)] == '/' ? path + strlen(root) + 1 : NULL;
}

static const char *below(const char *path, char *full) {
    const char *root = folder();
    if (!root || !path) return NULL;
    if (path[0] == '/') snprintf(full, PATH_MAX, "%s", path);
    else { if (!getcwd(full, PATH_MAX)) return NULL; strncat(full, "/", PATH_MAX - strlen(full) - 1); strncat(full, path, PATH_MAX - strlen(full) - 1); }
    if (strncmp(full, root, strlen(root)) || full[strlen(root)] != '/') return NULL;
    return full + strlen(root) + 1;
}

static void entry(const char *op, const char *name, long long offset, const void *data, size_t length) {
    char head[PATH_MAX + 100];
    struct iovec parts[2];
    if (log_fd < 0) log_fd = syscall(SYS_openat, AT_FDCWD, getenv("DISK_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    parts[0].iov_base = head;
    parts[0].iov_len = snprintf(head, sizeof head, "%s %s %lld %zu\n", op, name, offset, length);
    parts[1].iov_base = (void *)data;
    parts[1].iov_len = length;
    syscall(SYS_writev, log_fd, parts, 2);
}

/* The entry and the call are one step, so that the log's order is the disk's. */
#define LOGGED(call, name, ...) do { pthread_mutex_lock(&lock); result = (call); \
    { int kept = errno; if (result >= 0 && (name)) entry(__VA_ARGS__); errno = kept; } pthread_mutex_unlock(&lock); } while (0)

#define REAL(type, symbol, args) static type (*real) args; if (!real) real = (type (*) args)dlsym(RTLD_NEXT, symbol)

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX]; const char *name = name_of(fd, path); ssize_t result;
    if (!name) return syscall(SYS_write, fd, data, length);
    LOGGED(syscall(SYS_write, fd, data, length), name, "write", name, (long long)lseek(fd, 0, SEEK_CUR) - result, data, result);
    return result;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    char path[PATH_MAX]; const char *name = name_of(fd, path); ssize_t result;
    LOGGED(syscall(SYS_pwrite64, fd, data, length, offset), name, "write", name, (long long)offset, data, result);
    return result;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

int ftruncate64(int fd, off64_t size) {
    char path[PATH_MAX]; const char *name = name_of(fd, path); int result;
    LOGGED(syscall(SYS_ftruncate, fd, size), name, "truncate", name, (long long)size, "", 0);
    return result;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* The real fsync is left out: nothing cuts the power here, and it would only take time. */
static int synced(int fd) {
    char path[PATH_MAX]; const char *name = name_of(fd, path); struct stat about; int result;
    const char *op = !fstat(fd, &about) && S_ISDIR(about.st_mode) ? "dirsync" : "sync";
    LOGGED(0, name, op, name, 0LL, "", 0);
    return result;
}
int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

static int opened(const char *path, int flags, mode_t mode) {
    char full[PATH_MAX]; const char *name = below(path, full); int result;
    if (!name || !(flags & O_CREAT)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int was = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    LOGGED(syscall(SYS_openat, AT_FDCWD, path, flags, mode), name, was ? "found" : "create", name, 0LL, "", 0);
    if (result >= 0 && was && (flags & O_TRUNC)) { pthread_mutex_lock(&lock); entry("truncate", name, 0LL, "", 0); pthread_mutex_unlock(&lock); }
    return result;
}
#define OPEN(symbol) int symbol(const char *path, int flags, ...) { mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return opened(path, flags, mode); }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    char first[PATH_MAX], second[PATH_MAX]; const char *name = below(from, first), *other = below(to, second); int result;
    LOGGED(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), name && other, "rename", name, 0LL, other, strlen(other));
    return result;
}

int unlink(const char *path) {
    char full[PATH_MAX]; const char *name = below(path, full); int result;
    LOGGED(syscall(SYS_unlinkat, AT_FDCWD, path, 0), name, "unlink", name, 0LL, "", 0);
    return result;
}
