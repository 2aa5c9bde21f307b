/* SPDX-License-Identifier: MIT */
/* What the kernel can do, and what the caller may. */
#include "host_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../sys/caps.h"
#include "../sys/path.h"

/* PROC_USER_INIT_INO of include/linux/proc_ns.h: the inode of the first user namespace. */
#define INITIAL_USER_NAMESPACE "user:[4026531837]"

static void probe_version(struct host *host)
{
	struct utsname name;
	char *end;

	if (uname(&name) < 0)
		return;
	host->kernel_major = (unsigned)strtoul(name.release, &end, 10);
	if (*end == '.')
		host->kernel_minor = (unsigned)strtoul(end + 1, NULL, 10);
}

static uint64_t read_number(const char *path, uint64_t otherwise)
{
	char text[32];

	return file_read(path, text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : otherwise;
}

/* Whose inode is that of the namespace the kernel began with. */
static bool is_initial(int directory)
{
	char text[64];
	ssize_t length = readlinkat(directory, "user", text, sizeof(text) - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return strcmp(text, INITIAL_USER_NAMESPACE) == 0;
}

static int probe_namespaces(struct host *host, struct floe_error *error)
{
	const struct {
		const char *name;
		bool *has;
	} namespaces[] = {
		{"user", &host->has_user_namespace}, {"cgroup", &host->has_cgroup_namespace},
		{"time", &host->has_time_namespace}, {"ipc", &host->has_ipc_namespace},
		{"net", &host->has_net_namespace},
	};
	CLEANUP_FD int directory = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (directory < 0) {
		err_errno(error, errno, "cannot open /proc/self/ns");
		return err_hint(error, "floe needs proc mounted on /proc");
	}
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		*namespaces[i].has =
			fstatat(directory, namespaces[i].name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	host->initial_user_namespace = is_initial(directory);
	/* user_namespaces(7): zero switches them off. */
	if (read_number("/proc/sys/user/max_user_namespaces", 1) == 0)
		host->has_user_namespace = false;
	return 0;
}

/* Lines are "nodev\tNAME" or "\tNAME" (proc(5)). */
static bool lists_filesystem(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strchr(list, '\t'); at; at = strchr(at + 1, '\t')) {
		if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '\n')
			return true;
	}
	return false;
}

static bool needs_overlay(const struct spec *spec)
{
	if (spec->store != SPEC_STORE_PRIVATE || spec->ephemeral == SPEC_EPHEMERAL_OVERLAY ||
	    spec->volatile_mode == SPEC_VOLATILE_OVERLAY)
		return true;
	for (size_t i = 0; i < spec->mount_count; i++) {
		if (spec->mounts[i].kind == SPEC_MOUNT_OVERLAY)
			return true;
	}
	return false;
}

/* A module that is not loaded yet is not listed; fsopen(2) has the kernel load it. */
static bool can_open_filesystem(const char *name)
{
	CLEANUP_FD int fd = (int)syscall(SYS_fsopen, name, FSOPEN_CLOEXEC);

	return fd >= 0;
}

static void probe_filesystems(struct host *host, const struct spec *spec)
{
	char list[8192];

	if (file_read("/proc/filesystems", list, sizeof(list)) < 0)
		list[0] = '\0';
	host->has_mqueue = lists_filesystem(list, "mqueue");
	host->has_devpts = lists_filesystem(list, "devpts");
	host->has_cgroup2 = lists_filesystem(list, "cgroup2");
	host->has_overlay = lists_filesystem(list, "overlay") ||
			    (needs_overlay(spec) && can_open_filesystem("overlay"));
}

static bool can_filter_calls(void)
{
	uint32_t action = SECCOMP_RET_ALLOW;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static void probe_limits(struct host *host)
{
	static const int of_init[] = {RLIMIT_NPROC, RLIMIT_SIGPENDING};

	for (int i = 0; i < RLIM_NLIMITS; i++)
		prlimit(0, (__rlimit_resource_t)i, NULL, &host->limits[i]);
	/* Another user's PID 1 does not tell (prlimit(2)): then the caller's have to do. */
	for (size_t i = 0; i < ARRAY_SIZE(of_init); i++) {
		int resource = of_init[i];

		if (prlimit(1, (__rlimit_resource_t)resource, NULL, &host->init_limits[resource]))
			host->init_limits[resource] = host->limits[resource];
	}
	host->nr_open = read_number("/proc/sys/fs/nr_open", 1024 * 1024);
}

/* The last number of a list like "0-3,8-11". */
static unsigned last_number(const char *list)
{
	const char *number = list;

	for (const char *at = list; *at; at++)
		number = *at == ',' || *at == '-' ? at + 1 : number;
	return (unsigned)strtoul(number, NULL, 10);
}

/* Without sysfs: the last CPU that the caller may use. */
static unsigned last_cpu(void)
{
	char list[4096];
	cpu_set_t set;
	unsigned last = 0;

	if (file_read("/sys/devices/system/cpu/possible", list, sizeof(list)) > 0)
		return last_number(list);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		last = CPU_ISSET(cpu, &set) ? cpu : last;
	return last;
}

int host_kernel(struct host *host, const struct spec *spec, struct floe_error *error)
{
	uint64_t effective, bounding;
	int r;

	probe_version(host);
	r = probe_namespaces(host, error);
	if (r < 0)
		return r;
	probe_filesystems(host, spec);
	probe_limits(host);
	host->has_seccomp = can_filter_calls();
	if (spec->cpu_affinity)
		host->last_cpu = last_cpu();
	r = caps_get(&effective, &bounding);
	if (r < 0)
		return err_errno(error, -r, "cannot read the capabilities of the caller");
	host->capabilities = effective & bounding;
	return 0;
}
