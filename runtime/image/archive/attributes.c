/* SPDX-License-Identifier: MIT */
/* Extended attributes, file capabilities and POSIX ACLs of an entry. */
#include "attributes.h"

#include <archive.h>
#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/xattr.h>

#include "../../base/cleanup.h"

#define ACL_TYPES (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT)

static const struct {
	int type;
	const char *name;
} acl_kinds[] = {
	{ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"},
	{ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"},
};

static const struct {
	int archive;
	unsigned short kernel;
} acl_tags[] = {
	{ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ},   {ARCHIVE_ENTRY_ACL_USER, ACL_USER},
	{ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ}, {ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP},
	{ARCHIVE_ENTRY_ACL_MASK, ACL_MASK},           {ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER},
};

bool attributes_any(struct archive_entry *entry)
{
	return archive_entry_xattr_count(entry) > 0 ||
	       (archive_entry_acl_types(entry) & ACL_TYPES) != 0;
}

static void append(struct arena *arena, struct attributes *attributes, const char *name,
		   const void *value, size_t size)
{
	struct attribute *item = ARENA_APPEND(arena, attributes->items, attributes->count);
	void *copy = arena_alloc(arena, size);

	if (!item || !copy)
		return;
	if (size)
		memcpy(copy, value, size);
	*item = (struct attribute){arena_strdup(arena, name), copy, size};
}

static unsigned short acl_tag(int tag)
{
	for (size_t i = 0; i < ARRAY_SIZE(acl_tags); i++)
		if (acl_tags[i].archive == tag)
			return acl_tags[i].kernel;
	return 0;
}

/* Only named users and groups have an id (acl(5)). An unknown name keeps an id the kernel refuses,
 * so that such a list is reported as lost instead of giving rights to somebody else. */
static struct posix_acl_xattr_entry acl_entry(int tag, int permissions, int id)
{
	bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

	return (struct posix_acl_xattr_entry){
		.e_tag = htole16(acl_tag(tag)),
		.e_perm = htole16((unsigned short)(permissions & 7)),
		.e_id = htole32(named ? (unsigned int)id : (unsigned int)ACL_UNDEFINED_ID),
	};
}

/* The kernel wants the entries by tag, then by id (fs/posix_acl.c, posix_acl_valid()). */
static bool acl_before(const struct posix_acl_xattr_entry *left,
		       const struct posix_acl_xattr_entry *right)
{
	if (left->e_tag != right->e_tag)
		return le16toh(left->e_tag) < le16toh(right->e_tag);
	return le32toh(left->e_id) < le32toh(right->e_id);
}

static void acl_insert(struct posix_acl_xattr_entry *entries, size_t count,
		       struct posix_acl_xattr_entry entry)
{
	for (; count > 0 && acl_before(&entry, &entries[count - 1]); count--)
		entries[count] = entries[count - 1];
	entries[count] = entry;
}

static void collect_acl(struct archive_entry *entry, struct arena *arena, size_t kind,
			struct attributes *attributes)
{
	int wanted = acl_kinds[kind].type, type, permissions, tag, id;
	int count = archive_entry_acl_reset(entry, wanted);
	size_t used = 0, size;
	struct posix_acl_xattr_header *acl;
	const char *name;

	if (count <= 0)
		return;
	size = sizeof(*acl) + (size_t)count * sizeof(struct posix_acl_xattr_entry);
	acl = arena_alloc(arena, size);
	if (!acl)
		return;
	acl->a_version = htole32(POSIX_ACL_XATTR_VERSION);
	while (used < (size_t)count && archive_entry_acl_next(entry, wanted, &type, &permissions,
							      &tag, &id, &name) == ARCHIVE_OK)
		acl_insert((struct posix_acl_xattr_entry *)(acl + 1), used++,
			   acl_entry(tag, permissions, id));
	append(arena, attributes, acl_kinds[kind].name, acl,
	       sizeof(*acl) + used * sizeof(struct posix_acl_xattr_entry));
}

void attributes_collect(struct archive_entry *entry, struct arena *arena,
			struct attributes *attributes)
{
	const char *name;
	const void *value;
	size_t size;

	*attributes = (struct attributes){0};
	for (size_t kind = 0; kind < ARRAY_SIZE(acl_kinds); kind++)
		if (archive_entry_acl_types(entry) & acl_kinds[kind].type)
			collect_acl(entry, arena, kind, attributes);
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (name)
			append(arena, attributes, name, value, size);
}

static int set_attribute(int fd, const char *path, const struct attribute *item)
{
	int result = fd >= 0 ? fsetxattr(fd, item->name, item->value, item->size, 0)
			     : lsetxattr(path, item->name, item->value, item->size, 0);

	return result < 0 ? -errno : 0;
}

/* What breaks the whole import; any other errno means that this attribute cannot be had here. */
static bool is_disk_error(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EIO || errnum == EROFS;
}

int attributes_apply(int fd, const char *path, const struct attributes *attributes,
		     attribute_lost_function *lost, void *context, const char **failed)
{
	for (size_t i = 0; i < attributes->count; i++) {
		const struct attribute *item = &attributes->items[i];
		int result = set_attribute(fd, path, item);

		if (is_disk_error(-result)) {
			*failed = item->name;
			return result;
		}
		if (result < 0)
			lost(context, item->name);
	}
	return 0;
}
