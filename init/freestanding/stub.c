/* SPDX-License-Identifier: MIT */
/*
 * PID 1 for a command that is no init: starts it as PID 2, reaps what is orphaned, turns the
 * signals that ask a container's init to shut down into an orderly end, and ends as PID 2 did.
 *
 *	stub PROGRAM [ARGUMENT...]
 *
 * Exit status: that of PID 2; 255 when a signal ended it; 127 or 126 when it could not be run.
 * After a request to power off or restart the pid namespace ends as reboot(2) says: its parent
 * sees SIGINT or SIGHUP. No C library: nothing of ours but this file is visible in the machine.
 */
#include "syscall.h"

#include <linux/errno.h>
#include <linux/prctl.h>
#include <linux/reboot.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include <asm/ioctls.h>
#include <asm/unistd.h>

#define NULL ((void *)0)

/* execve(2) takes no longer path. */
#define PATH_SIZE 4096

/* As in sh(1). */
#define STATUS_NOT_FOUND      127
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_KILLED         255

/* From SIGTERM to SIGHUP, and from there to the end of the namespace; milliseconds. */
#define HANGUP_AFTER 1000
#define END_AFTER    89000

/* Signals are sent as the C library counts them: it keeps two for itself (signal(7)). */
#define RT(number) (34 + (number))

typedef unsigned long kernel_set; /* the kernel's sigset_t: 64 signals */

enum request {
	REQUEST_NONE,
	REQUEST_POWER_OFF,
	REQUEST_RESTART,
};

/* What systemd as PID 1 takes for a request to shut down (systemd(1), SIGNALS). */
static const struct {
	int signal;
	enum request request;
} requests[] = {
	{RT(3), REQUEST_POWER_OFF},  {RT(4), REQUEST_POWER_OFF}, {RT(13), REQUEST_POWER_OFF},
	{RT(14), REQUEST_POWER_OFF}, {SIGINT, REQUEST_RESTART},  {RT(5), REQUEST_RESTART},
	{RT(6), REQUEST_RESTART},    {RT(15), REQUEST_RESTART},  {RT(16), REQUEST_RESTART},
};

static long length_of(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	return length;
}

static const char *after_prefix(const char *text, const char *prefix)
{
	for (; *prefix; prefix++, text++) {
		if (*text != *prefix)
			return NULL;
	}
	return text;
}

static _Noreturn void leave(int status)
{
	for (;;)
		call(__NR_exit_group, status, 0, 0, 0, 0);
}

static void say(const char *text)
{
	call(__NR_write, 2, (long)text, length_of(text), 0, 0);
}

static const char *variable(char **environment, const char *name_and_equals)
{
	for (; *environment; environment++) {
		const char *value = after_prefix(*environment, name_and_equals);

		if (value)
			return value;
	}
	return NULL;
}

/* "LISTEN_PID=" and the number; TEXT has room for both. */
static void write_listen_pid(char *text, long pid)
{
	static const char name[] = "LISTEN_PID=";
	char digits[20];
	int count = 0;

	for (const char *from = name; *from; from++)
		*text++ = *from;
	do {
		digits[count++] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid > 0);
	while (count > 0)
		*text++ = digits[--count];
	*text = '\0';
}

/* The descriptors are meant for the process that this variable names (sd_listen_fds(3)). */
static void correct_listen_pid(char **environment)
{
	static char text[32];

	if (!variable(environment, "LISTEN_FDS="))
		return;
	write_listen_pid(text, call(__NR_getpid, 0, 0, 0, 0, 0));
	for (; *environment; environment++) {
		if (after_prefix(*environment, "LISTEN_PID="))
			*environment = text;
	}
}

/* Appends TEXT up to END; returns the place after it, NULL when PATH is full. */
static char *append(char *path, const char *path_end, const char *text, const char *end)
{
	for (; path && text < end; text++) {
		if (path == path_end)
			return NULL;
		*path++ = *text;
	}
	return path;
}

/* Tries DIRECTORY/NAME, where DIRECTORY ends at END; an empty one is the current. */
static long execute_in(const char *directory, const char *end, char **arguments, char **environment)
{
	static char path[PATH_SIZE];
	const char *name = arguments[0];
	char *at = append(path, path + PATH_SIZE - 1, directory, end);

	if (directory != end)
		at = append(at, path + PATH_SIZE - 1, "/", &"/"[1]);
	at = append(at, path + PATH_SIZE - 1, name, name + length_of(name));
	if (!at)
		return -ENAMETOOLONG;
	*at = '\0';
	return call(__NR_execve, (long)path, (long)arguments, (long)environment, 0, 0);
}

static int has_slash(const char *name)
{
	for (; *name; name++) {
		if (*name == '/')
			return 1;
	}
	return 0;
}

/* Looks for the program as execvp(3) does, but has no shell run what the kernel cannot. */
static long execute(char **arguments, char **environment)
{
	const char *path = variable(environment, "PATH=");
	long result = -ENOENT;

	if (has_slash(arguments[0]) || !path)
		return call(__NR_execve, (long)arguments[0], (long)arguments, (long)environment, 0,
			    0);
	for (;;) {
		const char *end = path;
		long r;

		while (*end && *end != ':')
			end++;
		r = execute_in(path, end, arguments, environment);
		if (r == -EACCES)
			result = r;
		else if (r != -ENOENT && r != -ENOTDIR)
			return r;
		if (!*end)
			return result;
		path = end + 1;
	}
}

static const char *reason(long error)
{
	switch (-error) {
	case ENOENT:
		return "no such file, or its interpreter is missing";
	case EACCES:
		return "permission denied";
	case ENOEXEC:
		return "neither a program for this machine nor a script";
	default:
		return "the kernel refuses";
	}
}

/* Default dispositions, also of those signals that some callers leave ignored (glibc's posix_spawn
 * does so with 32 and 33). The kernel's struct is smaller than this; zeros are SIG_DFL. */
static void reset_signals(void)
{
	static const unsigned long zeros[8];

	for (int signal = 1; signal <= 64; signal++)
		call(__NR_rt_sigaction, signal, (long)zeros, 0, sizeof(kernel_set), 0);
}

/* In PID 2: a session of its own with the terminal, which PID 1 has let go. */
static _Noreturn void run_command(char **arguments, char **environment, kernel_set mask)
{
	long result;

	call(__NR_setsid, 0, 0, 0, 0, 0);
	call(__NR_ioctl, 0, TIOCSCTTY, 0, 0, 0);
	correct_listen_pid(environment);
	reset_signals();
	call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof(mask), 0);
	result = execute(arguments, environment);
	say("floe: cannot run ");
	say(arguments[0]);
	say(": ");
	say(reason(result));
	say("\n");
	leave(result == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/* What the payload was given as its environment is not shown in /proc/1/environ, but for the two
 * variables by which programs find out that they are in a container. */
static void forget_environment(char **environment)
{
	for (; *environment; environment++) {
		if (after_prefix(*environment, "container=") ||
		    after_prefix(*environment, "container_uuid="))
			continue;
		for (char *at = *environment; *at; at++)
			*at = '\0';
	}
}

/* Sockets passed on are PID 2's alone; the standard descriptors stay, for they may be pipes whose
 * other end would notice. */
static void settle(char **environment)
{
	static const char name[] = "(floe-stub)";

	call(__NR_prctl, PR_SET_NAME, (long)name, 0, 0, 0);
	call(__NR_close_range, 3, ~0U, 0, 0, 0);
	forget_environment(environment);
}

/* Reaps everything that has ended; 1 with STATUS when PID was among it. */
static int reap(long pid, int *status)
{
	int found = 0;

	for (;;) {
		int one;
		long reaped = call(__NR_wait4, -1, (long)&one, WNOHANG, 0, 0);

		if (reaped <= 0)
			return found;
		if (reaped == pid) {
			*status = one;
			found = 1;
		}
	}
}

static enum request request_of(long signal)
{
	for (unsigned long i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].signal == signal)
			return requests[i].request;
	}
	return REQUEST_NONE;
}

static long long now_ms(void)
{
	struct __kernel_timespec now;

	call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&now, 0, 0, 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ends the pid namespace as reboot(2) says. Without CAP_SYS_BOOT it is left as a plain exit. */
static _Noreturn void end_namespace(enum request request)
{
	unsigned int command =
		request == REQUEST_RESTART ? LINUX_REBOOT_CMD_RESTART : LINUX_REBOOT_CMD_POWER_OFF;

	call(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, 0, 0);
	leave(request == REQUEST_RESTART ? STATUS_KILLED : 0);
}

static _Noreturn void finish(enum request request, int status)
{
	int signal = status & 0x7f; /* wait(2): WTERMSIG */

	if (request != REQUEST_NONE)
		end_namespace(request);
	leave(signal ? STATUS_KILLED : (status >> 8) & 0xff);
}

/* A shutdown that was asked for: what comes next, and when. */
struct shutdown {
	enum request request;
	int hung_up;
	long long next;
};

static void shutdown_begin(struct shutdown *shutdown, enum request request, long pid)
{
	if (request == REQUEST_NONE || shutdown->request != REQUEST_NONE)
		return;
	shutdown->request = request;
	shutdown->next = now_ms() + HANGUP_AFTER;
	call(__NR_kill, pid, SIGTERM, 0, 0, 0);
	call(__NR_kill, pid, SIGCONT, 0, 0, 0);
}

/* Shells ignore SIGTERM and heed SIGHUP, but it ends most programs at once: those that make ready
 * to go at SIGTERM get a moment for it. */
static void shutdown_continue(struct shutdown *shutdown, long pid)
{
	if (shutdown->hung_up)
		end_namespace(shutdown->request);
	shutdown->hung_up = 1;
	shutdown->next += END_AFTER;
	call(__NR_kill, pid, SIGHUP, 0, 0, 0);
}

/* Waits for a signal until the shutdown goes on; its number, or a negative errno. */
static long wait_signal(const struct shutdown *shutdown, const kernel_set *all)
{
	struct __kernel_timespec wait = {0, 0};
	long long left = shutdown->next - now_ms();

	if (shutdown->request == REQUEST_NONE)
		return call(__NR_rt_sigtimedwait, (long)all, 0, 0, sizeof(*all), 0);
	if (left > 0) {
		wait.tv_sec = left / 1000;
		wait.tv_nsec = left % 1000 * 1000000;
	}
	return call(__NR_rt_sigtimedwait, (long)all, 0, (long)&wait, sizeof(*all), 0);
}

static _Noreturn void watch(long pid, const kernel_set *all)
{
	struct shutdown shutdown = {REQUEST_NONE, 0, 0};

	for (;;) {
		long signal;
		int status;

		if (reap(pid, &status))
			finish(shutdown.request, status);
		signal = wait_signal(&shutdown, all);
		if (signal == -EAGAIN)
			shutdown_continue(&shutdown, pid);
		else
			shutdown_begin(&shutdown, request_of(signal), pid);
	}
}

/* STACK is what the kernel leaves there: the number of arguments, they, the environment. */
__attribute__((used)) static _Noreturn void stub_main(long *stack)
{
	const kernel_set all = ~0UL;
	char **arguments = (char **)(stack + 1);
	char **environment = arguments + stack[0] + 1;
	kernel_set mask;
	long pid;

	if (stack[0] < 2) {
		say("floe: the stub init needs a program to run\n");
		leave(STATUS_NOT_EXECUTABLE);
	}
	/* Blocked signals wait for rt_sigtimedwait(2), even those PID 1 would else never get. */
	call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof(all), 0);
	call(__NR_ioctl, 0, TIOCNOTTY, 0, 0, 0);
	pid = call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		run_command(arguments + 1, environment, mask);
	if (pid < 0) {
		say("floe: cannot start a process\n");
		leave(STATUS_NOT_EXECUTABLE);
	}
	settle(environment);
	watch(pid, &all);
}

PROGRAM_ENTRY(stub_main);
