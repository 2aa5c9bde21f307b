/* SPDX-License-Identifier: MIT */
/* Changes of one nftables table, all done or none: its chains; rules and sets have own headers. */
#ifndef FLOE_NETLINK_NFT_H
#define FLOE_NETLINK_NFT_H

#include "../runtime/base/arena.h"
#include "socket.h"

/* Before the kernel's: those leave out what is defined already, the C library's do not. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdint.h>

/* Longest comment of tables and rules, without its NUL: what nft(8) takes. */
#define NFT_COMMENT_MAX 127

/*
 * A transaction under construction, from nft_begin() to nft_free(). The functions that add to it
 * check nothing and cannot fail; what the kernel or memory refuses is said by nft_commit(). Names are
 * copied. Nothing is done to other tables.
 */
struct nft_batch {
	struct netlink_batch messages;
	struct arena memory;
	uint8_t family; /* NFPROTO_INET, NFPROTO_IPV4, … */
	const char *table;
	const char **acts; /* what each message does, in words */
	size_t act_count;
	size_t rule_nest; /* of the rule under construction */
	uint32_t set_id;  /* of the last set */
};

#define CLEANUP_NFT __attribute__((cleanup(nft_free)))

/* Begins a transaction on TABLE. BATCH is not to be copied. */
void nft_begin(struct nft_batch *batch, uint8_t family, const char *table);
void nft_free(struct nft_batch *batch);

/* Does everything on a NETLINK_NETFILTER socket. Returns 0, or a negative errno with ERROR filled for
 * the act that was refused; then nothing is changed. */
int nft_commit(struct netlink *netlink, struct nft_batch *batch, struct floe_error *error);

/* Makes the table unless it is there. COMMENT (NULL: none) is kept of a new one only. */
void nft_table_add(struct nft_batch *batch, const char *comment);

/* Deletes the table with all that is in it; that it is not there is an error. */
void nft_table_delete(struct nft_batch *batch);

/* Begins anew: an empty table, whether there was one or not. What it had goes at the commit. */
void nft_table_replace(struct nft_batch *batch, const char *comment);

/* Where packets come from into a base chain. */
struct nft_hook {
	const char *type; /* "filter", "nat" or "route" */
	uint32_t number;  /* NF_INET_PRE_ROUTING, … */
	int32_t priority; /* NF_IP_PRI_* of linux/netfilter_ipv4.h, or between */
	uint32_t policy;  /* NF_DROP or NF_ACCEPT */
};

/* Makes a chain unless it is there; HOOK NULL: it is jumped to only. */
void nft_chain_add(struct nft_batch *batch, const char *name, const struct nft_hook *hook);

/* Deletes the rules of a chain, or an unused chain without rules. */
void nft_chain_flush(struct nft_batch *batch, const char *name);
void nft_chain_delete(struct nft_batch *batch, const char *name);

/* For the other parts of nft: begins a message of TYPE (NFT_MSG_*), which does what the words say. */
void nft_message(struct nft_batch *batch, uint16_t type, uint16_t flags, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Appends a comment as nft(8) stores it; nothing for NULL. Cut to NFT_COMMENT_MAX bytes. */
void nft_put_comment(struct nft_batch *batch, uint16_t attribute, const char *comment);

#endif
