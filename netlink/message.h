/* SPDX-License-Identifier: MIT */
/* Netlink messages under construction, one behind the other. */
#ifndef FLOE_NETLINK_MESSAGE_H
#define FLOE_NETLINK_MESSAGE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for every request about links, addresses and routes: these allocate nothing. */
#define BATCH_STORAGE 2048

/*
 * A zeroed batch is a valid, empty one; it is not to be copied. What it has no room for (memory, or
 * the 64 KiB of an attribute) makes it fail for good; sending it then says so, so that nobody need
 * check in between.
 */
struct netlink_batch {
	char *heap;      /* NULL: in the storage */
	size_t size;     /* used bytes */
	size_t capacity; /* of the heap */
	size_t last;     /* where the last message begins */
	size_t count;    /* messages */
	int failed;      /* negative errno, 0: none */
	_Alignas(8) char storage[BATCH_STORAGE];
};

/* Releases the memory of a batch, which is then empty. */
void batch_free(struct netlink_batch *batch);

#define CLEANUP_BATCH __attribute__((cleanup(batch_free)))

/* The first message, or NULL. Valid until something is appended. */
struct nlmsghdr *batch_first(struct netlink_batch *batch);

/* Begins a message of TYPE with the NLM_F_* FLAGS (NLM_F_REQUEST is added), followed by the SIZE
 * bytes at HEADER, which the kind of message asks for before its attributes. */
void message_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
		   size_t size);

/* Asks for an answer to the last message: NLM_F_ACK. */
void message_ask_ack(struct netlink_batch *batch);

/* Append an attribute to the last message. Big-endian ones are for nftables. */
void message_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void message_put_text(struct netlink_batch *batch, uint16_t type, const char *text);
void message_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void message_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void message_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void message_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void message_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value);

/* Bytes that are no attribute: a header inside a nest, as of VETH_INFO_PEER. */
void message_put_raw(struct netlink_batch *batch, const void *data, size_t size);

/* Attributes until the end belong to the attribute TYPE. Returns what message_nest_end() takes. */
size_t message_nest(struct netlink_batch *batch, uint16_t type);
void message_nest_end(struct netlink_batch *batch, size_t nest);

#endif
