/* SPDX-License-Identifier: MIT */
/* Owner, mode, times and attributes of what was unpacked. */
#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "../../base/err.h"
#include "name.h"

#define SET_ID_BITS (S_ISUID | S_ISGID)

static struct timespec time_make(bool set, time_t seconds, long nanoseconds)
{
	if (!set)
		return (struct timespec){.tv_nsec = UTIME_OMIT};
	/* An archive can hold anything; utimensat(2) takes only this range. */
	if (nanoseconds < 0 || nanoseconds > 999999999)
		nanoseconds = 0;
	return (struct timespec){.tv_sec = seconds, .tv_nsec = nanoseconds};
}

static void read_times(struct archive_entry *entry, struct timespec times[static 2])
{
	times[0] = time_make(archive_entry_atime_is_set(entry), archive_entry_atime(entry),
			     archive_entry_atime_nsec(entry));
	times[1] = time_make(archive_entry_mtime_is_set(entry), archive_entry_mtime(entry),
			     archive_entry_mtime_nsec(entry));
}

/* The highest id means "leave as it is" to chown(2), so nobody can have it. */
static bool id_valid(int64_t id)
{
	return id >= 0 && id < UINT32_MAX;
}

int meta_read(struct archive_entry *entry, const char *name, struct arena *arena, struct meta *meta,
	      struct floe_error *error)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	char shown[NAME_SHOWN];

	if (!id_valid(uid) || !id_valid(gid))
		return refuse(error,
			      "its entry \"%s\" belongs to user %lld, group %lld, which "
			      "cannot be",
			      name_show(name, shown), (long long)uid, (long long)gid);
	*meta = (struct meta){
		.uid = (uid_t)uid,
		.gid = (gid_t)gid,
		.mode = archive_entry_perm(entry) & 07777,
	};
	read_times(entry, meta->times);
	if (!attributes_any(entry))
		return 0;
	attributes_collect(entry, arena, &meta->attributes);
	return arena_failed(arena) ? err_errno(error, ENOMEM, "cannot unpack the archive") : 0;
}

static int fail(struct floe_error *error, const char *what, const char *name)
{
	int errnum = errno;
	char shown[NAME_SHOWN];

	err_errno(error, errnum, "cannot set the %s of \"%s\"", what, name_show(name, shown));
	if (errnum == EPERM)
		err_hint(error, "importing needs root");
	return -errnum;
}

static int apply_attributes(int fd, const char *path, const char *name, const struct meta *meta,
			    attribute_lost_function *lost, void *context, struct floe_error *error)
{
	const char *failed = NULL;
	char shown[NAME_SHOWN];
	int result = attributes_apply(fd, path, &meta->attributes, lost, context, &failed);

	if (result < 0)
		return err_errno(error, -result, "cannot set the attribute %s of \"%s\"", failed,
				 name_show(name, shown));
	return 0;
}

/* Most files are made right: root's, with their mode. A look is cheaper than two changes. */
static int apply_owner_mode(int fd, const char *name, const struct meta *meta,
			    struct floe_error *error)
{
	struct stat status;
	bool chowned;

	if (fstat(fd, &status) < 0)
		return fail(error, "owner", name);
	chowned = status.st_uid != meta->uid || status.st_gid != meta->gid;
	if (chowned && fchown(fd, meta->uid, meta->gid) < 0)
		return fail(error, "owner", name);
	/* chown(2) takes set-id bits away, so they come after it. */
	if ((status.st_mode & 07777) == meta->mode && !(chowned && (meta->mode & SET_ID_BITS)))
		return 0;
	return fchmod(fd, meta->mode) < 0 ? fail(error, "mode", name) : 0;
}

int meta_apply(int fd, const char *name, const struct meta *meta, attribute_lost_function *lost,
	       void *context, struct floe_error *error)
{
	int result = apply_owner_mode(fd, name, meta, error);

	/* chown(2) also takes file capabilities away, and chmod(2) changes an ACL's mask. */
	if (result == 0 && meta->attributes.count)
		result = apply_attributes(fd, NULL, name, meta, lost, context, error);
	if (result < 0)
		return result;
	return futimens(fd, meta->times) < 0 ? fail(error, "times", name) : 0;
}

int meta_apply_at(int dirfd, const char *leaf, mode_t type, const char *name,
		  const struct meta *meta, attribute_lost_function *lost, void *context,
		  struct floe_error *error)
{
	char path[64 + NAME_MAX];
	int result = 0;

	if (fchownat(dirfd, leaf, meta->uid, meta->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(error, "owner", name);
	if (!S_ISLNK(type) && fchmodat(dirfd, leaf, meta->mode, 0) < 0)
		return fail(error, "mode", name);
	/* setxattrat(2) is of 6.13; until then the directory's descriptor goes into a path. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, leaf);
	if (meta->attributes.count)
		result = apply_attributes(-1, path, name, meta, lost, context, error);
	if (result < 0)
		return result;
	if (utimensat(dirfd, leaf, meta->times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(error, "times", name);
	return 0;
}
