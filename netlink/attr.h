/* SPDX-License-Identifier: MIT */
/* Reading attributes of messages whose sizes nobody has checked. */
#ifndef FLOE_NETLINK_ATTR_H
#define FLOE_NETLINK_ATTR_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Puts the attributes of a message, after its own header of HEADER bytes, or of a nest (NULL: none)
 * into TABLE by their type; those from COUNT on are skipped, of two of a type the last counts, and
 * what is absent becomes NULL. Reading ends where the sizes make no sense.
 * attr_sort_message() returns false when the message is too short for its header.
 */
bool attr_sort_message(const struct nlattr **table, size_t count, const struct nlmsghdr *message,
		       size_t header);
void attr_sort_nest(const struct nlattr **table, size_t count, const struct nlattr *nest);

/* The values of attributes; OTHERWISE when there is none (NULL) or it has another size. */
uint8_t attr_u8(const struct nlattr *attr, uint8_t otherwise);
uint16_t attr_u16(const struct nlattr *attr, uint16_t otherwise);
uint32_t attr_u32(const struct nlattr *attr, uint32_t otherwise);
uint32_t attr_be32(const struct nlattr *attr, uint32_t otherwise);
uint64_t attr_be64(const struct nlattr *attr, uint64_t otherwise);

/* Its bytes when it has exactly SIZE of them, else NULL. They point into the message. */
const void *attr_bytes(const struct nlattr *attr, size_t size);

/* Copies its text, cut to what BUFFER of SIZE bytes holds; "" when there is none. */
void attr_text(const struct nlattr *attr, char *buffer, size_t size);

#endif
