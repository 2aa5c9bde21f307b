/* SPDX-License-Identifier: MIT */
/* What rules mostly ask of packets, and do with them, as one call each. */
#ifndef FLOE_NETLINK_NFT_MATCH_H
#define FLOE_NETLINK_NFT_MATCH_H

#include "ip.h"
#include "nft_rule.h"

/*
 * Each goes on with packets for which it holds, and uses the registers NFT_REG_1 and NFT_REG_2. They
 * ask for the address family or protocol first where that is needed to find a field.
 */
enum nft_side {
	NFT_SOURCE,
	NFT_DESTINATION,
};

/* The link a packet came from (NFT_META_IIFNAME) or goes to (NFT_META_OIFNAME) has this name; with
 * a '*' at its end, begins so. EQUAL false: has another. */
void nft_match_link(struct nft_batch *batch, uint32_t meta, const char *name, bool equal);

/* It is IPv4 or IPv6: NFPROTO_IPV4, NFPROTO_IPV6. */
void nft_match_family(struct nft_batch *batch, uint8_t family);

/* It is of the transport protocol IPPROTO_*. */
void nft_match_protocol(struct nft_batch *batch, uint8_t protocol);

/* The address is in the network of PREFIX bits; EQUAL false: of that family, and elsewhere. */
void nft_match_address(struct nft_batch *batch, enum nft_side side, const struct ip *ip,
		       unsigned int prefix, bool equal);

/* The port of that transport protocol is from FIRST to LAST. */
void nft_match_port(struct nft_batch *batch, uint8_t protocol, enum nft_side side, uint16_t first,
		    uint16_t last);

/* The connection is in one of the states: NF_CT_STATE_BIT(IP_CT_NEW) and the like, or-ed. */
void nft_match_ct_state(struct nft_batch *batch, uint32_t states);

/* The destination is an address of this host. */
void nft_match_local(struct nft_batch *batch);

/* Loads the address or the port of TCP, UDP and SCTP into a register. */
void nft_load_address(struct nft_batch *batch, enum nft_side side, uint8_t family, uint32_t reg);
void nft_load_port(struct nft_batch *batch, enum nft_side side, uint32_t reg);

/* Of what came by an Ethernet link. */
void nft_load_mac(struct nft_batch *batch, enum nft_side side, uint32_t reg);

/* Translates to a fixed address and port (0: it stays); TYPE as in nft_nat(). */
void nft_nat_to(struct nft_batch *batch, uint32_t type, const struct ip *ip, uint16_t port);

#endif
