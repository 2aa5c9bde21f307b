/* SPDX-License-Identifier: MIT */
/* User namespaces: id maps, and descriptors for id-mapped mounts. */
#include "userns.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static int write_map(pid_t pid, const char *file, const char *line, size_t length)
{
	char path[64];
	int fd = open(process_path(path, pid, file), O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, line, length);
	if (written < 0) {
		int saved = errno;

		close(fd);
		return -saved;
	}
	close(fd);
	return 0;
}

static int write_one(pid_t pid, const char *file, struct id_map map)
{
	char line[64];
	char *end = text_number(line, map.inside);

	*end++ = ' ';
	end = text_number(end, map.outside);
	*end++ = ' ';
	end = text_number(end, map.count);
	*end++ = '\n';
	return write_map(pid, file, line, (size_t)(end - line));
}

int userns_map(pid_t pid, struct id_map users, struct id_map groups)
{
	int r = write_one(pid, "/uid_map", users);

	return r < 0 ? r : write_one(pid, "/gid_map", groups);
}

int userns_open(pid_t pid)
{
	char path[64];
	int fd = open(process_path(path, pid, "/ns/user"), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Keeps a namespace there until it is killed. */
_Noreturn static void hold(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that was said. */
	while (getppid() == parent)
		pause();
	_exit(0);
}

int userns_create(struct id_map users, struct id_map groups)
{
	int pidfd = -1, fd;
	pid_t parent = getpid();
	pid_t pid = process_clone(CLONE_NEWUSER, &pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		hold(parent);
	fd = userns_map(pid, users, groups);
	if (fd == 0)
		fd = userns_open(pid);
	process_signal(pidfd, SIGKILL);
	process_wait(pidfd, NULL);
	close(pidfd);
	return fd;
}
