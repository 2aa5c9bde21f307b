/* SPDX-License-Identifier: MIT */
/* A user's terminal in raw mode, and back, also when the process in between is killed. */
#include "raw.h"

#include "../base/cleanup.h"
#include "../sys/process.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Waits for a byte, which says that all is well, or for the end of the one who would send it. In a
 * session of its own, where no key reaches it and the terminal's job control does not stop it
 * (tcsetattr(3) raises SIGTTOU only for processes that the terminal controls). */
_Noreturn static void guard_terminal(const struct raw *raw, int channel)
{
	int kept[] = {channel, raw->fd};
	char byte;

	prctl(PR_SET_NAME, "floe: terminal");
	setsid();
	process_close_others(0, kept, ARRAY_SIZE(kept));
	if (recv(channel, &byte, 1, 0) != 1)
		ioctl(raw->fd, TCSETS, &raw->saved);
	_exit(0);
}

/* Without it a killed process leaves the terminal raw, as any other program does. */
static void start_guard(struct raw *raw)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	pid = process_clone(0, &raw->guard);
	if (pid == 0)
		guard_terminal(raw, ends[1]);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		raw->channel = ends[0];
}

int raw_enter(struct raw *raw, int fd)
{
	struct termios changed;

	*raw = (struct raw){.fd = -1, .channel = -1, .guard = -1};
	if (fd < 0 || tcgetattr(fd, &raw->saved) < 0)
		return 0;
	raw->fd = fd;
	start_guard(raw);
	changed = raw->saved;
	cfmakeraw(&changed);
	if (tcsetattr(fd, TCSANOW, &changed) < 0) {
		int r = -errno;

		raw_leave(raw);
		return r;
	}
	return 0;
}

void raw_leave(struct raw *raw)
{
	if (raw->fd >= 0)
		tcsetattr(raw->fd, TCSANOW, &raw->saved);
	raw->fd = -1;
	if (raw->channel < 0)
		return;
	send(raw->channel, "", 1, MSG_NOSIGNAL);
	cleanup_fd(&raw->channel);
	raw->channel = -1;
	process_wait(raw->guard, NULL);
	cleanup_fd(&raw->guard);
	raw->guard = -1;
}
