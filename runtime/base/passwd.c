/* SPDX-License-Identifier: MIT */
/* Users and groups out of the text of passwd(5) and group(5). */
#include "passwd.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A piece of the text; never terminated. */
struct slice {
	const char *start;
	size_t length;
};

/* Cuts TEXT at the first SEPARATOR: returns what is before it, leaves what is after it. */
static struct slice slice_cut(struct slice *text, char separator)
{
	const char *end = memchr(text->start, separator, text->length);
	struct slice head = {text->start, end ? (size_t)(end - text->start) : text->length};
	size_t used = head.length + (end ? 1 : 0);

	text->start += used;
	text->length -= used;
	return head;
}

/* Cuts a line into exactly COUNT fields. */
static bool slice_split(struct slice line, struct slice *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool last = i == count - 1;

		fields[i] = slice_cut(&line, ':');
		if ((line.start == fields[i].start + fields[i].length) != last)
			return false;
	}
	return true;
}

static bool slice_equals(struct slice slice, const char *text)
{
	return strlen(text) == slice.length && memcmp(slice.start, text, slice.length) == 0;
}

/* A field with a NUL byte, or one that does not fit, is none. */
static bool slice_copy(struct slice slice, char *text, size_t size)
{
	if (slice.length >= size || memchr(slice.start, '\0', slice.length))
		return false;
	memcpy(text, slice.start, slice.length);
	text[slice.length] = '\0';
	return true;
}

static bool slice_number(struct slice slice, uint32_t *id)
{
	uint64_t value = 0;

	if (slice.length == 0 || slice.length > 10)
		return false;
	for (size_t i = 0; i < slice.length; i++) {
		if (slice.start[i] < '0' || slice.start[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(slice.start[i] - '0');
	}
	if (value >= UINT32_MAX)
		return false;
	*id = (uint32_t)value;
	return true;
}

int passwd_parse_id(const char *text, uint32_t *id)
{
	struct slice slice = {text, strlen(text)};

	return slice_number(slice, id) ? 0 : -EINVAL;
}

/* name:password:uid:gid:gecos:home:shell */
static bool user_parse(struct slice line, struct passwd_entry *out)
{
	struct slice fields[7];

	return slice_split(line, fields, 7) && fields[0].length > 0 &&
	       slice_copy(fields[0], out->name, sizeof(out->name)) &&
	       slice_number(fields[2], &out->uid) && slice_number(fields[3], &out->gid) &&
	       slice_copy(fields[5], out->home, sizeof(out->home)) &&
	       slice_copy(fields[6], out->shell, sizeof(out->shell));
}

static int find_user(struct slice text, const char *name, const uint32_t *id,
		     struct passwd_entry *out)
{
	while (text.length > 0) {
		struct slice line = slice_cut(&text, '\n');

		if (user_parse(line, out) && (id ? out->uid == *id : !strcmp(out->name, name)))
			return 0;
	}
	return -ENOENT;
}

int passwd_find_user(const char *text, size_t size, const char *name_or_number,
		     struct passwd_entry *out)
{
	struct slice all = {text, size};
	uint32_t id;

	if (find_user(all, name_or_number, NULL, out) == 0)
		return 0;
	if (passwd_parse_id(name_or_number, &id) < 0)
		return -ENOENT;
	return find_user(all, NULL, &id, out);
}

static bool has_member(struct slice members, const char *user)
{
	while (members.length > 0) {
		if (slice_equals(slice_cut(&members, ','), user))
			return true;
	}
	return false;
}

static bool has_gid(const uint32_t *gids, size_t count, uint32_t gid)
{
	for (size_t i = 0; i < count; i++) {
		if (gids[i] == gid)
			return true;
	}
	return false;
}

int group_find_members(const char *text, size_t size, const char *user, gid_t primary,
		       uint32_t *gids, size_t max, size_t *count)
{
	struct slice all = {text, size};
	struct slice fields[4]; /* name:password:gid:member,member,… */
	uint32_t gid = primary;

	*count = 0;
	if (max > 0)
		gids[0] = gid;
	++*count;
	while (all.length > 0) {
		struct slice line = slice_cut(&all, '\n');
		size_t stored = *count < max ? *count : max;

		if (!slice_split(line, fields, 4) || !slice_number(fields[2], &gid) ||
		    !has_member(fields[3], user) || has_gid(gids, stored, gid))
			continue;
		if (*count < max)
			gids[*count] = gid;
		++*count;
	}
	return *count > max ? -E2BIG : 0;
}
