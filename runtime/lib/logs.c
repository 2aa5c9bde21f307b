/* SPDX-License-Identifier: MIT */
/* What a machine in the background put out on its console, and goes on putting out. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../monitor/log.h"
#include "../monitor/sigpipe.h"
#include "../sys/path.h"
#include "internal.h"
#include "options.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define CHUNK 65536

struct reading {
	const char *name;
	const struct floe_logs_options *options;
	char path[LOG_PATH_SIZE];
	int file; /* being read, -1: there is none */
};

/* -ENOENT: there is none. */
static int open_log(const char *path)
{
	struct stat status;
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return -EBADF;
	return take_fd(&fd);
}

/* Copies what is left of the file. */
static int copy_rest(const struct reading *reading, int fd)
{
	char data[CHUNK];
	ssize_t length;
	int r = 0;

	while (r == 0 && (length = read(fd, data, sizeof(data))) != 0) {
		if (length < 0)
			return errno == EINTR ? 0 : -errno;
		r = fd_write_all(reading->options->output, data, (size_t)length);
	}
	return r;
}

/* ---- the last lines ---- */

/* Moves FD to where its last *LINES lines begin; takes off *LINES how many there are. The end of
 * the last line does not begin another. */
static int seek_lines(int fd, uint64_t *lines)
{
	off_t at = lseek(fd, 0, SEEK_END), end = at;
	uint64_t found = 0;
	char data[CHUNK];

	while (at > 0 && found <= *lines) {
		off_t begin = at > CHUNK ? at - CHUNK : 0;
		ssize_t length = pread(fd, data, (size_t)(at - begin), begin);

		if (length <= 0)
			return length < 0 ? -errno : -ESTALE;
		for (at = begin + length; at > begin; at--) {
			if (data[at - begin - 1] != '\n' || at == end)
				continue;
			if (++found == *lines) {
				*lines = 0;
				return lseek(fd, at, SEEK_SET) < 0 ? -errno : 0;
			}
		}
	}
	*lines -= end > 0 ? found + 1 : 0;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* The older file, of which only what the newer one lacks is wanted. */
static int show_older(const struct reading *reading, uint64_t lines)
{
	char path[LOG_PATH_SIZE + 2];
	CLEANUP_FD int fd = -1;
	int r;

	snprintf(path, sizeof(path), "%s.1", reading->path);
	fd = open_log(path);
	if (fd == -ENOENT || lines == 0)
		return 0;
	r = fd < 0 || lines == UINT64_MAX ? fd : seek_lines(fd, &lines);
	return r < 0 ? r : copy_rest(reading, fd);
}

static int show_last(const struct reading *reading)
{
	uint64_t lines = reading->options->all ? UINT64_MAX : reading->options->lines;
	int r = 0;

	if (reading->file >= 0 && lines != UINT64_MAX)
		r = lines == 0 ? (lseek(reading->file, 0, SEEK_END) < 0 ? -errno : 0)
			       : seek_lines(reading->file, &lines);
	if (r == 0)
		r = show_older(reading, lines);
	return r < 0 || reading->file < 0 ? r : copy_rest(reading, reading->file);
}

/* ---- what follows ---- */

/* The monitor renames a file that became too long, and begins another. */
static bool is_replaced(const struct reading *reading)
{
	struct stat here, there;

	return fstat(reading->file, &here) == 0 && stat(reading->path, &there) == 0 &&
	       (here.st_ino != there.st_ino || here.st_dev != there.st_dev);
}

static int take_news(struct reading *reading, int inotify)
{
	char events[4096];
	int r;

	while (read(inotify, events, sizeof(events)) > 0)
		;
	r = copy_rest(reading, reading->file);
	while (r == 0 && is_replaced(reading)) {
		r = copy_rest(reading, reading->file);
		cleanup_fd(&reading->file);
		reading->file = open_log(reading->path);
		if (reading->file < 0)
			return reading->file;
		if (inotify_add_watch(inotify, reading->path, IN_MODIFY) < 0)
			return -errno;
		if (r == 0)
			r = copy_rest(reading, reading->file);
	}
	return r;
}

static int open_inotify(const struct reading *reading)
{
	CLEANUP_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, reading->path, IN_MODIFY | IN_MOVE_SELF) < 0 ||
	    inotify_add_watch(fd, LOG_DIRECTORY, IN_CREATE) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Until the monitor is gone, over reboots. */
static int follow(struct reading *reading)
{
	CLEANUP_FD int inotify = open_inotify(reading);
	struct target target;
	struct pollfd polls[2];
	int r = inotify < 0 ? inotify : 0;

	if (r == 0 && target_find(&target, reading->name, NULL) == 1) {
		polls[0] = (struct pollfd){.fd = inotify, .events = POLLIN};
		polls[1] = (struct pollfd){.fd = target.monitor, .events = POLLIN};
		do {
			/* Whoever reads less sees that there is nobody to write for. */
			r = take_news(reading, inotify);
			if (r == 0 && poll(polls, 2, -1) < 0 && errno != EINTR)
				r = -errno;
		} while (r == 0 && !polls[1].revents);
	}
	target_close(&target);
	return r < 0 ? r : take_news(reading, inotify);
}

static int show(struct reading *reading, struct floe_error *error)
{
	struct sigpipe_guard guard;
	int r;

	reading->file = open_log(reading->path);
	if (reading->file == -ENOENT) {
		err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"there is no console log of a machine %s (%s)", reading->name,
			reading->path);
		return err_hint(error, "those that \"floe start\" started have one");
	}
	if (reading->file < 0)
		return err_errno(error, -reading->file, "cannot open %s", reading->path);
	sigpipe_block(&guard);
	r = show_last(reading);
	if (r == 0 && reading->options->follow)
		r = follow(reading);
	sigpipe_restore(&guard);
	cleanup_fd(&reading->file);
	/* A reader that has seen enough is no failure. */
	return r < 0 && r != -EPIPE ? err_errno(error, -r, "cannot show %s", reading->path) : 0;
}

int floe_logs(const char *name, const struct floe_logs_options *given, struct floe_error *error)
{
	struct floe_logs_options options = {.output = -1};
	struct reading reading = {.name = name, .options = &options, .file = -1};
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	if (!machine_name_valid(name))
		return err_usage(error, "\"%.100s\" is no valid machine name", name);
	snprintf(reading.path, sizeof(reading.path), "%s/%s.log", LOG_DIRECTORY, name);
	return show(&reading, error);
}
