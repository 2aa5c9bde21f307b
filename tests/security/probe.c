/* SPDX-License-Identifier: MIT */
/*
 * Run as root inside a machine: tries to get out of it, or at what is the host's. Prints one line
 * for each attempt, "held NAME" or "BROKEN NAME: what could be done". The arguments name the
 * attempts to leave out.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char broken[1024];

/* Notes what could be done; the first is what is said. */
__attribute__((format(printf, 1, 2))) static void got(const char *format, ...)
{
	va_list arguments;

	if (broken[0])
		return;
	va_start(arguments, format);
	vsnprintf(broken, sizeof(broken), format, arguments);
	va_end(arguments);
}

static bool is_writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* /shared is a read-only bind of the host's. */
static void remount_shared_bind(void)
{
	if (mount(NULL, "/shared", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 &&
	    open("/shared/escaped", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0)
		got("wrote to a read-only bind of the host");
	if (mount("none", "/shared", NULL, MS_REMOUNT, NULL) == 0 &&
	    open("/shared/escaped", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0)
		got("made the host's file system writable");
}

static void copy_shared_bind(void)
{
	mkdir("/tmp/copy", 0700);
	if (mount("/shared", "/tmp/copy", NULL, MS_BIND | MS_REC, NULL) < 0)
		return;
	mount(NULL, "/tmp/copy", NULL, MS_REMOUNT | MS_BIND, NULL);
	if (open("/tmp/copy/escaped", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0)
		got("wrote to a copy of a read-only bind");
	umount2("/tmp/copy", MNT_DETACH);
}

/* What lies below the mount of the tree itself is the host's: it must not come to light. */
static void uncover_root(void)
{
	struct stat root, now;

	stat("/", &root);
	for (int i = 0; i < 8; i++)
		umount2("/", MNT_DETACH);
	if (chdir("/") == 0 && stat("/", &now) == 0 && now.st_dev != root.st_dev)
		got("another root came to light");
	if (chroot("../../../../../..") == 0 && stat("/", &now) == 0 && now.st_ino != root.st_ino)
		got("chroot led out of the tree");
}

/* The classic way out of a chroot(2), and what pivot_root(2) may have left. */
static void climb_out(void)
{
	struct stat root, up;
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	stat("/", &root);
	mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") == 0 && fchdir(fd) == 0) {
		for (int i = 0; i < 64; i++)
			if (chdir("..") < 0)
				break;
		if (stat(".", &up) == 0 && (up.st_ino != root.st_ino || up.st_dev != root.st_dev))
			got("climbed out of the tree");
	}
	close(fd);
}

static void try_device(mode_t type, unsigned major, unsigned minor)
{
	const char *path = "/tmp/node";
	int fd;

	unlink(path);
	if (mknod(path, type | 0600, makedev(major, minor)) == 0) {
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			got("opened a node of its own of device %u:%u", major, minor);
	}
	unlink(path);
	/* A place without nodev. */
	if (mknod("/dev/node", type | 0600, makedev(major, minor)) == 0) {
		fd = open("/dev/node", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			got("opened a node in /dev of device %u:%u", major, minor);
	}
	unlink("/dev/node");
}

/* Disks, memory, the kernel's log, the host's terminals (devices.txt of the kernel). */
static void open_devices(void)
{
	unsigned major, minor;
	char line[256];
	FILE *disks = fopen("/proc/partitions", "re");

	while (disks && fgets(line, sizeof(line), disks)) {
		if (sscanf(line, "%u %u", &major, &minor) == 2)
			try_device(S_IFBLK, major, minor);
	}
	if (disks)
		fclose(disks);
	try_device(S_IFCHR, 1, 1);
	try_device(S_IFCHR, 1, 2);
	try_device(S_IFCHR, 1, 4);
	try_device(S_IFCHR, 1, 11);
	try_device(S_IFCHR, 4, 0);
	try_device(S_IFCHR, 4, 64);
	try_device(S_IFCHR, 5, 1);
	try_device(S_IFCHR, 10, 237);
	try_device(S_IFBLK, 7, 0);
}

static void bind_devices(void)
{
	/* devtmpfs is the host's whole /dev. */
	mkdir("/tmp/devtmpfs", 0700);
	if (mount("devtmpfs", "/tmp/devtmpfs", "devtmpfs", 0, NULL) < 0)
		return;
	if (open("/tmp/devtmpfs/vda", O_RDONLY | O_CLOEXEC) >= 0 ||
	    open("/tmp/devtmpfs/mem", O_RDONLY | O_CLOEXEC) >= 0)
		got("opened a disk or the memory in a devtmpfs");
	umount2("/tmp/devtmpfs", MNT_DETACH);
}

/* Settings of the whole kernel. */
static void write_kernel_settings(void)
{
	static const char *const paths[] = {
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe",
		"/proc/sys/kernel/panic",
		"/proc/sys/kernel/sysrq",
		"/proc/sys/kernel/hotplug",
		"/proc/sys/kernel/randomize_va_space",
		"/proc/sys/vm/overcommit_memory",
		"/proc/sys/vm/drop_caches",
		"/proc/sys/fs/binfmt_misc/register",
		"/proc/sysrq-trigger",
		"/proc/irq/default_smp_affinity",
		"/sys/kernel/uevent_helper",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/power/state",
		"/sys/module/printk/parameters/time",
		"/sys/block/vda/queue/scheduler",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (is_writable(paths[i]))
			got("%s can be written", paths[i]);
	}
}

static void read_kernel_secrets(void)
{
	static const char *const paths[] = {"/proc/kcore", "/proc/kmsg", "/dev/mem",
					    "/dev/kmsg",   "/dev/vda",   "/sys/kernel/debug/x",
					    "/dev/kvm"};
	char byte;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		/* A cover opens, and is empty. */
		if (fd >= 0 && read(fd, &byte, 1) > 0)
			got("%s can be read", paths[i]);
		if (fd >= 0)
			close(fd);
	}
}

/* Walks a directory; FUNCTION gets each path. */
static void walk(const char *path, int depth, void (*function)(const char *path))
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char child[4096];

	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR && depth > 0)
			walk(child, depth - 1, function);
		else if (entry->d_type == DT_REG)
			function(child);
	}
	if (directory)
		closedir(directory);
}

static void check_sys_file(const char *path)
{
	/* Its own cgroups, network interfaces and the like are its own business. */
	if (strstr(path, "/fs/cgroup/") || strstr(path, "/net/"))
		return;
	if (access(path, W_OK) == 0 && is_writable(path))
		got("%s can be written", path);
}

static void write_sys(void)
{
	walk("/sys", 6, check_sys_file);
}

static void check_own_fds(const char *path)
{
	char target[4096];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	int number = atoi(strrchr(path, '/') + 1);

	if (length < 0 || number <= 2)
		return;
	target[length] = '\0';
	got("descriptor %d is open: %s", number, target);
}

static void inherit_descriptors(void)
{
	char path[64];

	for (int i = 3; i < 1024; i++) {
		if (fcntl(i, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		check_own_fds(path);
	}
}

/* PID 1 must be of the tree, and floe's own program out of reach through it (CVE-2019-5736). */
static void overwrite_runtime(void)
{
	char target[4096] = "";
	ssize_t length = readlink("/proc/1/exe", target, sizeof(target) - 1);
	int fd;

	if (length > 0 && (strstr(target, "/floe") || strstr(target, "build")))
		got("/proc/1/exe is %s", target);
	fd = open("/proc/1/exe", O_RDWR | O_CLOEXEC);
	/* A program of the tree is busy; that of the stub is sealed. */
	if (fd >= 0 && write(fd, "x", 1) == 1)
		got("the program of PID 1 can be written: %s", target);
	if (fd >= 0)
		close(fd);
	fd = open("/proc/1/exe", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pwrite(fd, "x", 1, 0) == 1)
		got("the program of PID 1 can be written");
	if (fd >= 0)
		close(fd);
}

static bool contains(const char *memory, size_t size, const char *text)
{
	return memmem(memory, size, text, strlen(text)) != NULL;
}

/* What PID 1 maps must have nothing of floe's in it: its library, its heap, host paths. */
static void read_memory_of_pid_1(void)
{
	static char maps[1 << 20];
	int fd = open("/proc/1/maps", O_RDONLY | O_CLOEXEC);
	ssize_t length, size = 0;

	while (fd >= 0 && (length = read(fd, maps + size, sizeof(maps) - 1 - (size_t)size)) > 0)
		size += length;
	if (contains(maps, (size_t)size, "libfloe") || contains(maps, (size_t)size, "/build/"))
		got("PID 1 maps floe's own files");
	if (ptrace(PTRACE_ATTACH, 1, 0, 0) == 0 && getpid() != 1) {
		waitpid(1, NULL, __WALL);
		ptrace(PTRACE_DETACH, 1, 0, 0);
	}
}

/* Every process that is visible must be one of ours: same pid namespace, same root. */
static void see_host_processes(void)
{
	char path[300], own[64] = "", other[64] = "";
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (readlink("/proc/self/ns/pid", own, sizeof(own) - 1) < 0)
		got("no /proc");
	while (proc && (entry = readdir(proc))) {
		if (atoi(entry->d_name) == 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/pid", entry->d_name);
		memset(other, 0, sizeof(other));
		if (readlink(path, other, sizeof(other) - 1) > 0 && strcmp(own, other) != 0)
			got("process %s of another namespace is visible", entry->d_name);
	}
	if (proc)
		closedir(proc);
}

/* NAMESPACE=NUMBER pairs of the host in the environment; none may be joined. */
static void join_host_namespaces(void)
{
	static const char *const kinds[] = {"mnt", "pid", "uts", "ipc", "cgroup", "user"};
	char path[64], link[64];
	const char *host = getenv("HOST_NAMESPACES");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (pid_t pid = 1; pid < 4096; pid++) {
			snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i]);
			memset(link, 0, sizeof(link));
			if (readlink(path, link, sizeof(link) - 1) < 0)
				continue;
			if (host && strstr(host, link))
				got("%s is the host's", path);
		}
	}
}

/* Parents of our namespaces (ioctl_ns(2)): NS_GET_USERNS and NS_GET_PARENT. */
static void climb_namespaces(void)
{
	static const char *const paths[] = {"/proc/self/ns/user", "/proc/self/ns/pid"};

	for (size_t i = 0; i < 2; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		int parent = (int)syscall(SYS_ioctl, fd, 0xb702, 0);

		if (parent >= 0)
			got("the parent of %s can be opened", paths[i]);
	}
}

static void expect_errno(long number, int wanted, const char *what)
{
	errno = 0;
	if (syscall(number, -1, 0, 0, 0, 0, 0) >= 0 || errno != wanted)
		got("%s gives %s", what, errno ? strerrorname_np(errno) : "success");
}

static void call_denied(void)
{
	expect_errno(SYS_keyctl, EPERM, "keyctl");
	expect_errno(SYS_add_key, EPERM, "add_key");
	expect_errno(SYS_bpf, EPERM, "bpf");
	expect_errno(SYS_kexec_load, EPERM, "kexec_load");
	expect_errno(SYS_kexec_file_load, EPERM, "kexec_file_load");
	expect_errno(SYS_init_module, EPERM, "init_module");
	expect_errno(SYS_finit_module, EPERM, "finit_module");
	expect_errno(SYS_open_by_handle_at, EPERM, "open_by_handle_at");
	expect_errno(SYS_perf_event_open, EPERM, "perf_event_open");
	expect_errno(SYS_swapon, EPERM, "swapon");
	expect_errno(SYS_iopl, EPERM, "iopl");
	expect_errno(SYS_clock_settime, EPERM, "clock_settime");
	expect_errno(SYS_syslog, EPERM, "syslog");
	expect_errno(9999, ENOSYS, "an unknown call");
}

/* The x32 and i386 entries have filters as well. */
static void call_denied_elsewhere(void)
{
	errno = 0;
	if (syscall(0x40000000 | SYS_keyctl, 0, 0, 0) >= 0 || (errno != EPERM && errno != ENOSYS))
		got("keyctl by its x32 number gives %s", strerrorname_np(errno) ?: "success");
}

/* Linux capabilities that are not in the set of the machine: MODULE, RAWIO, TIME, SYSLOG, BPF... */
static void hold_capabilities(void)
{
	static const int denied[] = {14, 16, 17, 20, 25, 32, 33, 34, 35, 36, 37, 38, 39, 40};
	unsigned long long bounding = 0, effective = 0;
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "CapBnd: %llx", &bounding);
		sscanf(line, "CapEff: %llx", &effective);
	}
	if (status)
		fclose(status);
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if ((bounding | effective) >> denied[i] & 1)
			got("capability %d is held", denied[i]);
	}
	if (effective & ~bounding)
		got("capabilities beyond the bounding set are held");
}

static void set_clock(void)
{
	struct timespec now = {.tv_sec = 1};

	if (clock_settime(CLOCK_REALTIME, &now) == 0)
		got("the clock can be set");
}

/* The socket to the monitor, and what was staged for us, must be out of the mount table. */
static void see_staging(void)
{
	char line[4096];
	FILE *mounts = fopen("/proc/self/mountinfo", "re");

	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (strstr(line, " /run/floe") || strstr(line, "nspawn-uid"))
			got("a mount of floe's own is visible: %s", line);
	}
	if (mounts)
		fclose(mounts);
	if (access("/run/floe", F_OK) == 0)
		got("/run/floe is visible");
}

static void raise_limits_of_cgroup(void)
{
	char path[] = "/sys/fs/cgroup/../pids.max";

	if (is_writable("/sys/fs/cgroup/pids.max") || is_writable("/sys/fs/cgroup/memory.max"))
		got("its own limits can be raised");
	if (is_writable(path))
		got("%s can be written", path);
}

static const struct {
	const char *name;
	void (*run)(void);
} attempts[] = {
	{"remount-shared-bind", remount_shared_bind},
	{"copy-shared-bind", copy_shared_bind},
	{"uncover-root", uncover_root},
	{"climb-out", climb_out},
	{"open-devices", open_devices},
	{"bind-devices", bind_devices},
	{"write-kernel-settings", write_kernel_settings},
	{"read-kernel-secrets", read_kernel_secrets},
	{"write-sys", write_sys},
	{"inherit-descriptors", inherit_descriptors},
	{"overwrite-runtime", overwrite_runtime},
	{"read-memory-of-pid-1", read_memory_of_pid_1},
	{"see-host-processes", see_host_processes},
	{"join-host-namespaces", join_host_namespaces},
	{"climb-namespaces", climb_namespaces},
	{"call-denied", call_denied},
	{"call-denied-elsewhere", call_denied_elsewhere},
	{"hold-capabilities", hold_capabilities},
	{"set-clock", set_clock},
	{"see-staging", see_staging},
	{"raise-limits-of-cgroup", raise_limits_of_cgroup},
};

static bool is_left_out(const char *name, char *const names[])
{
	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

/* Each in a process of its own: some change the root, or end badly. */
static void run_attempt(size_t index)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* What it does to mounts is not to spoil the next one. */
		if (unshare(CLONE_NEWNS) < 0 && errno != EPERM)
			got("cannot have a mount namespace: %s", strerror(errno));
		attempts[index].run();
		if (broken[0])
			printf("BROKEN %s: %s\n", attempts[index].name, broken);
		else
			printf("held %s\n", attempts[index].name);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		printf("BROKEN %s: ended with status %#x\n", attempts[index].name,
		       (unsigned)status);
}

int main(int count, char *words[])
{
	(void)count;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (!is_left_out(attempts[i].name, words + 1))
			run_attempt(i);
	}
	puts("probed");
	return 0;
}
