/* Tries one thing and exits 0 where it succeeds: the tests run it inside the
 * sandbox. C, because it is about raw system calls, and this project keeps
 * unsafe Rust in one module. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#define TRY(name, expression) if (!strcmp(what, name)) return (expression) ? 0 : 1

static void *thread(void *at) { *(int *)at = 7; return 0; }

static int clone3_user(void) {
    unsigned long args[11] = { CLONE_NEWUSER };
    args[4] = SIGCHLD;
    long pid = syscall(435, args, 64);
    if (pid == 0) _exit(0);
    return pid > 0;
}

static int clone_user(void) {
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    return pid > 0;
}

static int sends_to(const char *path) {
    int pair[2];
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) return 0;
    return sendto(pair[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}

static int loopback(void) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    return bind(server, (void *)&at, size) == 0 && listen(server, 1) == 0 && getsockname(server, (void *)&at, &size) == 0
        && connect(client, (void *)&at, size) == 0;
}

#ifdef __x86_64__
static int int80(void) {
    long answer;
    /* socketcall(SYS_SOCKET) of the 32-bit interface: getpid will do to see whether it answers at all. */
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return answer > 0;
}
static int x32(void) { return syscall(0x40000000 | 39) > 0; }
#else
static int int80(void) { return 0; }
static int x32(void) { return 0; }
#endif

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    char buffer[256] = { 0 };
    int pair[2], fd;
    TRY("unshare-user", unshare(CLONE_NEWUSER) == 0);
    TRY("clone-user", clone_user());
    TRY("clone3-user", clone3_user());
    TRY("setns", (fd = open("/proc/self/ns/user", O_RDONLY)) >= 0 && (setns(fd, 0) == 0 || errno != EPERM));
    TRY("io-uring", syscall(425, 4, buffer) >= 0 || errno == EFAULT);
    TRY("bpf", syscall(SYS_bpf, 0, buffer, 48) >= 0 || errno != EPERM);
    TRY("perf", syscall(SYS_perf_event_open, buffer, 0, -1, -1, 0) >= 0 || (errno != EPERM && errno != EACCES));
    TRY("keyctl", syscall(SYS_keyctl, 0, -3, 0) >= 0);
    TRY("add-key", syscall(SYS_add_key, "user", "x", "x", 1, -3) >= 0);
    TRY("userfaultfd", syscall(SYS_userfaultfd, 1) >= 0);
    TRY("ptrace-parent", ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0);
    if (!strcmp(what, "process-vm-readv")) {
        struct iovec here = { buffer, 8 }, there = { buffer, 8 };
        return syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0) == 8 ? 0 : 1;
    }
    TRY("mount", mount("x", "/tmp", "tmpfs", 0, 0) == 0 || errno != EPERM);
    TRY("pivot", syscall(SYS_pivot_root, "/", "/") == 0 || errno != EPERM);
    TRY("chroot", chroot("/tmp") == 0);
    TRY("open-tree", syscall(428, AT_FDCWD, "/", 1) >= 0);
    TRY("fsopen", syscall(430, "tmpfs", 0) >= 0);
    TRY("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    TRY("socket-vsock", socket(40, SOCK_STREAM, 0) >= 0);
    TRY("socket-alg", socket(38, SOCK_SEQPACKET, 0) >= 0);
    TRY("socket-netlink", socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    TRY("socket-packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
    TRY("socket-raw", socket(AF_INET, SOCK_RAW, 1) >= 0);
    TRY("socketpair-datagram", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    TRY("unix-sendto", sends_to("host.sock"));
    TRY("personality", syscall(SYS_personality, 8) >= 0 && syscall(SYS_personality, 0xffffffff) == 8);
    TRY("int80", int80());
    TRY("x32", x32());
    TRY("core-pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0);
    TRY("init-memory", open("/proc/1/mem", O_RDWR) >= 0 || open("/proc/1/environ", O_RDONLY) >= 0);
    TRY("open-by-handle", syscall(SYS_open_by_handle_at, AT_FDCWD, buffer, 0) >= 0 || errno != EPERM);
    TRY("fanotify", syscall(SYS_fanotify_init, 0, 0) >= 0);
    TRY("inherited-9", fcntl(9, F_GETFD) >= 0);
    TRY("kill-init", (kill(1, SIGKILL), kill(1, SIGTERM), usleep(100000), kill(1, 0) != 0));
    TRY("sethostname", sethostname("x", 1) == 0);
    TRY("tiocsti", ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM);
    TRY("tiocsti-high", syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "x") == 0 || errno != EPERM);

    TRY("socketpair-stream", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[0], "x", 1) == 1);
    if (!strcmp(what, "threads")) {
        pthread_t one;
        int at = 0;
        return pthread_create(&one, 0, thread, &at) || pthread_join(one, 0) || at != 7;
    }
    if (!strcmp(what, "fork")) {
        int status;
        pid_t pid = fork();
        if (pid == 0) _exit(3);
        return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3 ? 0 : 1;
    }
    TRY("pty", (fd = posix_openpt(O_RDWR)) >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && open(ptsname(fd), O_RDWR) >= 0);
    TRY("loopback", loopback());
    TRY("shared-memory", (fd = shm_open("/x", O_CREAT | O_RDWR, 0600)) >= 0);
    return 99;
}
