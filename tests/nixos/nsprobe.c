/* SPDX-License-Identifier: MIT */
/* nsprobe: may a user namespace made in here mount proc, sysfs and others of its own? */

/*
 * Runs inside a container. The kernel lets a user namespace mount proc or sysfs only where one is
 * fully visible already (mount_too_revealing() in fs/namespace.c), so one file bound over
 * /proc/kmsg is enough to break every sandbox that is made inside: the build sandbox of Nix asks
 * exactly what the "proc" probe asks, a nested container manager what the others ask.
 *
 * usage: nsprobe [NAME...]	all probes, or those named
 * Prints "NAME OK" or "NAME FAIL: ACT: ERROR"; exits 0 if all succeeded, 1 if not, 2 if called
 * wrongly or a probe could not be made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct probe {
	const char *name;
	const char *fstype;
	const char *target; /* NULL: a new directory on a new tmpfs */
	const char *data;
	int ns; /* namespaces besides the user and mount namespace */
	unsigned long flags;
};

/* A file system that shows a namespace can be mounted only by that namespace's owner. */
static const struct probe probes[] = {
	{"proc", "proc", "/proc", NULL, CLONE_NEWPID, 0},
	{"proc-elsewhere", "proc", NULL, NULL, CLONE_NEWPID, 0},
	{"sysfs", "sysfs", NULL, NULL, CLONE_NEWNET, 0},
	{"sysfs-ro", "sysfs", NULL, NULL, CLONE_NEWNET, MS_RDONLY},
	{"mqueue", "mqueue", NULL, NULL, CLONE_NEWIPC, 0},
	{"devpts", "devpts", NULL, "newinstance,ptmxmode=0666", 0, 0},
	{"cgroup2", "cgroup2", NULL, NULL, CLONE_NEWCGROUP, 0},
};

#define N_PROBES (sizeof(probes) / sizeof(probes[0]))

static int fail(const struct probe *p, const char *act)
{
	printf("%s FAIL: %s: %s\n", p->name, act, strerror(errno));
	fflush(stdout);
	return 1;
}

static int file_write(const char *path, const char *text)
{
	ssize_t n;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Be root in a new user namespace, so that the caller's files stay accessible. */
static int userns_map(uid_t uid, gid_t gid)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)uid);
	if (file_write("/proc/self/uid_map", map))
		return -1;
	if (file_write("/proc/self/setgroups", "deny") && errno != ENOENT)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)gid);
	return file_write("/proc/self/gid_map", map);
}

static int probe_mount(const struct probe *p)
{
	const char *target = p->target;

	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		return fail(p, "making the mounts private");
	if (!target) {
		target = "/tmp/m";
		if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || mkdir(target, 0755))
			return fail(p, "making a mount point");
	}
	if (mount("none", target, p->fstype, p->flags, p->data))
		return fail(p, "mounting");
	printf("%s OK\n", p->name);
	fflush(stdout);
	return 0;
}

/* In a child: a new pid namespace shows in the children of the task that unshared it. */
static int child_run(const struct probe *p)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | p->ns))
		return fail(p, "unshare");
	if (userns_map(uid, gid))
		return fail(p, "mapping the user");
	pid = fork();
	if (pid < 0)
		return fail(p, "fork");
	if (pid == 0)
		_exit(probe_mount(p));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return fail(p, "waiting for the probe");
	return WEXITSTATUS(status);
}

static int probe_run(const struct probe *p)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child_run(p));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		fprintf(stderr, "nsprobe: running probe %s: %s\n", p->name, strerror(errno));
		exit(2);
	}
	return WEXITSTATUS(status);
}

static const struct probe *probe_find(const char *name)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (!strcmp(probes[i].name, name))
			return &probes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		if (!probe_find(argv[i])) {
			fprintf(stderr, "nsprobe: there is no probe '%s'\n", argv[i]);
			return 2;
		}
	}
	for (int i = 1; i < argc; i++)
		failed |= probe_run(probe_find(argv[i]));
	for (size_t i = 0; argc < 2 && i < N_PROBES; i++)
		failed |= probe_run(&probes[i]);
	return failed;
}
