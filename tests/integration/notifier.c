/* SPDX-License-Identifier: MIT */
/*
 * The PID 1 of a test machine: does what its arguments say, in order.
 *	notify:TEXT	sends TEXT to $NOTIFY_SOCKET ("%" stands for a new line)
 *	child:TEXT	lets a child send it
 *	say:TEXT	writes a line
 *	sleep:MS	waits
 *	usr1		waits for SIGUSR1
 *	halt		waits for SIGRTMIN+3, which asks systemd to halt
 *	exit:STATUS	ends
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(99);
}

static void notify(const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char *copy = strdup(text);

	if (fd < 0 || !path || !copy)
		fail("NOTIFY_SOCKET");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (char *at = copy; (at = strchr(at, '%'));)
		*at = '\n';
	if (sendto(fd, copy, strlen(copy), 0, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("sendto");
	free(copy);
	close(fd);
}

static void notify_from_child(const char *text)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		notify(text);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) < 0)
		fail("waitpid");
}

static void wait_signal(int wanted)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, wanted);
	if (sigwait(&set, &signal) != 0)
		fail("sigwait");
}

static void act(const char *act, const char *value)
{
	if (strcmp(act, "notify") == 0)
		notify(value);
	else if (strcmp(act, "child") == 0)
		notify_from_child(value);
	else if (strcmp(act, "say") == 0)
		puts(value);
	else if (strcmp(act, "sleep") == 0)
		poll(NULL, 0, atoi(value));
	else if (strcmp(act, "usr1") == 0)
		wait_signal(SIGUSR1);
	else if (strcmp(act, "halt") == 0)
		wait_signal(SIGRTMIN + 3);
	else if (strcmp(act, "exit") == 0)
		exit(atoi(value));
	else
		fail(act);
}

int main(int count, char **words)
{
	sigset_t set;

	/* Blocked: one that comes early waits, and PID 1 has no default for it anyway. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < count; i++) {
		char *value = strchr(words[i], ':');

		if (value)
			*value++ = '\0';
		act(words[i], value ? value : "");
	}
	return 0;
}
