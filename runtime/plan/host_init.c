/* SPDX-License-Identifier: MIT */
/* What in the tree can be booted: which names are looked at, in which order, what is found. */
#include "host_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../sys/path.h"

#define PREPARE_ROOT "/nix/var/nix/profiles/system/prepare-root"

/* In a NixOS tree systemd alone would leave out stage 2, so its own paths come last there. */
static const char *const nix_inits[] = {
	"/sbin/init",
	PREPARE_ROOT,
	"/nix/var/nix/profiles/system/init",
	"/init",
	"/usr/lib/systemd/systemd",
	"/lib/systemd/systemd",
};

static const char *const other_inits[] = {
	"/usr/lib/systemd/systemd",
	"/lib/systemd/systemd",
	"/sbin/init",
	"/init",
};

/* Where names are resolved: the tree, and the host's store where that is what /nix/store shows. */
struct view {
	struct arena *arena;
	int root;
	bool host_store;
};

/* The first link on the way along NAME, from its end on: NAME becomes what follows from it. */
static bool follow_link(int root, char name[static PATH_MAX])
{
	char link[PATH_MAX], rest[PATH_MAX] = "", *slash;
	size_t length;

	while (path_readlink_in(root, name, link, sizeof(link)) < 0) {
		slash = strrchr(name, '/');
		if (!slash || slash == name) {
			strcat(name, rest);
			return false;
		}
		/* What comes after the link is kept: "/profile/init" with "/profile" a link. */
		length = strlen(slash);
		memmove(rest + length, rest, strlen(rest) + 1);
		memcpy(rest, slash, length);
		*slash = '\0';
	}
	slash = strrchr(name, '/');
	length = link[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - name);
	if (length + strlen(link) + strlen(rest) >= PATH_MAX)
		return false;
	strcpy(name + length, link);
	strcat(name, rest);
	return true;
}

bool host_link_end(int root, const char *path, char link[static PATH_MAX])
{
	bool found = false;

	if (strlen(path) >= PATH_MAX)
		return false;
	strcpy(link, path);
	/* Bounded as the kernel bounds it (path_resolution(7)). */
	for (int i = 0; i < 40 && follow_link(root, link); i++)
		found = true;
	return found;
}

static bool in_store(const char *path)
{
	return strncmp(path, "/nix/store/", 11) == 0;
}

/* Opens PATH as the machine will see it. LINK becomes the end of its links when it has any. */
static int open_viewed(const struct view *view, const char *path, char link[static PATH_MAX])
{
	int fd = path_open_in(view->root, path, O_PATH, 0);

	link[0] = '\0';
	if (fd != -ENOENT)
		return fd;
	if (!host_link_end(view->root, path, link))
		strcpy(link, in_store(path) && strlen(path) < PATH_MAX ? path : "");
	if (!view->host_store || !in_store(link))
		return -ENOENT;
	fd = open(link, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The start of the file behind an O_PATH descriptor; a string. */
static bool read_start(int fd, char *text, size_t size)
{
	char path[32];
	ssize_t length;
	CLEANUP_FD int file = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	length = file < 0 ? -1 : read(file, text, size - 1);
	text[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

/* execve(2) tells ENOENT for a script whose interpreter is missing, as if the script were. */
static void judge_script(const struct view *view, struct host_init *init, char *start)
{
	char *name = start + 2 + strspn(start + 2, " \t");
	char link[PATH_MAX];
	CLEANUP_FD int fd = -1;

	name[strcspn(name, " \t\n")] = '\0';
	fd = open_viewed(view, name, link);
	init->usable = fd >= 0;
	init->why = arena_printf(view->arena,
				 fd >= 0 ? "a script for %s"
					 : "a script for %s, which does not exist in the tree",
				 name);
}

static void judge_file(const struct view *view, struct host_init *init, int fd)
{
	char start[256];

	if (!read_start(fd, start, sizeof(start)))
		init->why = "cannot be read";
	else if (strncmp(start, "#!", 2) == 0)
		judge_script(view, init, start);
	else if (strncmp(start, "\177ELF", 4) == 0)
		init->usable = true, init->why = "a program";
	else
		init->why = "neither a program nor a script";
}

static const char *explain_missing(const struct view *view, const char *link, int errnum)
{
	char text[128];

	if (errnum == ENOENT && *link)
		return arena_printf(view->arena, "link to %s, which does not exist in the tree%s",
				    link, view->host_store ? " or the host's store" : "");
	if (errnum == ENOENT)
		return "does not exist";
	return arena_strdup(view->arena, strerror_r(errnum, text, sizeof(text)));
}

static void judge_init(const struct view *view, struct host_init *init)
{
	char link[PATH_MAX];
	struct stat status;
	CLEANUP_FD int fd = open_viewed(view, init->path, link);

	if (fd < 0)
		init->why = explain_missing(view, link, -fd);
	else if (fstat(fd, &status) < 0)
		init->why = explain_missing(view, "", errno);
	else if (!S_ISREG(status.st_mode))
		init->why = S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file";
	else if (!(status.st_mode & 0111))
		init->why = "is not executable";
	else
		judge_file(view, init, fd);
}

/*
 * With an initrd made of systemd, NixOS has prepare-root as its stage 2, and init is a copy of
 * systemd that expects a prepared root: then the script goes before that program.
 */
static void prefer_prepare_root(struct host_init *inits, size_t count)
{
	struct host_init first = inits[0];

	if (count < 2 || strcmp(inits[1].path, PREPARE_ROOT) != 0 || !inits[1].usable ||
	    !first.usable || strncmp(first.why, "a script", 8) == 0)
		return;
	inits[0] = inits[1];
	inits[1] = first;
}

int host_inits(struct host *host, const struct spec *spec, int root)
{
	struct host_tree *tree = &host->tree;
	const struct view view = {&host->arena, root, spec->store != SPEC_STORE_PRIVATE};
	bool nix = tree->has_nix_store || view.host_store;
	const char *const *names = nix ? nix_inits : other_inits;
	size_t count = nix ? ARRAY_SIZE(nix_inits) : ARRAY_SIZE(other_inits);

	if (spec->start != SPEC_START_BOOT || spec->system)
		return 0;
	tree->inits = arena_alloc(&host->arena, count * sizeof(*tree->inits));
	for (size_t i = 0; tree->inits && i < count; i++) {
		tree->inits[i].path = names[i];
		judge_init(&view, &tree->inits[i]);
	}
	tree->init_count = tree->inits ? count : 0;
	if (tree->inits && nix)
		prefer_prepare_root(tree->inits, count);
	return 0;
}
