/* SPDX-License-Identifier: MIT */
/* Making one entry: file, directory, link, fifo or device. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "extract.h"
#include "name.h"

/* Where an entry is made, and what it becomes. */
struct place {
	int dirfd; /* of the walk */
	const char *leaf;
	struct meta meta;
};

static int error_make(struct extract *extract, int errnum)
{
	char shown[NAME_SHOWN];

	return err_errno(extract->error, errnum, "cannot unpack \"%s\"",
			 name_show(extract->name, shown));
}

int entry_clear(struct extract *extract, int dirfd, const char *leaf)
{
	char shown[NAME_SHOWN];

	if (unlinkat(dirfd, leaf, 0) == 0)
		return 0;
	if (errno == EISDIR || errno == EPERM)
		return refuse(extract->error, "its entry \"%s\" would replace a directory",
			      name_show(extract->name, shown));
	return error_make(extract, errno);
}

/* A way of making LEAF that fails by EEXIST when there is something: returns 0, a descriptor or a
 * negative errno. */
typedef int make_function(const struct place *place, struct archive_entry *entry);

/* An entry replaces an earlier one of its name. */
static int make_replacing(struct extract *extract, const struct place *place,
			  struct archive_entry *entry, make_function *make)
{
	int result = make(place, entry);

	if (result == -EEXIST) {
		result = entry_clear(extract, place->dirfd, place->leaf);
		if (result < 0)
			return result;
		result = make(place, entry);
	}
	return result < 0 ? error_make(extract, -result) : result;
}

static int create_file(const struct place *place, struct archive_entry *entry)
{
	/* user.* attributes want a file its owner may write. */
	mode_t mode = (place->meta.mode & 0777) | (place->meta.attributes.count ? 0200 : 0);
	int fd = openat(place->dirfd, place->leaf,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	(void)entry;
	return fd < 0 ? -errno : fd;
}

static int write_block(struct extract *extract, int fd, const char *data, size_t size,
		       int64_t offset)
{
	while (size) {
		ssize_t written = pwrite(fd, data, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_make(extract, errno);
		data += written;
		size -= (size_t)written;
		offset += written;
		extract->report->bytes_written += (uint64_t)written;
		flush_note(extract->flush, (uint64_t)written);
	}
	return 0;
}

/* Writes the content; what the archive leaves out stays a hole. */
static int write_content(struct extract *extract, int fd, struct archive_entry *entry)
{
	int64_t offset, end = 0, size = archive_entry_size(entry);
	const void *data;
	size_t length;
	int status;

	while ((status = archive_read_data_block(extract->archive, &data, &length, &offset)) ==
		       ARCHIVE_OK ||
	       status == ARCHIVE_WARN) {
		int result = extract_check(extract, false);

		if (result == 0)
			result = write_block(extract, fd, data, length, offset);
		if (result < 0)
			return result;
		end = offset + (int64_t)length;
	}
	if (status != ARCHIVE_EOF)
		return stream_error(extract);
	return end < size && ftruncate(fd, size) < 0 ? error_make(extract, errno) : 0;
}

static int make_file(struct extract *extract, struct place *place, struct archive_entry *entry)
{
	CLEANUP_FD int fd = make_replacing(extract, place, entry, create_file);
	int result;

	if (fd < 0)
		return fd;
	result = archive_entry_size(entry) > 0 ? write_content(extract, fd, entry) : 0;
	if (result < 0)
		return result;
	return meta_apply(fd, extract->name, &place->meta, extract_lost, extract, extract->error);
}

static int create_directory(const struct place *place, struct archive_entry *entry)
{
	struct stat status;

	(void)entry;
	if (mkdirat(place->dirfd, place->leaf, 0700) == 0)
		return 0;
	if (errno == EEXIST &&
	    fstatat(place->dirfd, place->leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(status.st_mode))
		return 0;
	return -errno;
}

/* Modes and times wait: a read-only directory could not be filled, and filling changes its time. */
static int make_directory(struct extract *extract, struct place *place, struct archive_entry *entry)
{
	int result = make_replacing(extract, place, entry, create_directory);

	if (result < 0)
		return result;
	if (later_directory(&extract->later, extract->name, &place->meta) < 0)
		return error_make(extract, ENOMEM);
	return 0;
}

static int create_symlink(const struct place *place, struct archive_entry *entry)
{
	const char *target = archive_entry_symlink(entry);

	return symlinkat(target ?: "", place->dirfd, place->leaf) < 0 ? -errno : 0;
}

static int create_node(const struct place *place, struct archive_entry *entry)
{
	mode_t mode = archive_entry_filetype(entry) | 0600;
	dev_t device = makedev(archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry));

	return mknodat(place->dirfd, place->leaf, mode, device) < 0 ? -errno : 0;
}

static int make_special(struct extract *extract, struct place *place, struct archive_entry *entry)
{
	mode_t type = archive_entry_filetype(entry);
	make_function *make = type == AE_IFLNK ? create_symlink : create_node;
	int result = make_replacing(extract, place, entry, make);

	if (result < 0)
		return result;
	extract->report->device_nodes += type == AE_IFCHR || type == AE_IFBLK;
	return meta_apply_at(place->dirfd, place->leaf, type, extract->name, &place->meta,
			     extract_lost, extract, extract->error);
}

typedef int entry_function(struct extract *extract, struct place *place,
			   struct archive_entry *entry);

static const struct {
	unsigned int type;
	entry_function *make;
} entry_types[] = {
	{AE_IFREG, make_file},     {AE_IFDIR, make_directory}, {AE_IFLNK, make_special},
	{AE_IFCHR, make_special},  {AE_IFBLK, make_special},   {AE_IFIFO, make_special},
	{AE_IFSOCK, make_special},
};

static entry_function *entry_type(struct archive_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_types); i++)
		if (entry_types[i].type == archive_entry_filetype(entry))
			return entry_types[i].make;
	return NULL;
}

int entry_make(struct extract *extract, struct archive_entry *entry)
{
	const char *link = archive_entry_hardlink(entry);
	entry_function *make = entry_type(entry);
	struct place place;
	char shown[NAME_SHOWN];
	int result;

	place.dirfd = walk_parent(&extract->walk, extract->name, &place.leaf,
				  extract_expect_directory, extract, extract->error);
	if (place.dirfd < 0)
		return place.dirfd;
	if (link)
		return link_make(extract, place.dirfd, place.leaf, link);
	if (!make)
		return refuse(extract->error, "its entry \"%s\" is of an unknown type",
			      name_show(extract->name, shown));
	result = meta_read(entry, extract->name,
			   make == make_directory ? &extract->later.arena : &extract->scratch,
			   &place.meta, extract->error);
	return result < 0 ? result : make(extract, &place, entry);
}
