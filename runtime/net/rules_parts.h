/* SPDX-License-Identifier: MIT */
/* The parts of the nftables table; private to rules*.c. */
#ifndef FLOE_NET_RULES_PARTS_H
#define FLOE_NET_RULES_PARTS_H

#include "../../netlink/nft_match.h"
#include "../../netlink/nft_set.h"
#include "rules.h"

/* Kept of the table: one with another comment was made by another version, or by nobody of ours. */
#define RULES_COMMENT "kept by floe: machines and their ports (2)"

#define RULES_GUARD   "guard"

extern const struct nft_set rules_links;       /* what machines' packets come in by */
extern const struct nft_set rules_masquerade;  /* those that go out under the host's address */
extern const struct nft_set rules_isolated;    /* those kept from the others */
extern const struct nft_set rules_hairpin;     /* from a link to itself */
extern const struct nft_set rules_back;        /* bridges of zones: who sends back to them */
extern const struct nft_set rules_from;        /* links whose packets have a chain of their own */
extern const struct nft_set rules_ports[2];    /* by family_index(): published everywhere */
extern const struct nft_set rules_ports_at[2]; /* on one address */
extern const struct nft_set rules_dns[2];      /* link, Ethernet address, gateway: DNS by TCP */

/* It was sent to a published port. */
void rules_match_published(struct nft_batch *batch);

/* The empty table with its chains and sets; REPLACE: in place of the one that is there. */
void rules_put_base(struct nft_batch *batch, bool replace);

#endif
