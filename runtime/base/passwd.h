/* SPDX-License-Identifier: MIT */
/* Users and groups out of the text of passwd(5) and group(5): the tree's own, never the host's. */
#ifndef FLOE_BASE_PASSWD_H
#define FLOE_BASE_PASSWD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longer fields make a line invalid; LOGIN_NAME_MAX is 256 on Linux. */
#define PASSWD_NAME_SIZE 257
#define PASSWD_PATH_SIZE 1024

struct passwd_entry {
	uint32_t uid;
	uint32_t gid;
	char name[PASSWD_NAME_SIZE];
	char home[PASSWD_PATH_SIZE];  /* may be empty */
	char shell[PASSWD_PATH_SIZE]; /* may be empty */
};

/* Reads a user or group number: decimal digits only, not the reserved 4294967295 (chown(2)).
 * Returns 0 or -EINVAL. */
int passwd_parse_id(const char *text, uint32_t *id);

/*
 * Finds a user in the SIZE bytes of a passwd file, by name and, when there is no such name and it
 * is a number, by that; the first match counts. Lines that make no sense are skipped.
 * Returns 0 with *OUT filled, or -ENOENT: a number without an entry may still be used as it is.
 */
int passwd_find_user(const char *text, size_t size, const char *name_or_number,
		     struct passwd_entry *out);

/*
 * The groups of USER in the SIZE bytes of a group file: PRIMARY first, then each group that lists
 * the user, no number twice. *COUNT becomes how many there are; at most MAX are written to GIDS.
 * Returns 0, or -E2BIG when there are more than MAX.
 */
int group_find_members(const char *text, size_t size, const char *user, gid_t primary,
		       uint32_t *gids, size_t max, size_t *count);

#endif
