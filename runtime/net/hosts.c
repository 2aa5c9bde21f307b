/* SPDX-License-Identifier: MIT */
/* The block of machines in the host's /etc/hosts. */
#include "hosts.h"

#include "../base/cleanup.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BEGIN_LINE "# machines of floe: kept by it, do not edit\n"
/* The same behind a last line without an end, which was given one. */
#define BEGIN_OPEN  "# machines of floe: kept by it, do not edit; the line above had no end\n"
#define END_LINE    "# end of the machines of floe\n"
#define HOSTS_LIMIT ((size_t)16 << 20)

static const char *hosts_file = "/etc/hosts";

void hosts_file_use(const char *path)
{
	hosts_file = path;
}

static const char *member_lines(struct arena *arena, const struct net_member *member)
{
	const char *name = member->machine, *lines = "";
	const char *own = member->hosts_entry ? arena_printf(arena, " %s %s.floe", name, name) : "";
	/* nixos-containers.nix, networking.extraHosts */
	const char *nixos =
		member->containers_entry ? arena_printf(arena, " %s.containers", name) : "";

	for (size_t i = 0; i < ARRAY_SIZE(member->address); i++) {
		char text[IP_TEXT_SIZE];

		if (member->address[i].family)
			lines = arena_printf(arena, "%s%s%s%s\n", lines,
					     ip_format(&member->address[i], text), own, nixos);
	}
	return lines;
}

/* What stands between the lines that begin and end the block. */
static const char *all_lines(struct arena *arena, const struct net_table *table)
{
	const char *lines = "";

	for (size_t i = 0; i < table->count; i++)
		if (member_in_hosts(&table->members[i]))
			lines = arena_printf(arena, "%s%s", lines,
					     member_lines(arena, &table->members[i]));
	return lines;
}

/* WORDS at the beginning of a line of TEXT, or NULL. */
static const char *find_line(const char *text, const char *words)
{
	for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
		if (at == text || at[-1] == '\n')
			return at;
	return NULL;
}

/* TEXT without its block: what is before it, of *LENGTH bytes, and what is behind. A block whose end
 * somebody cut off ends with the file. */
static const char *split(const char *text, size_t *length)
{
	const char *open = find_line(text, BEGIN_OPEN);
	const char *begin = open ? open : find_line(text, BEGIN_LINE);
	const char *end = begin ? find_line(begin, END_LINE) : NULL;

	*length = begin ? (size_t)(begin - text) : strlen(text);
	if (open && open > text)
		--*length;
	return end ? end + strlen(END_LINE) : "";
}

const char *hosts_replace(struct arena *arena, const char *text, const struct net_table *table)
{
	const char *lines = all_lines(arena, table);
	size_t length;
	const char *rest = split(text, &length);
	bool open = length > 0 && text[length - 1] != '\n';

	if (!*lines)
		return arena_printf(arena, "%.*s%s%s", (int)length, text, open && *rest ? "\n" : "",
				    rest);
	return arena_printf(arena, "%.*s%s%s%s%s%s", (int)length, text, open ? "\n" : "",
			    open ? BEGIN_OPEN : BEGIN_LINE, lines, END_LINE, rest);
}

/* Beside it and renamed, with owner and mode as they were. A file that is a mount of its own, as in
 * containers, can only be written over. */
static int replace_file(const char *text, const struct stat *old)
{
	char path[512];
	CLEANUP_FD int fd = -1;
	int r;

	snprintf(path, sizeof(path), "%s.floe", hosts_file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && (fchown(fd, old->st_uid, old->st_gid) < 0 ||
		       fchmod(fd, old->st_mode & 07777) < 0 || rename(path, hosts_file) < 0))
		r = -errno;
	if (r < 0)
		unlink(path);
	return r;
}

static int write_over(const char *text)
{
	CLEANUP_FD int fd = open(hosts_file, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

static int write_hosts(const char *text)
{
	struct stat old;
	int r;

	if (lstat(hosts_file, &old) < 0)
		return -errno;
	/* Others make it: NixOS, for one, as a link into its store. */
	if (!S_ISREG(old.st_mode))
		return -ELOOP;
	r = replace_file(text, &old);
	return r == -EBUSY || r == -EXDEV ? write_over(text) : r;
}

static int fail(int r, struct floe_error *error)
{
	err_errno(error, -r, "cannot write the machines' names to %s", hosts_file);
	if (r == -ELOOP || r == -EROFS)
		err_hint(error, "it is made by something else on this host: leave --hosts-entry "
				"out");
	return r;
}

static bool has_entries(const struct net_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (member_in_hosts(&table->members[i]))
			return true;
	return false;
}

int hosts_update(const struct net_table *table, struct floe_error *error)
{
	CLEANUP_FREE char *text = NULL;
	struct arena arena = {0};
	const char *wanted;
	size_t size;
	int r = file_read_all(hosts_file, HOSTS_LIMIT, &text, &size);

	if (r == -ENOENT && !has_entries(table))
		return 0;
	if (r < 0)
		return fail(r, error);
	wanted = hosts_replace(&arena, text, table);
	if (arena_failed(&arena))
		r = -ENOMEM;
	else if (strcmp(wanted, text) != 0)
		r = write_hosts(wanted);
	arena_free(&arena);
	return r < 0 ? fail(r, error) : 0;
}
