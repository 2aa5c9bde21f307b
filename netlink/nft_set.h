/* SPDX-License-Identifier: MIT */
/* Sets and maps of nftables, and what is in them. */
#ifndef FLOE_NETLINK_NFT_SET_H
#define FLOE_NETLINK_NFT_SET_H

#include "ip.h"
#include "nft.h"

#include <stdbool.h>
#include <stddef.h>

#define NFT_FIELDS_MAX 4
#define NFT_VALUE_SIZE 64

/* What a field is: the kernel keeps it for those who list sets, and goes by the sizes. */
enum nft_type {
	NFT_TYPE_NONE,
	NFT_TYPE_IPV4,
	NFT_TYPE_IPV6,
	NFT_TYPE_MAC,      /* an Ethernet address */
	NFT_TYPE_PROTOCOL, /* IPPROTO_*, a byte */
	NFT_TYPE_SERVICE,  /* a port, two bytes */
	NFT_TYPE_MARK,     /* four bytes, of the host's order */
	NFT_TYPE_LINK,     /* a link's name, 16 bytes */
	NFT_TYPE_VERDICT,  /* of maps: what becomes of the packet */
};

/* A set, or with DATA a map. Several fields make a concatenation; unused ones are NFT_TYPE_NONE. */
struct nft_set {
	const char *name;
	enum nft_type key[NFT_FIELDS_MAX];
	enum nft_type data[NFT_FIELDS_MAX]; /* all none: a set */
	bool interval;                      /* elements are ranges, of each field */
};

/* The value of a key or of data: its fields one behind the other. Zeroed: empty. */
struct nft_value {
	uint8_t bytes[NFT_VALUE_SIZE];
	size_t size;
};

/* Append a field; what does not fit makes the value refused by the kernel. */
void nft_value_add_ip(struct nft_value *value, const struct ip *ip);
void nft_value_add_mac(struct nft_value *value, const uint8_t mac[static 6]);
void nft_value_add_protocol(struct nft_value *value, uint8_t protocol);
void nft_value_add_service(struct nft_value *value, uint16_t port);
void nft_value_add_mark(struct nft_value *value, uint32_t mark);
void nft_value_add_link(struct nft_value *value, const char *name);

/* Zeroed members are not there. */
struct nft_element {
	struct nft_value key;
	struct nft_value last; /* interval sets: the end of the range, part of it */
	struct nft_value data;
	int32_t verdict;   /* of verdict maps, as nft_verdict() takes it */
	const char *chain; /* of NFT_JUMP and NFT_GOTO */
};

/* Makes a set unless it is there; rules of the same transaction may use it behind that. */
void nft_set_add(struct nft_batch *batch, const struct nft_set *set);

/* Deletes a set that no rule uses, or all that is in it. */
void nft_set_delete(struct nft_batch *batch, const char *name);
void nft_set_flush(struct nft_batch *batch, const char *name);

/* Adds elements (one that is there already with other data is an error), or deletes them by key. */
void nft_elements_add(struct nft_batch *batch, const struct nft_set *set,
		      const struct nft_element *elements, size_t count);
void nft_elements_delete(struct nft_batch *batch, const struct nft_set *set,
			 const struct nft_element *elements, size_t count);

#endif
