/* SPDX-License-Identifier: MIT */
/* Hard links: to what is there, or later to what comes later. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/err.h"
#include "extract.h"
#include "name.h"

/* A link to a link to a link that all come before their targets takes a pass each; no tar program
 * makes longer chains. */
#define LATE_PASSES 8

static bool same_file(int dirfd, const char *leaf, int target_dirfd, const char *target_leaf)
{
	struct stat a, b;

	return fstatat(dirfd, leaf, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(target_dirfd, target_leaf, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Links LEAF to TARGET (clean). -ENOENT without a message when the target is not there. */
static int link_now(struct extract *extract, int dirfd, const char *leaf, const char *target)
{
	char shown[NAME_SHOWN], shown_target[NAME_SHOWN];
	const char *target_leaf;
	int target_dirfd, result = 0;

	target_dirfd =
		walk_parent(&extract->targets, target, &target_leaf, NULL, NULL, extract->error);
	if (target_dirfd < 0)
		return target_dirfd;
	if (linkat(target_dirfd, target_leaf, dirfd, leaf, 0) < 0)
		result = -errno;
	if (result == -EEXIST && same_file(dirfd, leaf, target_dirfd, target_leaf))
		return 0;
	/* link(2) of a directory. */
	if (result == -EPERM)
		return refuse(extract->error, "its hard link \"%s\" points to the directory \"%s\"",
			      name_show(extract->name, shown), name_show(target, shown_target));
	if (result < 0 && result != -ENOENT && result != -EEXIST)
		return err_errno(extract->error, -result, "cannot link \"%s\" to \"%s\"",
				 name_show(extract->name, shown), name_show(target, shown_target));
	return result;
}

/* What had the name before goes; what has it when the link is made came later, and stays. */
static int postpone(struct extract *extract, int dirfd, const char *leaf, const char *target)
{
	struct stat status;
	int result = 0;

	if (fstatat(dirfd, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0)
		result = entry_clear(extract, dirfd, leaf);
	if (result < 0)
		return result;
	if (later_link(&extract->later, extract->name, target) < 0)
		return err_errno(extract->error, ENOMEM, "cannot unpack the archive");
	return 0;
}

int link_make(struct extract *extract, int dirfd, const char *leaf, const char *target)
{
	char clean[PATH_MAX], shown[NAME_SHOWN];
	int result = name_clean(target, clean, extract->error);

	if (result < 0)
		return result;
	if (!clean[0] || strcmp(clean, extract->name) == 0)
		return refuse(extract->error, "its hard link \"%s\" points to %s",
			      name_show(extract->name, shown), clean[0] ? "itself" : "the root");
	result = link_now(extract, dirfd, leaf, clean);
	if (result == -EEXIST) {
		result = entry_clear(extract, dirfd, leaf);
		if (result == 0)
			result = link_now(extract, dirfd, leaf, clean);
	}
	return result == -ENOENT ? postpone(extract, dirfd, leaf, clean) : result;
}

static int make_late(struct extract *extract, const struct later_link *link)
{
	const char *leaf;
	int dirfd = walk_parent(&extract->walk, link->path, &leaf, extract_expect_directory,
				extract, extract->error);
	int result;

	if (dirfd < 0)
		return dirfd;
	extract->name = link->path;
	result = link_now(extract, dirfd, leaf, link->target);
	extract->name = NULL;
	return result == -EEXIST ? 0 : result;
}

/* Makes the links that can be made and keeps the others. */
static int make_pass(struct extract *extract)
{
	struct later *later = &extract->later;
	size_t kept = 0;

	for (size_t i = 0; i < later->link_count; i++) {
		int result = make_late(extract, &later->links[i]);

		if (result == -ENOENT)
			later->links[kept++] = later->links[i];
		else if (result < 0)
			return result;
	}
	later->link_count = kept;
	return 0;
}

int link_make_late(struct extract *extract)
{
	const struct later *later = &extract->later;
	char shown[NAME_SHOWN], shown_target[NAME_SHOWN];

	for (int pass = 0; later->link_count && pass < LATE_PASSES; pass++) {
		int result = make_pass(extract);

		if (result < 0)
			return result;
	}
	if (!later->link_count)
		return 0;
	return refuse(extract->error,
		      "its hard link \"%s\" points to \"%s\", which it does not have",
		      name_show(later->links[0].path, shown),
		      name_show(later->links[0].target, shown_target));
}
