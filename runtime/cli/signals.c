/* SPDX-License-Identifier: MIT */
/* The signals that the monitor of a machine takes, as a descriptor. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

int signals_take(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	const struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGRTMIN + 18); /* systemd(1): asks for what memory can be given back */
	/* Who started us may ignore SIGCHLD, and then no child has an exit status (wait(2)). */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0 ||
	    sigaction(SIGCHLD, &normal, NULL) < 0) {
		say_failure("cannot block signals: %s", strerror(errno));
		return -1;
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		say_failure("cannot receive signals: %s", strerror(errno));
	return fd;
}
