/* SPDX-License-Identifier: MIT */
/* Netlink messages under construction: libmnl's writers behind a check for room. */
#include "message.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

static char *bytes(struct netlink_batch *batch)
{
	return batch->heap ? batch->heap : batch->storage;
}

static struct nlmsghdr *last_message(struct netlink_batch *batch)
{
	return (struct nlmsghdr *)(void *)(bytes(batch) + batch->last);
}

void batch_free(struct netlink_batch *batch)
{
	int saved = errno;

	free(batch->heap);
	batch->heap = NULL;
	batch->size = batch->capacity = batch->last = batch->count = 0;
	batch->failed = 0;
	errno = saved;
}

struct nlmsghdr *batch_first(struct netlink_batch *batch)
{
	return batch->count > 0 ? (struct nlmsghdr *)(void *)bytes(batch) : NULL;
}

static bool grow(struct netlink_batch *batch, size_t size)
{
	size_t capacity = batch->heap ? batch->capacity : sizeof(batch->storage);
	char *heap;

	while (capacity < size)
		capacity *= 2;
	heap = realloc(batch->heap, capacity);
	if (!heap) {
		batch->failed = -ENOMEM;
		return false;
	}
	if (!batch->heap)
		memcpy(heap, batch->storage, batch->size);
	batch->heap = heap;
	batch->capacity = capacity;
	return true;
}

/* Makes room for SIZE more bytes and padding, all zero: libmnl before 1.0.5 leaves padding as it is.
 * False: the batch has failed. */
static bool reserve(struct netlink_batch *batch, size_t size)
{
	size_t capacity = batch->heap ? batch->capacity : sizeof(batch->storage);
	size_t wanted = batch->size + MNL_ALIGN(size);

	if (batch->failed || (wanted > capacity && !grow(batch, wanted)))
		return false;
	memset(bytes(batch) + batch->size, 0, MNL_ALIGN(size));
	return true;
}

/* The writers count in the message's own length. */
static void count_last(struct netlink_batch *batch)
{
	batch->size = batch->last + MNL_ALIGN(last_message(batch)->nlmsg_len);
}

void message_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
		   size_t size)
{
	struct nlmsghdr *message;

	if (!reserve(batch, MNL_NLMSG_HDRLEN + size))
		return;
	batch->last = batch->size;
	batch->count++;
	message = mnl_nlmsg_put_header(bytes(batch) + batch->last);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	if (size > 0)
		memcpy(mnl_nlmsg_put_extra_header(message, size), header, size);
	count_last(batch);
}

void message_ask_ack(struct netlink_batch *batch)
{
	if (batch->count > 0)
		last_message(batch)->nlmsg_flags |= NLM_F_ACK;
}

void message_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	if (!batch->failed && size > UINT16_MAX - MNL_ATTR_HDRLEN)
		batch->failed = -EMSGSIZE;
	if (!reserve(batch, MNL_ATTR_HDRLEN + size))
		return;
	mnl_attr_put(last_message(batch), type, size, data);
	count_last(batch);
}

void message_put_text(struct netlink_batch *batch, uint16_t type, const char *text)
{
	message_put(batch, type, text, strlen(text) + 1);
}

void message_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	message_put(batch, type, &value, sizeof(value));
}

void message_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	message_put(batch, type, &value, sizeof(value));
}

void message_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	message_put(batch, type, &value, sizeof(value));
}

void message_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	message_put_u32(batch, type, htobe32(value));
}

void message_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	uint64_t big = htobe64(value);

	message_put(batch, type, &big, sizeof(big));
}

void message_put_raw(struct netlink_batch *batch, const void *data, size_t size)
{
	if (!reserve(batch, size))
		return;
	memcpy(mnl_nlmsg_put_extra_header(last_message(batch), size), data, size);
	count_last(batch);
}

size_t message_nest(struct netlink_batch *batch, uint16_t type)
{
	size_t nest = batch->size;

	message_put(batch, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void message_nest_end(struct netlink_batch *batch, size_t nest)
{
	size_t length = batch->size - nest;

	if (batch->failed)
		return;
	if (length > UINT16_MAX) {
		batch->failed = -EMSGSIZE;
		return;
	}
	((struct nlattr *)(void *)(bytes(batch) + nest))->nla_len = (uint16_t)length;
}
