/* SPDX-License-Identifier: MIT */
/* Rules of nftables, put together from the kernel's expressions. */
#ifndef FLOE_NETLINK_NFT_RULE_H
#define FLOE_NETLINK_NFT_RULE_H

#include "nft.h"

#include <linux/netfilter/nf_nat.h>
#include <stdbool.h>

/*
 * A rule is nft_rule_begin(), then expressions in the order in which packets meet them, then
 * nft_rule_end(). Expressions hand on values in registers: NFT_REG_1 to NFT_REG_4 of 16 bytes each,
 * or the same memory as NFT_REG32_00 to NFT_REG32_15 of 4 bytes each. Values are as in packets.
 */
void nft_rule_begin(struct nft_batch *batch, const char *chain, const char *comment);
void nft_rule_end(struct nft_batch *batch);

/* Deletes one rule, by the handle that nft_rule_list() tells. */
void nft_rule_delete(struct nft_batch *batch, const char *chain, uint64_t handle);

/* Load something of the packet into a register: NFT_META_*; SIZE bytes at OFFSET behind the
 * NFT_PAYLOAD_* BASE; NFT_CT_* of its connection; what the routing table says, NFT_FIB_RESULT_* for
 * NFTA_FIB_F_* FLAGS. */
void nft_load_meta(struct nft_batch *batch, uint32_t key, uint32_t reg);
void nft_load_payload(struct nft_batch *batch, uint32_t base, uint32_t offset, uint32_t size,
		      uint32_t reg);
void nft_load_ct(struct nft_batch *batch, uint32_t key, uint32_t reg);
void nft_load_fib(struct nft_batch *batch, uint32_t result, uint32_t flags, uint32_t reg);

/* Puts SIZE bytes (16 at most) into a register. */
void nft_load(struct nft_batch *batch, uint32_t reg, const void *data, uint32_t size);

/* Sets a mark or the like from a register. */
void nft_set_meta(struct nft_batch *batch, uint32_t key, uint32_t reg);
void nft_set_ct(struct nft_batch *batch, uint32_t key, uint32_t reg);

/* Clears the bits of a register that are not in MASK. */
void nft_mask(struct nft_batch *batch, uint32_t reg, const void *mask, uint32_t size);

/* Ends the rule for packets for which the comparison NFT_CMP_* does not hold. */
void nft_compare(struct nft_batch *batch, uint32_t reg, uint32_t operation, const void *data,
		 uint32_t size);

/* Ends the rule for packets whose value is not in the set (INVERT: is in it). */
void nft_lookup(struct nft_batch *batch, const char *set, uint32_t reg, bool invert);

/* Translates a value by a map into the register TO, or follows a verdict map (TO is
 * NFT_REG_VERDICT). Ends the rule for values that are not in it. */
void nft_lookup_map(struct nft_batch *batch, const char *map, uint32_t reg, uint32_t to);

/* NF_ACCEPT, NF_DROP, NFT_RETURN, or NFT_JUMP and NFT_GOTO with a CHAIN (else NULL). */
void nft_verdict(struct nft_batch *batch, int32_t code, const char *chain);

/* Translates the destination (NFT_NAT_DNAT) or source (NFT_NAT_SNAT) to the address of FAMILY
 * (NFPROTO_IPV4, NFPROTO_IPV6) and the port in the registers; 0: it stays. */
void nft_nat(struct nft_batch *batch, uint32_t type, uint32_t family, uint32_t address_reg,
	     uint32_t port_reg);

void nft_masquerade(struct nft_batch *batch);
void nft_notrack(struct nft_batch *batch);
/* Goes on with packets that exceed BYTES a second, after BURST bytes that pass at once. */
void nft_limit_over(struct nft_batch *batch, uint64_t bytes, uint32_t burst);

void nft_counter(struct nft_batch *batch);

#endif
