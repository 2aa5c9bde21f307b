/* SPDX-License-Identifier: MIT */
/*
 * The processes of a command in a machine. Async-signal-safe after the first fork: the caller may
 * have threads.
 */
#include "entry.h"

#include "../base/cleanup.h"
#include "../launch/context.h"
#include "../sys/caps.h"
#include "../sys/cgroup.h"
#include "../sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* What a shell exits with when it could not run a command at all. */
#define STATUS_NOT_RUN 127

_Noreturn static void fail(int channel, enum entry_step step, int r)
{
	struct message message = {.type = ENTRY_FAILED, .value = (int)step, .errnum = -r};

	message_send(channel, &message, -1);
	_exit(STATUS_NOT_RUN);
}

static void require(int channel, enum entry_step step, int r)
{
	if (r < 0)
		fail(channel, step, r);
}

/* ---- the command, inside ---- */

/* Raw calls: glibc's wrappers would signal threads that this process does not have. */
static int set_ids(uint32_t uid, uint32_t gid, const uint32_t *groups, size_t count)
{
	if (syscall(SYS_setgroups, count, groups) < 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* The terminal belongs to the machine's own devpts. What is found under its name is only taken for
 * one if it is (Documentation/admin-guide/devices.txt: 5:2 is ptmx). */
static int open_pty(void)
{
	int unlock = 0, errnum;
	struct stat status;
	int fd = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(5, 2) &&
	    ioctl(fd, TIOCSPTLCK, &unlock) == 0)
		return fd;
	errnum = errno ? errno : ENOTTY;
	close(fd);
	return -errnum;
}

/* Sends the master to the caller; returns the slave. */
static int make_terminal(const struct entry *entry, int channel)
{
	struct message message = {.type = ENTRY_TERMINAL};
	int main = open_pty(), slave, r;

	if (main < 0)
		return main;
	slave = ioctl(main, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || fchown(slave, entry->uid, (gid_t)-1) < 0)
		return -errno;
	r = message_send(channel, &message, main);
	close(main);
	return r < 0 ? r : slave;
}

/* Always a session of its own: what runs inside must not reach the caller's terminal. */
static int make_session(int terminal)
{
	if (setsid() < 0)
		return -errno;
	return terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

static int set_stdio(const struct entry *entry, int terminal)
{
	for (int i = 0; i < 3; i++) {
		int fd = entry->terminal ? terminal : entry->stdio[i];

		if (fd < 0)
			fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || dup2(fd, i) < 0)
			return -errno;
	}
	return syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* As systemd does for PID 1: the filters first, while they may be loaded without no_new_privs. */
static int load_filters(const struct entry *entry)
{
	/* The caller's session keyring stays outside; a kernel without keys has none to keep. */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return entry->filtered ? seccomp_filters_load(&entry->filters) : 0;
}

static int set_user(const struct entry *entry)
{
	int r = caps_drop_bounding(entry->capabilities);

	if (r == 0)
		r = set_ids(entry->uid, entry->gid, entry->groups, entry->group_count);
	return r;
}

/* The change of user took all from any but root. */
static int set_capabilities(const struct entry *entry)
{
	uint64_t own = entry->uid == 0 ? entry->capabilities : 0;
	int r = caps_set(own, own, 0);

	if (r == 0 && entry->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r;
}

static int change_directory(const struct entry *entry)
{
	if (chdir(entry->directory) == 0)
		return 0;
	if (!entry->last_directory || chdir(entry->last_directory) < 0)
		return -errno;
	return 0;
}

/* Whether the caller is gone already, and with it the helper whose death should kill us. */
static bool is_orphan(int channel)
{
	struct pollfd poll_fd = {.fd = channel};

	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR));
}

/* execvp(3): a program that is there and cannot be run is the better reason. */
static int run_program(const struct entry *entry)
{
	int reason = -ENOENT;

	for (char **at = entry->candidates; *at; at++) {
		execve(*at, entry->arguments, entry->environment);
		if (errno != ENOENT && errno != ENOTDIR)
			reason = -errno;
	}
	return reason;
}

_Noreturn static void run_command(const struct entry *entry, int channel)
{
	int terminal = -1;

	process_reset_signals();
	umask(022);
	if (entry->user_namespace)
		require(channel, ENTRY_BECOME_ROOT, set_ids(0, 0, NULL, 0));
	/* A change of ids sets it to fs.suid_dumpable (commit_creds()), and we can be seen inside. */
	prctl(PR_SET_DUMPABLE, 0);
	if (entry->terminal) {
		terminal = make_terminal(entry, channel);
		require(channel, ENTRY_PTY, terminal);
	}
	require(channel, ENTRY_SESSION, make_session(terminal));
	if (entry->personality)
		personality(entry->personality);
	require(channel, ENTRY_FILTERS, load_filters(entry));
	require(channel, ENTRY_USER, set_user(entry));
	require(channel, ENTRY_CAPABILITIES, set_capabilities(entry));
	require(channel, ENTRY_DIRECTORY, change_directory(entry));
	/* After the change of user, which makes the kernel forget it (prctl(2)). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (is_orphan(channel))
		_exit(STATUS_NOT_RUN);
	require(channel, ENTRY_STDIO, set_stdio(entry, terminal));
	fail(channel, ENTRY_EXEC, run_program(entry));
}

/* ---- the helper, outside the pid namespace ---- */

static void join_cgroups(const struct entry *entry, int channel)
{
	for (size_t i = 0; i < entry->cgroup_count; i++)
		require(channel, ENTRY_CGROUP, cgroup_enter_v1(entry->cgroups[i]));
	if (entry->cgroup)
		require(channel, ENTRY_CGROUP, cgroup_join(entry->cgroup, 0));
}

/* Where the helper goes back to once the command is made. Opened before the namespaces are entered:
 * what may be written by it is a matter of then (cgroup_procs_write_permission() in the kernel). */
static int open_own_group(const struct entry *entry)
{
	char path[PATH_MAX];
	size_t length = entry->helper ? strlen(entry->helper) : 0;
	static const char file[] = "/cgroup.procs";

	if (length == 0)
		return -1;
	if (length + sizeof(file) > sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, entry->helper, length);
	memcpy(path + length, file, sizeof(file));
	return open(path, O_WRONLY | O_CLOEXEC);
}

/* The caller's wishes: signals for the command. False when the caller is gone. */
static bool pass_signal(int channel, pid_t command)
{
	struct message message;
	int fd;

	if (message_receive(channel, &message, &fd) != 1)
		return false;
	cleanup_fd(&fd);
	kill(-command, message.value);
	return true;
}

/* Never stops and never ends before the command, so that nobody waits for a zombie in vain. */
static int attend_command(int channel, pid_t command, int pidfd)
{
	struct pollfd polls[] = {
		{.fd = pidfd, .events = POLLIN},
		{.fd = channel, .events = POLLIN},
	};
	int status = STATUS_NOT_RUN << 8;

	while (!polls[0].revents) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		if (polls[1].fd >= 0 && polls[1].revents && !pass_signal(channel, command)) {
			kill(-command, SIGKILL);
			process_signal(pidfd, SIGKILL);
			polls[1].fd = -1;
		}
	}
	process_wait(pidfd, &status);
	return status;
}

_Noreturn static void run_helper(const struct entry *entry, int channel)
{
	struct message message = {.type = ENTRY_ENDED};
	sigset_t all;
	int pidfd = -1, own_group;
	pid_t pid;

	/* Nothing inside may look into this process, or the next before it executes anything. */
	prctl(PR_SET_DUMPABLE, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	own_group = open_own_group(entry);
	join_cgroups(entry, channel);
	if (entry->namespaces && setns(entry->leader, (int)entry->namespaces) < 0)
		fail(channel, ENTRY_NAMESPACES, -errno);
	pid = process_clone(0, &pidfd);
	require(channel, ENTRY_FORK, pid);
	if (pid == 0)
		run_command(entry, channel);
	/* A failure leaves it where the machine may freeze it, to its own harm alone. */
	if (own_group >= 0 && write(own_group, "0", 1) == 1)
		close(own_group);
	message.value = attend_command(channel, pid, pidfd);
	message_send(channel, &message, -1);
	_exit(0);
}

/* The helper keeps no descriptor of the caller's but these: a pipe would never see its end. All are
 * above 2, where the channel takes the places, so that nothing opened later gets one of those. */
static void close_others(const struct entry *entry, int channel)
{
	int kept[] = {entry->leader, channel, entry->stdio[0], entry->stdio[1], entry->stdio[2]};

	for (int i = 0; i < 3; i++)
		dup2(channel, i);
	process_close_others(3, kept, ARRAY_SIZE(kept));
}

int entry_start(const struct entry *entry, int *channel, int *helper, struct floe_error *error)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(error, errno, "cannot create a channel to a command");
	if (entry_raise(&ends[1]) < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_errno(error, errno, "cannot create a channel to a command");
	}
	pid = process_clone(0, helper);
	if (pid == 0) {
		close_others(entry, ends[1]);
		run_helper(entry, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_errno(error, -pid, "cannot create a process for a command");
	}
	*channel = ends[0];
	return 0;
}
