/* SPDX-License-Identifier: MIT */
/* What rules mostly ask of packets, as nft(8) would ask it: so it lists them in its own words. */
#include "nft_match.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

/* Where the addresses are in the headers of both families. */
static const struct {
	uint8_t family;
	uint32_t offset[2]; /* by enum nft_side */
} addresses[] = {
	{NFPROTO_IPV4, {12, 16}},
	{NFPROTO_IPV6, {8, 24}},
};

static const uint32_t port_offsets[] = {[NFT_SOURCE] = 0, [NFT_DESTINATION] = 2};

static void match_number(struct nft_batch *batch, uint32_t meta, uint8_t number)
{
	nft_load_meta(batch, meta, NFT_REG_1);
	nft_compare(batch, NFT_REG_1, NFT_CMP_EQ, &number, sizeof(number));
}

void nft_match_link(struct nft_batch *batch, uint32_t meta, const char *name, bool equal)
{
	char padded[IF_NAMESIZE] = "";
	size_t length = strnlen(name, sizeof(padded));

	memcpy(padded, name, length);
	nft_load_meta(batch, meta, NFT_REG_1);
	/* A whole name is compared with its NULs, a beginning without. */
	nft_compare(batch, NFT_REG_1, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, padded,
		    length > 1 && name[length - 1] == '*' ? (uint32_t)length - 1 : sizeof(padded));
}

void nft_match_family(struct nft_batch *batch, uint8_t family)
{
	match_number(batch, NFT_META_NFPROTO, family);
}

void nft_match_protocol(struct nft_batch *batch, uint8_t protocol)
{
	match_number(batch, NFT_META_L4PROTO, protocol);
}

void nft_load_address(struct nft_batch *batch, enum nft_side side, uint8_t family, uint32_t reg)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (addresses[i].family == family)
			nft_load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER,
					 addresses[i].offset[side], (uint32_t)ip_size(family), reg);
}

/* NFPROTO_IPV4 and NFPROTO_IPV6 have the numbers of AF_INET and AF_INET6. */
void nft_match_address(struct nft_batch *batch, enum nft_side side, const struct ip *ip,
		       unsigned int prefix, bool equal)
{
	struct ip network = ip_network(ip, prefix), mask = {.family = ip->family};
	uint32_t size = (uint32_t)ip_size(ip->family);

	nft_match_family(batch, ip->family);
	nft_load_address(batch, side, ip->family, NFT_REG_1);
	if (prefix < ip_bits(ip->family)) {
		memset(mask.bytes, 0xff, sizeof(mask.bytes));
		mask = ip_network(&mask, prefix);
		nft_mask(batch, NFT_REG_1, mask.bytes, size);
	}
	nft_compare(batch, NFT_REG_1, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, network.bytes, size);
}

void nft_load_port(struct nft_batch *batch, enum nft_side side, uint32_t reg)
{
	nft_load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, port_offsets[side], sizeof(uint16_t),
			 reg);
}

/* Asked first, as nft(8) does: so it knows the field by its name when it lists the rule. */
void nft_load_mac(struct nft_batch *batch, enum nft_side side, uint32_t reg)
{
	const uint16_t ethernet = ARPHRD_ETHER;

	nft_load_meta(batch, NFT_META_IIFTYPE, reg);
	nft_compare(batch, reg, NFT_CMP_EQ, &ethernet, sizeof(ethernet));
	nft_load_payload(batch, NFT_PAYLOAD_LL_HEADER, side == NFT_SOURCE ? 6 : 0, 6, reg);
}

void nft_match_port(struct nft_batch *batch, uint8_t protocol, enum nft_side side, uint16_t first,
		    uint16_t last)
{
	uint16_t low = htons(first), high = htons(last);

	nft_match_protocol(batch, protocol);
	nft_load_port(batch, side, NFT_REG_1);
	if (first == last) {
		nft_compare(batch, NFT_REG_1, NFT_CMP_EQ, &low, sizeof(low));
		return;
	}
	nft_compare(batch, NFT_REG_1, NFT_CMP_GTE, &low, sizeof(low));
	nft_compare(batch, NFT_REG_1, NFT_CMP_LTE, &high, sizeof(high));
}

void nft_match_ct_state(struct nft_batch *batch, uint32_t states)
{
	const uint32_t none = 0;

	nft_load_ct(batch, NFT_CT_STATE, NFT_REG_1);
	nft_mask(batch, NFT_REG_1, &states, sizeof(states));
	nft_compare(batch, NFT_REG_1, NFT_CMP_NEQ, &none, sizeof(none));
}

void nft_match_local(struct nft_batch *batch)
{
	const uint32_t local = 2; /* RTN_LOCAL */

	nft_load_fib(batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR, NFT_REG_1);
	nft_compare(batch, NFT_REG_1, NFT_CMP_EQ, &local, sizeof(local));
}

void nft_nat_to(struct nft_batch *batch, uint32_t type, const struct ip *ip, uint16_t port)
{
	uint16_t big = htons(port);

	nft_load(batch, NFT_REG_1, ip->bytes, (uint32_t)ip_size(ip->family));
	if (port)
		nft_load(batch, NFT_REG_2, &big, sizeof(big));
	nft_nat(batch, type, ip->family, NFT_REG_1, port ? NFT_REG_2 : 0);
}
