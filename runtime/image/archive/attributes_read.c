/* SPDX-License-Identifier: MIT */
/* Extended attributes, file capabilities and POSIX ACLs of a file, for an archive. */
#include <archive.h>
#include <endian.h>
#include <errno.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/xattr.h>

#include "../../base/cleanup.h"
#include "attributes.h"

_Static_assert(ATTRIBUTES_BUFFER >= XATTR_LIST_MAX + XATTR_SIZE_MAX, "names and one value");

static int archive_tag(unsigned int tag)
{
	switch (tag) {
	case ACL_USER_OBJ:
		return ARCHIVE_ENTRY_ACL_USER_OBJ;
	case ACL_USER:
		return ARCHIVE_ENTRY_ACL_USER;
	case ACL_GROUP_OBJ:
		return ARCHIVE_ENTRY_ACL_GROUP_OBJ;
	case ACL_GROUP:
		return ARCHIVE_ENTRY_ACL_GROUP;
	case ACL_MASK:
		return ARCHIVE_ENTRY_ACL_MASK;
	default:
		return ARCHIVE_ENTRY_ACL_OTHER;
	}
}

static int add_acl(struct archive_entry *entry, int type, const char *value, size_t size)
{
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry item;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, value, sizeof(header));
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return -EBADMSG;
	for (size_t at = sizeof(header); at + sizeof(item) <= size; at += sizeof(item)) {
		memcpy(&item, value + at, sizeof(item));
		if (archive_entry_acl_add_entry(entry, type, le16toh(item.e_perm) & 7,
						archive_tag(le16toh(item.e_tag)),
						(int)le32toh(item.e_id), NULL) != ARCHIVE_OK)
			return -ENOMEM;
	}
	return 0;
}

static int add_attribute(struct archive_entry *entry, const char *name, const char *value,
			 size_t size)
{
	if (strcmp(name, "system.posix_acl_access") == 0)
		return add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, value, size);
	if (strcmp(name, "system.posix_acl_default") == 0)
		return add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, value, size);
	archive_entry_xattr_add_entry(entry, name, value, size);
	return 0;
}

/* Labels are the host's: whoever imports gives its own. */
static bool is_label(const char *name)
{
	return strcmp(name, "security.selinux") == 0 || strncmp(name, "security.SMACK", 14) == 0 ||
	       strcmp(name, "security.apparmor") == 0 || strcmp(name, "security.ima") == 0 ||
	       strcmp(name, "security.evm") == 0;
}

int attributes_read(const char *path, struct archive_entry *entry, char *buffer)
{
	char *value = buffer + XATTR_LIST_MAX;
	ssize_t names = listxattr(path, buffer, XATTR_LIST_MAX), size;
	int result = 0;

	if (names < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = buffer; result == 0 && name < buffer + names;
	     name += strlen(name) + 1) {
		size = is_label(name) ? -1 : getxattr(path, name, value, XATTR_SIZE_MAX);
		if (size >= 0)
			result = add_attribute(entry, name, value, (size_t)size);
		else if (!is_label(name) && errno != ENODATA && errno != EOPNOTSUPP)
			result = -errno;
	}
	return result;
}
