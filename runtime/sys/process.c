/* SPDX-License-Identifier: MIT */
/* Creating, watching and ending processes by descriptor. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* sizeof(sigset_t) as the kernel has it. */
#define KERNEL_SIGSET_SIZE (_NSIG / 8)

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* The first version of struct pidfd_info, <linux/pidfd.h> of Linux 6.15. */
struct exit_info {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define EXIT_INFO_GET  _IOWR(0xff, 11, struct exit_info) /* PIDFD_GET_INFO */
#define EXIT_INFO_EXIT (UINT64_C(1) << 3)                /* PIDFD_INFO_EXIT */

pid_t process_clone(uint64_t flags, int *pidfd)
{
	return process_clone_into(flags, -1, pidfd);
}

pid_t process_clone_into(uint64_t flags, int cgroup, int *pidfd)
{
	struct clone_args arguments = {
		.flags = flags | (pidfd ? CLONE_PIDFD : 0) | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	sigset_t all, before;
	pid_t pid;

	/* The child has a copy of the caller's handlers, which must not run in it: a group-wide
	 * Ctrl-C would have them write into the caller's own pipes. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid == 0)
		return 0;
	if (pid < 0)
		pid = -errno;
	/* The kernel stores the number before it knows that all will go well (copy_process()). */
	if (pid < 0 && pidfd)
		*pidfd = -1;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* clone3(2) has no wrapper that changes stacks; clone(2) has. No exit signal in its flags. */
pid_t process_clone_on(void *stack_end, int (*function)(void *context), void *context, int *pidfd)
{
	sigset_t all, before;
	pid_t pid;

	*pidfd = -1;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(function, stack_end, CLONE_PIDFD, context, pidfd);
	if (pid < 0) {
		pid = -errno;
		*pidfd = -1;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int process_run_on(void *stack_end, int (*function)(void *context), void *context)
{
	sigset_t all, before;
	pid_t pid;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(function, stack_end, CLONE_VM | CLONE_VFORK, context);
	r = pid < 0 ? -errno : 0;
	/* It has ended: this does not wait. */
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

void process_close_others(unsigned first, const int kept[], size_t count)
{
	for (;;) {
		unsigned next = UINT_MAX;

		for (size_t i = 0; i < count; i++) {
			if (kept[i] >= 0 && (unsigned)kept[i] >= first && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		}
		if (next > first)
			syscall(SYS_close_range, first, next - (next != UINT_MAX), 0);
		if (next == UINT_MAX)
			return;
		first = next + 1;
	}
}

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int process_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int status_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* The status of a child that somebody else reaped, or the kernel itself for a caller that ignores
 * SIGCHLD: an execve(2) gave it that exit signal (de_thread() in fs/exec.c). */
static int reaped_status(int pidfd, int *status)
{
	struct exit_info info = {.mask = EXIT_INFO_EXIT};

	if (ioctl(pidfd, EXIT_INFO_GET, &info) < 0 || !(info.mask & EXIT_INFO_EXIT))
		return -ECHILD;
	if (status)
		*status = info.exit_code;
	return 0;
}

int process_wait(int pidfd, int *status)
{
	siginfo_t info = {0};

	/* __WALL: a child without exit signal is not waited for otherwise (wait(2)). */
	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0) {
		if (errno == ECHILD)
			return reaped_status(pidfd, status);
		if (errno != EINTR)
			return -errno;
	}
	if (status)
		*status = status_of(&info);
	return 0;
}

char *text_number(char *text, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*text++ = digits[--count];
	return text;
}

static char *append_text(char *text, const char *more)
{
	size_t length = strlen(more);

	memcpy(text, more, length);
	return text + length;
}

const char *process_path(char path[static 64], pid_t pid, const char *file)
{
	char *end = append_text(path, "/proc/");

	end = text_number(end, (uint64_t)pid);
	end = append_text(end, file);
	*end = '\0';
	return path;
}

void process_reset_signals(void)
{
	/* Raw calls: glibc keeps the signals of its own threads, 32 and 33, to itself, and some
	 * callers have them ignored. The kernel's struct is smaller than this; zeros are SIG_DFL
	 * and an empty mask. */
	static const unsigned long zeros[8];

	for (int signal = 1; signal < _NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, zeros, NULL, KERNEL_SIGSET_SIZE);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, KERNEL_SIGSET_SIZE);
}
