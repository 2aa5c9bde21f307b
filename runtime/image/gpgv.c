/* SPDX-License-Identifier: MIT */
/* Who signed what was fetched: asking gpgv(1). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "pull.h"

/* importctl(1) has the latter two. */
static const char *const keyrings[] = {"/etc/floe/import-pubring.gpg",
				       "/etc/systemd/import-pubring.gpg",
				       "/usr/lib/systemd/import-pubring.gpg"};

/* A caller's PATH does not decide who checks signatures. */
static const char *const programs[] = {"/usr/bin/gpgv", "/bin/gpgv", "/usr/local/bin/gpgv",
				       "/run/current-system/sw/bin/gpgv"};

#define DESCRIPTOR_PATH 32
#define OUTPUT_MAX      1024

struct gpgv {
	const char *program, *keyring;
	int data, signature; /* in memory, inherited */
	char data_path[DESCRIPTOR_PATH], signature_path[DESCRIPTOR_PATH];
	int output[2]; /* a pipe for what it says */
};

static const char *first_readable(const char *const *paths, size_t count, int mode)
{
	for (size_t i = 0; i < count; i++)
		if (access(paths[i], mode) == 0)
			return paths[i];
	return NULL;
}

static int choose(struct gpgv *gpgv, const char *keyring, struct floe_error *error)
{
	gpgv->program = first_readable(programs, ARRAY_SIZE(programs), X_OK);
	gpgv->keyring = keyring ?: first_readable(keyrings, ARRAY_SIZE(keyrings), R_OK);
	if (!gpgv->program) {
		err_set(error, FLOE_ERROR_UNSUPPORTED, ENOENT,
			"cannot verify signatures: there is no gpgv");
		err_hint(error, "install it (Debian: gpgv), or use --verify=checksum");
		return -ENOENT;
	}
	if (!gpgv->keyring) {
		err_set(error, FLOE_ERROR_UNSUPPORTED, ENOENT,
			"cannot verify signatures: there is no keyring");
		err_hint(error, "put trusted keys into %s or use --keyring", keyrings[0]);
		return -ENOENT;
	}
	if (access(gpgv->keyring, R_OK) < 0)
		return err_errno(error, errno, "cannot read the keyring %s", gpgv->keyring);
	return 0;
}

static int put_in_memory(const struct pull_bytes *bytes, char path[static DESCRIPTOR_PATH])
{
	CLEANUP_FD int fd = memfd_create("floe-pull", MFD_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = fd_write_all(fd, bytes->data, bytes->size);
	if (result < 0)
		return result;
	snprintf(path, DESCRIPTOR_PATH, "/proc/self/fd/%d", fd);
	return take_fd(&fd);
}

/* In the child. */
static void run_child(const struct gpgv *gpgv)
{
	char *const arguments[] = {(char[]){"gpgv"},
				   (char[]){"--keyring"},
				   (char *)gpgv->keyring,
				   (char[]){"--"},
				   (char *)gpgv->signature_path,
				   (char *)gpgv->data_path,
				   NULL};
	char *const environment[] = {(char[]){"LC_ALL=C"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};
	const int kept[] = {gpgv->data, gpgv->signature};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	process_reset_signals();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(gpgv->output[1], STDOUT_FILENO) < 0 ||
	    dup2(gpgv->output[1], STDERR_FILENO) < 0)
		_exit(126);
	process_close_others(STDERR_FILENO + 1, kept, ARRAY_SIZE(kept));
	if (fcntl(gpgv->data, F_SETFD, 0) < 0 || fcntl(gpgv->signature, F_SETFD, 0) < 0)
		_exit(126);
	execve(gpgv->program, arguments, environment);
	_exit(127);
}

/* What it says in OUTPUT, without line breaks; the rest is read and dropped. */
static void read_output(int fd, char output[static OUTPUT_MAX])
{
	char rest[256];
	size_t used = 0;
	ssize_t got = 1;

	while (got > 0) {
		got = used < OUTPUT_MAX - 1 ? read(fd, output + used, OUTPUT_MAX - 1 - used)
					    : read(fd, rest, sizeof(rest));
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0 && used < OUTPUT_MAX - 1)
			used += (size_t)got;
	}
	while (used && output[used - 1] == '\n')
		used--;
	output[used] = '\0';
	for (char *c = output; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

/* The exit status of gpgv, or a negative errno. */
static int run(struct gpgv *gpgv, char output[static OUTPUT_MAX])
{
	CLEANUP_FD int pidfd = -1;
	int status, result;
	pid_t pid;

	if (pipe2(gpgv->output, O_CLOEXEC) < 0)
		return -errno;
	pid = process_clone(0, &pidfd);
	if (pid == 0)
		run_child(gpgv);
	close(gpgv->output[1]);
	if (pid > 0)
		read_output(gpgv->output[0], output);
	close(gpgv->output[0]);
	if (pid < 0)
		return (int)pid;
	result = process_wait(pidfd, &status);
	if (result < 0)
		return result;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int pull_verify(const struct pull_bytes *data, const struct pull_bytes *signature,
		const char *keyring, const char *name, struct floe_error *error)
{
	struct gpgv gpgv = {.data = -1, .signature = -1};
	char output[OUTPUT_MAX] = "";
	int result = choose(&gpgv, keyring, error);

	if (result < 0)
		return result;
	gpgv.data = put_in_memory(data, gpgv.data_path);
	gpgv.signature = put_in_memory(signature, gpgv.signature_path);
	result = gpgv.data < 0        ? gpgv.data
		 : gpgv.signature < 0 ? gpgv.signature
				      : run(&gpgv, output);
	cleanup_fd(&gpgv.data);
	cleanup_fd(&gpgv.signature);
	if (result < 0)
		return err_errno(error, -result, "cannot run %s", gpgv.program);
	if (result == 0)
		return 0;
	err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
		"the signature of %s is not by a key of %s: %.400s", name, gpgv.keyring, output);
	return -EBADMSG;
}
