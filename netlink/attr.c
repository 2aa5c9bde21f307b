/* SPDX-License-Identifier: MIT */
/* Reading attributes of messages whose sizes nobody has checked. */
#include "attr.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <string.h>

static void clear(const struct nlattr **table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table[i] = NULL;
}

static void sort(const struct nlattr **table, size_t count, const struct nlattr *first, size_t size)
{
	const char *end = (const char *)first + size;

	for (const struct nlattr *attr = first; mnl_attr_ok(attr, (int)(end - (const char *)attr));
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) < count)
			table[mnl_attr_get_type(attr)] = attr;
}

bool attr_sort_message(const struct nlattr **table, size_t count, const struct nlmsghdr *message,
		       size_t header)
{
	size_t offset = MNL_ALIGN(header), size = mnl_nlmsg_get_payload_len(message);

	clear(table, count);
	if (size < header)
		return false;
	if (size > offset)
		sort(table, count, mnl_nlmsg_get_payload_offset(message, header), size - offset);
	return true;
}

void attr_sort_nest(const struct nlattr **table, size_t count, const struct nlattr *nest)
{
	clear(table, count);
	if (nest)
		sort(table, count, mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest));
}

const void *attr_bytes(const struct nlattr *attr, size_t size)
{
	if (!attr || mnl_attr_get_payload_len(attr) != size)
		return NULL;
	return mnl_attr_get_payload(attr);
}

uint8_t attr_u8(const struct nlattr *attr, uint8_t otherwise)
{
	const uint8_t *value = attr_bytes(attr, sizeof(*value));

	return value ? *value : otherwise;
}

uint16_t attr_u16(const struct nlattr *attr, uint16_t otherwise)
{
	const uint16_t *value = attr_bytes(attr, sizeof(*value));

	return value ? *value : otherwise;
}

uint32_t attr_u32(const struct nlattr *attr, uint32_t otherwise)
{
	const uint32_t *value = attr_bytes(attr, sizeof(*value));

	return value ? *value : otherwise;
}

uint32_t attr_be32(const struct nlattr *attr, uint32_t otherwise)
{
	return be32toh(attr_u32(attr, htobe32(otherwise)));
}

uint64_t attr_be64(const struct nlattr *attr, uint64_t otherwise)
{
	const void *bytes = attr_bytes(attr, sizeof(uint64_t));
	uint64_t value;

	/* Attributes are aligned to four bytes only. */
	if (!bytes)
		return otherwise;
	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

void attr_text(const struct nlattr *attr, char *buffer, size_t size)
{
	size_t length;

	buffer[0] = '\0';
	if (!attr)
		return;
	length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (length > size - 1)
		length = size - 1;
	memcpy(buffer, mnl_attr_get_payload(attr), length);
	buffer[length] = '\0';
}
