/* SPDX-License-Identifier: MIT */
/* Settings of the host's network that machines share: "PATH OLD NEW" lines. */
#include "sysctl.h"

#include "../base/cleanup.h"
#include "../sys/path.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define RECORD       "sysctls"
#define RECORD_LIMIT ((size_t)1 << 20)
#define VALUE_SIZE   16
#define LINE_FORMAT  "%255s %15s %15s"

static void record_path(char path[static 512])
{
	snprintf(path, 512, "%s/" RECORD, net_directory());
}

static int read_value(const char *path, char value[static VALUE_SIZE])
{
	ssize_t size = file_read(path, value, VALUE_SIZE);

	if (size < 0)
		return (int)size;
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static bool is_recorded(const char *path, const char *text)
{
	size_t length = strlen(path);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, path, length) == 0 && line[length] == ' ')
			return true;
		if (!*line)
			break;
	}
	return false;
}

static int add_line(const char *record, const char *path, const char *before, const char *value)
{
	CLEANUP_FD int fd =
		open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	char line[512];
	int length = snprintf(line, sizeof(line), "%s %s %s\n", path, before, value);

	return fd < 0 ? -errno : fd_write_all(fd, line, (size_t)length);
}

int sysctl_share(const char *path, const char *value, struct floe_error *error)
{
	CLEANUP_FREE char *text = NULL;
	char record[512], before[VALUE_SIZE];
	size_t size;
	int r = read_value(path, before);

	if (r < 0)
		return err_errno(error, -r, "cannot read %s", path);
	if (strcmp(before, value) == 0)
		return 0;
	record_path(record);
	r = file_read_all(record, RECORD_LIMIT, &text, &size);
	if (r == -ENOENT || (r == 0 && !is_recorded(path, text)))
		r = add_line(record, path, before, value);
	if (r < 0)
		return err_errno(error, -r, "cannot write down what %s was", path);
	r = file_write(path, value);
	return r < 0 ? err_errno(error, -r, "cannot write %s to %s", value, path) : 0;
}

/*
 * Whoever turned forwarding on for all IPv4 links in the meantime relies on it: that setting went to
 * each link, where ours was before (devinet_sysctl_forward(), inet_forward_change()).
 */
static bool is_wanted_by_others(const char *path)
{
	static const char all[] = "/proc/sys/net/ipv4/conf/all/forwarding";
	char value[VALUE_SIZE];

	return strncmp(path, "/proc/sys/net/ipv4/conf/", 24) == 0 && strcmp(path, all) != 0 &&
	       read_value(all, value) == 0 && strcmp(value, "1") == 0;
}

static int restore_line(const char *line, struct floe_error *error)
{
	char path[256], before[VALUE_SIZE], value[VALUE_SIZE], now[VALUE_SIZE];
	int r;

	if (sscanf(line, LINE_FORMAT, path, before, value) != 3)
		return err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
			       "the record of changed network settings is damaged: \"%s\"", line);
	/* The link may be gone, and somebody else may have set it. */
	if (read_value(path, now) < 0 || strcmp(now, value) != 0 || is_wanted_by_others(path))
		return 0;
	r = file_write(path, before);
	return r < 0 && r != -ENOENT
		       ? err_errno(error, -r, "cannot put %s back to %s", path, before)
		       : 0;
}

/* The last one first, as with all that is undone. */
static int restore_lines(char *text, struct floe_error *error)
{
	int first = 0;

	for (char *end = strrchr(text, '\n'); end; end = strrchr(text, '\n')) {
		const char *line;
		int r;

		*end = '\0';
		line = strrchr(text, '\n');
		r = restore_line(line ? line + 1 : text, error);
		first = first < 0 ? first : r;
	}
	return first;
}

int sysctl_restore(struct floe_error *error)
{
	CLEANUP_FREE char *text = NULL;
	char record[512];
	size_t size;
	int r;

	record_path(record);
	r = file_read_all(record, RECORD_LIMIT, &text, &size);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_errno(error, -r, "cannot read %s", record);
	r = restore_lines(text, error);
	if (r == 0 && unlink(record) < 0)
		r = err_errno(error, errno, "cannot remove %s", record);
	return r;
}
