/* SPDX-License-Identifier: MIT */
/* What the kernel has of an nftables table: to see whether it is ours, and as it should be. */
#ifndef FLOE_NETLINK_NFT_DUMP_H
#define FLOE_NETLINK_NFT_DUMP_H

#include "nft_set.h"

/* Names of chains and sets in our tables are shorter; longer ones of others are cut. */
#define NFT_NAME_SIZE 64

/*
 * All functions take a NETLINK_NETFILTER socket, put what they find into ARENA, and return 0 or a
 * negative errno with ERROR filled: -ENOENT when there is no such table.
 */
struct nft_table_info {
	uint8_t family;
	uint32_t flags;  /* NFT_TABLE_F_* */
	uint32_t use;    /* chains, sets and other things in it */
	uint64_t handle; /* another one when it was deleted and made again */
	char name[NFT_NAME_SIZE];
	const char *comment; /* "" when it has none */
};

int nft_table_find(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		   struct nft_table_info *info, struct floe_error *error);

struct nft_chain_info {
	uint8_t family;
	char table[NFT_NAME_SIZE];
	char name[NFT_NAME_SIZE];
	uint64_t handle;
	uint32_t use;  /* rules in it and jumps to it */
	bool base;     /* has a hook, and what follows */
	char type[16]; /* "filter", "nat" or "route" */
	uint32_t hook;
	int32_t priority;
	uint32_t policy;
};

/* The chains of TABLE, or with NULL and NFPROTO_UNSPEC of all tables. */
int nft_chain_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		   struct nft_chain_info **chains, size_t *count, struct floe_error *error);

struct nft_rule_info {
	char table[NFT_NAME_SIZE];
	char chain[NFT_NAME_SIZE];
	uint64_t handle;
	const char *comment; /* "" when it has none */
	/* The kernel's expressions: two rules do the same when they are the same, but for counters. */
	const void *expressions;
	size_t expressions_size;
};

/* Whether the rule drops or rejects every packet that comes to it, but for counting and logging. */
bool nft_rule_stops_all(const struct nft_rule_info *rule);

/* The rules of CHAIN, or with NULL of all chains of the table, in their order. */
int nft_rule_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		  const char *chain, struct nft_rule_info **rules, size_t *count,
		  struct floe_error *error);

struct nft_set_info {
	char table[NFT_NAME_SIZE];
	char name[NFT_NAME_SIZE];
	uint64_t handle;
	uint32_t flags; /* NFT_SET_* */
	uint32_t key_type;
	uint32_t key_size;
	uint32_t data_type;
	uint32_t data_size;
};

int nft_set_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		 struct nft_set_info **sets, size_t *count, struct floe_error *error);

struct nft_element_info {
	struct nft_value key;
	struct nft_value last; /* of ranges of concatenations, else empty */
	struct nft_value data;
	bool range_end; /* of a lone field: where a range is over */
	int32_t verdict;
	char chain[NFT_NAME_SIZE];
};

int nft_element_list(struct netlink *netlink, struct arena *arena, uint8_t family,
		     const char *table, const char *set, struct nft_element_info **elements,
		     size_t *count, struct floe_error *error);

/* Read messages as the kernel lists them and notifies of them. Return 0, -EBADMSG or -ENOMEM.
 * nft_elements_parse() appends to an array, all elements of the message. */
int nft_table_parse(const struct nlmsghdr *message, struct arena *arena,
		    struct nft_table_info *info);
int nft_chain_parse(const struct nlmsghdr *message, struct nft_chain_info *info);
int nft_rule_parse(const struct nlmsghdr *message, struct arena *arena, struct nft_rule_info *info);
int nft_set_parse(const struct nlmsghdr *message, struct nft_set_info *info);
int nft_elements_parse(const struct nlmsghdr *message, struct arena *arena,
		       struct nft_element_info **elements, size_t *count);

#endif
