/* SPDX-License-Identifier: MIT */
/* The part of the nftables table that is the same for all machines. */
#include "rules_parts.h"

#include "../base/cleanup.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>

const struct nft_set rules_links = {.name = "links", .key = {NFT_TYPE_LINK}};
const struct nft_set rules_masquerade = {.name = "masqueraded", .key = {NFT_TYPE_LINK}};
const struct nft_set rules_isolated = {.name = "isolated", .key = {NFT_TYPE_LINK}};
const struct nft_set rules_hairpin = {.name = "hairpin", .key = {NFT_TYPE_LINK, NFT_TYPE_LINK}};
const struct nft_set rules_back = {
	.name = "back", .key = {NFT_TYPE_LINK}, .data = {NFT_TYPE_VERDICT}};
const struct nft_set rules_from = {
	.name = "from", .key = {NFT_TYPE_LINK}, .data = {NFT_TYPE_VERDICT}};

const struct nft_set rules_ports[2] = {
	{.name = "ports4",
	 .key = {NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	 .data = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE}},
	{.name = "ports6",
	 .key = {NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	 .data = {NFT_TYPE_IPV6, NFT_TYPE_SERVICE}},
};

const struct nft_set rules_ports_at[2] = {
	{.name = "ports4_at",
	 .key = {NFT_TYPE_IPV4, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	 .data = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE}},
	{.name = "ports6_at",
	 .key = {NFT_TYPE_IPV6, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	 .data = {NFT_TYPE_IPV6, NFT_TYPE_SERVICE}},
};

const struct nft_set rules_dns[2] = {
	{.name = "dns4",
	 .key = {NFT_TYPE_LINK, NFT_TYPE_MAC, NFT_TYPE_IPV4},
	 .data = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE}},
	{.name = "dns6",
	 .key = {NFT_TYPE_LINK, NFT_TYPE_MAC, NFT_TYPE_IPV6},
	 .data = {NFT_TYPE_IPV6, NFT_TYPE_SERVICE}},
};

static const uint8_t families[2] = {NFPROTO_IPV4, NFPROTO_IPV6};
static const struct ip loopback4 = {.family = AF_INET, .bytes = {127}};

static const struct {
	const char *name;
	struct nft_hook hook;
} chains[] = {
	/* Before connections are looked up: what came in is seen as it was sent. */
	{RULES_GUARD, {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, NF_ACCEPT}},
	/* After bridges: with br_netfilter the hook above is theirs (br_nf_pre_routing()), and what is
	 * dropped there never gets to who reads packets off the bridge. */
	{"here", {"filter", NF_INET_LOCAL_IN, NF_IP_PRI_RAW, NF_ACCEPT}},
	{"between", {"filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, NF_ACCEPT}},
	{"published", {"nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST, NF_ACCEPT}},
	{"published-here", {"nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, NF_ACCEPT}},
	{"leaving", {"nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, NF_ACCEPT}},
};

/* The link that a packet came by or goes out by is in the set, or is not. */
static void match_links(struct nft_batch *batch, uint32_t meta, const struct nft_set *set, bool in)
{
	nft_load_meta(batch, meta, NFT_REG_1);
	nft_lookup(batch, set->name, NFT_REG_1, !in);
}

/*
 * With route_localnet on their links, which ports on localhost need, the kernel would take packets
 * of machines for and from 127.0.0.0/8 (ip_route_input_slow()): none is let in. It never takes ::1
 * off a link (ip6_rcv_core()).
 */
static void put_guard(struct nft_batch *batch)
{
	static const enum nft_side sides[] = {NFT_DESTINATION, NFT_SOURCE};

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		nft_rule_begin(batch, RULES_GUARD, "the host's loopback is none of theirs");
		match_links(batch, NFT_META_IIFNAME, &rules_links, true);
		nft_match_address(batch, sides[i], &loopback4, 8, true);
		nft_verdict(batch, NF_DROP, NULL);
		nft_rule_end(batch);
	}
	nft_rule_begin(batch, RULES_GUARD, NULL);
	nft_load_meta(batch, NFT_META_IIFNAME, NFT_REG_1);
	nft_lookup_map(batch, rules_from.name, NFT_REG_1, NFT_REG_VERDICT);
	nft_rule_end(batch);
}

static void put_between(struct nft_batch *batch)
{
	static const uint32_t ways[2][2] = {{NFT_META_IIFNAME, NFT_META_OIFNAME},
					    {NFT_META_OIFNAME, NFT_META_IIFNAME}};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		nft_rule_begin(batch, "between", "isolated from other machines");
		match_links(batch, ways[i][0], &rules_isolated, true);
		match_links(batch, ways[i][1], &rules_links, true);
		nft_verdict(batch, NF_DROP, NULL);
		nft_rule_end(batch);
	}
}

/* Fields of a concatenation begin at multiples of four bytes, and so do registers. */
#define REG(number)  (NFT_REG32_00 + (number))
#define REG_DATA     REG(10)
#define WORDS(bytes) ((uint32_t)((bytes) + 3) / 4)

/* Translates to the address and port in the registers from REG_DATA on. */
static void put_dnat(struct nft_batch *batch, size_t family)
{
	nft_nat(batch, NFT_NAT_DNAT, families[family], REG_DATA,
		REG_DATA + WORDS(ip_size(families[family])));
}

static void put_port_rule(struct nft_batch *batch, uint32_t hook, size_t family, bool bound)
{
	const char *chain = hook == NF_INET_PRE_ROUTING ? "published" : "published-here";
	uint32_t reg = REG(0);

	nft_rule_begin(batch, chain, NULL);
	nft_match_family(batch, families[family]);
	nft_match_local(batch);
	/* The kernel would drop what comes off a link for them, if it were not translated before. */
	if (family == 0 && hook == NF_INET_PRE_ROUTING)
		nft_match_address(batch, NFT_DESTINATION, &loopback4, 8, false);
	if (bound) {
		nft_load_address(batch, NFT_DESTINATION, families[family], reg);
		reg += WORDS(ip_size(families[family]));
	}
	nft_load_meta(batch, NFT_META_L4PROTO, reg);
	nft_load_port(batch, NFT_DESTINATION, reg + 1);
	nft_lookup_map(batch, bound ? rules_ports_at[family].name : rules_ports[family].name,
		       REG(0), REG_DATA);
	put_dnat(batch, family);
	nft_rule_end(batch);
}

/* DNS queries of a machine to its relay, known by the machine's Ethernet address where they share a
 * link; where it takes those by TCP is in the registers from REG_DATA on. */
static void match_dns(struct nft_batch *batch, size_t family, uint8_t protocol)
{
	nft_match_family(batch, families[family]);
	nft_match_port(batch, protocol, NFT_DESTINATION, 53, 53);
	nft_load_meta(batch, NFT_META_IIFNAME, REG(0));
	nft_load_mac(batch, NFT_SOURCE, REG(4));
	nft_load_address(batch, NFT_DESTINATION, families[family], REG(6));
	nft_lookup_map(batch, rules_dns[family].name, REG(0), REG_DATA);
}

/* Whatever else is at the host's port 53, or published there. */
static void put_dns_rules(struct nft_batch *batch, size_t family)
{
	nft_rule_begin(batch, "published", "read off the link");
	match_dns(batch, family, IPPROTO_UDP);
	nft_verdict(batch, NF_ACCEPT, NULL);
	nft_rule_end(batch);
	nft_rule_begin(batch, "published", NULL);
	match_dns(batch, family, IPPROTO_TCP);
	put_dnat(batch, family);
	nft_rule_end(batch);
	nft_rule_begin(batch, "here", "read off the link: nobody says that there is no such port");
	match_dns(batch, family, IPPROTO_UDP);
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
}

static void put_published(struct nft_batch *batch)
{
	static const uint32_t hooks[] = {NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT};

	for (size_t family = 0; family < 2; family++) {
		put_dns_rules(batch, family);
		for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
			put_port_rule(batch, hooks[i], family, true);
			put_port_rule(batch, hooks[i], family, false);
		}
	}
}

/* Nobody can answer to localhost from elsewhere: it goes out under the link's own address. */
static void put_local_source(struct nft_batch *batch, const struct ip *source, unsigned int prefix)
{
	nft_rule_begin(batch, "leaving", "the host's own localhost");
	match_links(batch, NFT_META_OIFNAME, &rules_links, true);
	nft_match_address(batch, NFT_SOURCE, source, prefix, true);
	nft_masquerade(batch);
	nft_rule_end(batch);
}

void rules_match_published(struct nft_batch *batch)
{
	const uint32_t translated = IPS_DST_NAT, none = 0;

	nft_load_ct(batch, NFT_CT_STATUS, NFT_REG_1);
	nft_mask(batch, NFT_REG_1, &translated, sizeof(translated));
	nft_compare(batch, NFT_REG_1, NFT_CMP_NEQ, &none, sizeof(none));
}

static void put_leaving(struct nft_batch *batch)
{
	const struct ip loopback6 = {.family = AF_INET6, .bytes = {[15] = 1}};

	nft_rule_begin(batch, "leaving", "machines to the outside");
	match_links(batch, NFT_META_IIFNAME, &rules_masquerade, true);
	match_links(batch, NFT_META_OIFNAME, &rules_links, false);
	nft_masquerade(batch);
	nft_rule_end(batch);
	put_local_source(batch, &loopback4, 8);
	put_local_source(batch, &loopback6, 128);
	nft_rule_begin(batch, "leaving", "back to where it came from, by a published port");
	nft_load_meta(batch, NFT_META_IIFNAME, REG(0));
	nft_load_meta(batch, NFT_META_OIFNAME, REG(4));
	nft_lookup(batch, rules_hairpin.name, REG(0), false);
	rules_match_published(batch);
	nft_masquerade(batch);
	nft_rule_end(batch);
	nft_rule_begin(batch, "leaving", NULL);
	nft_load_meta(batch, NFT_META_OIFNAME, NFT_REG_1);
	nft_lookup_map(batch, rules_back.name, NFT_REG_1, NFT_REG_VERDICT);
	nft_rule_end(batch);
}

void rules_put_base(struct nft_batch *batch, bool replace)
{
	const struct nft_set *const sets[] = {
		&rules_links,       &rules_masquerade,  &rules_isolated, &rules_hairpin,
		&rules_back,        &rules_from,        &rules_ports[0], &rules_ports[1],
		&rules_ports_at[0], &rules_ports_at[1], &rules_dns[0],   &rules_dns[1],
	};

	/* Nothing is deleted without need: closing a socket waits until the kernel has let go of what
	 * was (nft_rcv_nl_event(), nf_tables_api.c), a grace period of RCU. */
	if (replace)
		nft_table_replace(batch, RULES_COMMENT);
	else
		nft_table_add(batch, RULES_COMMENT);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		nft_set_add(batch, sets[i]);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		nft_chain_add(batch, chains[i].name, &chains[i].hook);
	put_guard(batch);
	put_between(batch);
	put_published(batch);
	put_leaving(batch);
}
