/* SPDX-License-Identifier: MIT */
/* The verbs of netlink-tool about nftables. */
#include "../../netlink/nft_dump.h"
#include "../../netlink/nft_match.h"
#include "netlink-tool.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "floe-test"

static const struct nft_set ports4 = {
	.name = "ports4",
	.key = {NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	.data = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE},
};

static const struct nft_set ports6 = {
	.name = "ports6",
	.key = {NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE},
	.data = {NFT_TYPE_IPV6, NFT_TYPE_SERVICE},
};

static const struct {
	uint8_t family;
	const struct nft_set *ports;
} families[] = {{NFPROTO_IPV4, &ports4}, {NFPROTO_IPV6, &ports6}};

static struct ip read_ip(const char *text)
{
	struct ip ip;

	if (ip_parse(text, &ip) < 0)
		tool_die(text);
	return ip;
}

/* What is for this host, by its port to where the map says. */
static void add_port_rules(struct nft_batch *batch, const char *chain)
{
	for (size_t i = 0; i < 2; i++) {
		nft_rule_begin(batch, chain, "published ports");
		nft_match_family(batch, families[i].family);
		nft_match_local(batch);
		nft_load_meta(batch, NFT_META_L4PROTO, NFT_REG32_00);
		nft_load_port(batch, NFT_DESTINATION, NFT_REG32_01);
		nft_lookup_map(batch, families[i].ports->name, NFT_REG32_00, NFT_REG32_08);
		nft_nat(batch, NFT_NAT_DNAT, families[i].family, NFT_REG32_08,
			families[i].family == NFPROTO_IPV4 ? NFT_REG32_09 : NFT_REG32_12);
		nft_rule_end(batch);
	}
}

static void add_port(struct nft_batch *batch, uint8_t protocol, uint16_t port, const struct ip *to,
		     uint16_t to_port)
{
	struct nft_element element = {0};

	nft_value_add_protocol(&element.key, protocol);
	nft_value_add_service(&element.key, port);
	nft_value_add_ip(&element.data, to);
	nft_value_add_service(&element.data, to_port);
	nft_elements_add(batch, to->family == AF_INET ? &ports4 : &ports6, &element, 1);
}

/* nft-ports IPV4 IPV6 OUTSIDE: ports 8080 of both go to port 80 there, and what comes from there
 * leaves by the link OUTSIDE with the host's address. */
int tool_nft_ports(struct tool *tool, char **a)
{
	static const struct nft_hook in = {"nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST,
					   NF_ACCEPT},
				     out = {"nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, NF_ACCEPT},
				     post = {"nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC,
					     NF_ACCEPT};
	const struct ip to[] = {read_ip(a[0]), read_ip(a[1])};
	CLEANUP_NFT struct nft_batch batch;

	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_table_replace(&batch, "ports");
	nft_set_add(&batch, &ports4);
	nft_set_add(&batch, &ports6);
	nft_chain_add(&batch, "prerouting", &in);
	nft_chain_add(&batch, "output", &out);
	nft_chain_add(&batch, "postrouting", &post);
	add_port_rules(&batch, "prerouting");
	add_port_rules(&batch, "output");
	for (size_t i = 0; i < 2; i++) {
		add_port(&batch, IPPROTO_TCP, 8080, &to[i], 80);
		add_port(&batch, IPPROTO_UDP, 8080, &to[i], 80);
		nft_rule_begin(&batch, "postrouting", "masquerade");
		nft_match_link(&batch, NFT_META_OIFNAME, a[2], true);
		nft_match_address(&batch, NFT_SOURCE, &to[i], i == 0 ? 28 : 64, true);
		nft_masquerade(&batch);
		nft_rule_end(&batch);
	}
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

static void add_simple_rules(struct nft_batch *batch)
{
	const struct ip ip4 = read_ip("192.0.2.0"), ip6 = read_ip("2001:db8::1");

	nft_rule_begin(batch, "forward", "known connections");
	nft_match_ct_state(batch,
			   NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	nft_counter(batch);
	nft_verdict(batch, NF_ACCEPT, NULL);
	nft_rule_end(batch);
	nft_rule_begin(batch, "forward", NULL);
	nft_match_link(batch, NFT_META_IIFNAME, "ve-*", false);
	nft_match_address(batch, NFT_SOURCE, &ip4, 24, false);
	nft_match_port(batch, IPPROTO_TCP, NFT_DESTINATION, 8000, 8999);
	nft_verdict(batch, NFT_JUMP, "machine");
	nft_rule_end(batch);
	nft_rule_begin(batch, "machine", NULL);
	nft_match_address(batch, NFT_DESTINATION, &ip6, 128, true);
	nft_match_port(batch, IPPROTO_UDP, NFT_SOURCE, 53, 53);
	nft_verdict(batch, NFT_RETURN, NULL);
	nft_rule_end(batch);
}

static void add_nat_rules(struct nft_batch *batch)
{
	const struct ip to = read_ip("198.51.100.7"), to6 = read_ip("2001:db8::7");

	nft_rule_begin(batch, "nat", "to a port");
	nft_match_protocol(batch, IPPROTO_TCP);
	nft_nat_to(batch, NFT_NAT_SNAT, &to, 4000);
	nft_rule_end(batch);
	nft_rule_begin(batch, "nat", "to an address");
	nft_match_family(batch, NFPROTO_IPV6);
	nft_nat_to(batch, NFT_NAT_SNAT, &to6, 0);
	nft_rule_end(batch);
	nft_rule_begin(batch, "raw", NULL);
	nft_match_protocol(batch, IPPROTO_UDP);
	nft_notrack(batch);
	nft_rule_end(batch);
}

static const struct nft_set ranges = {.name = "ranges", .key = {NFT_TYPE_IPV4}, .interval = true};
static const struct nft_set pairs = {
	.name = "pairs", .key = {NFT_TYPE_IPV4, NFT_TYPE_SERVICE}, .interval = true};
static const struct nft_set links = {
	.name = "links", .key = {NFT_TYPE_LINK}, .data = {NFT_TYPE_VERDICT}};
static const struct nft_set marks = {
	.name = "marks", .key = {NFT_TYPE_SERVICE}, .data = {NFT_TYPE_MARK}};

static void add_ranges(struct nft_batch *batch)
{
	struct nft_element range[2] = {0}, pair = {0};
	const struct ip first = read_ip("10.0.0.4"), last = read_ip("10.0.0.9"),
			top = read_ip("240.0.0.0"), all = read_ip("255.255.255.255");

	nft_value_add_ip(&range[0].key, &first);
	nft_value_add_ip(&range[0].last, &last);
	nft_value_add_ip(&range[1].key, &top);
	nft_value_add_ip(&range[1].last, &all);
	nft_elements_add(batch, &ranges, range, 2);
	nft_value_add_ip(&pair.key, &first);
	nft_value_add_service(&pair.key, 1000);
	nft_value_add_ip(&pair.last, &last);
	nft_value_add_service(&pair.last, 2000);
	nft_elements_add(batch, &pairs, &pair, 1);
}

static void add_maps(struct nft_batch *batch)
{
	struct nft_element jump = {.verdict = NFT_JUMP, .chain = "machine"}, many[450] = {0};

	nft_value_add_link(&jump.key, "ve-web");
	nft_elements_add(batch, &links, &jump, 1);
	for (uint16_t i = 0; i < 450; i++) {
		nft_value_add_service(&many[i].key, (uint16_t)(1000 + i));
		nft_value_add_mark(&many[i].data, i);
	}
	nft_elements_add(batch, &marks, many, 450);
}

static void add_set_rules(struct nft_batch *batch)
{
	nft_rule_begin(batch, "forward", NULL);
	nft_match_family(batch, NFPROTO_IPV4);
	nft_load_address(batch, NFT_SOURCE, NFPROTO_IPV4, NFT_REG_1);
	nft_lookup(batch, ranges.name, NFT_REG_1, true);
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
	nft_rule_begin(batch, "forward", NULL);
	nft_match_family(batch, NFPROTO_IPV4);
	nft_match_protocol(batch, IPPROTO_TCP);
	nft_load_address(batch, NFT_DESTINATION, NFPROTO_IPV4, NFT_REG32_00);
	nft_load_port(batch, NFT_DESTINATION, NFT_REG32_01);
	nft_lookup(batch, pairs.name, NFT_REG32_00, false);
	nft_verdict(batch, NFT_GOTO, "machine");
	nft_rule_end(batch);
	nft_rule_begin(batch, "forward", NULL);
	nft_load_meta(batch, NFT_META_IIFNAME, NFT_REG_1);
	nft_lookup_map(batch, links.name, NFT_REG_1, NFT_REG_VERDICT);
	nft_rule_end(batch);
	nft_rule_begin(batch, "machine", NULL);
	nft_match_protocol(batch, IPPROTO_TCP);
	nft_load_port(batch, NFT_DESTINATION, NFT_REG_1);
	nft_lookup_map(batch, marks.name, NFT_REG_1, NFT_REG_1);
	nft_set_meta(batch, NFT_META_MARK, NFT_REG_1);
	nft_load_meta(batch, NFT_META_MARK, NFT_REG_1);
	nft_set_ct(batch, NFT_CT_MARK, NFT_REG_1);
	nft_rule_end(batch);
}

/* nft-all: one of everything. */
int tool_nft_all(struct tool *tool, char **a)
{
	static const struct nft_hook forward = {"filter", NF_INET_FORWARD, -5, NF_DROP},
				     nat = {"nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC,
					    NF_ACCEPT},
				     raw = {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW,
					    NF_ACCEPT};
	CLEANUP_NFT struct nft_batch batch;

	(void)a;
	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_table_replace(&batch, "one of everything");
	nft_chain_add(&batch, "machine", NULL);
	nft_chain_add(&batch, "forward", &forward);
	nft_chain_add(&batch, "nat", &nat);
	nft_chain_add(&batch, "raw", &raw);
	nft_set_add(&batch, &ranges);
	nft_set_add(&batch, &pairs);
	nft_set_add(&batch, &links);
	nft_set_add(&batch, &marks);
	add_ranges(&batch);
	add_maps(&batch);
	add_simple_rules(&batch);
	add_nat_rules(&batch);
	add_set_rules(&batch);
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

/* nft-element add|delete PROTOCOL PORT: an element of ports4, to 10.1.0.2:80 */
int tool_nft_element(struct tool *tool, char **a)
{
	const struct ip to = read_ip("10.1.0.2");
	struct nft_element element = {0};
	CLEANUP_NFT struct nft_batch batch;

	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_value_add_protocol(&element.key, (uint8_t)atoi(a[1]));
	nft_value_add_service(&element.key, (uint16_t)atoi(a[2]));
	nft_value_add_ip(&element.data, &to);
	nft_value_add_service(&element.data, 80);
	if (a[0][0] == 'a')
		nft_elements_add(&batch, &ports4, &element, 1);
	else
		nft_elements_delete(&batch, &ports4, &element, 1);
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

/* nft-many COUNT: a table with a map of so many elements, in one transaction */
int tool_nft_many(struct tool *tool, char **a)
{
	size_t count = (size_t)atoi(a[0]);
	struct nft_element *elements = calloc(count, sizeof(*elements));
	CLEANUP_NFT struct nft_batch batch;

	if (!elements)
		tool_die("memory");
	for (size_t i = 0; i < count; i++) {
		nft_value_add_service(&elements[i].key, (uint16_t)i);
		nft_value_add_mark(&elements[i].data, (uint32_t)i);
	}
	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_table_replace(&batch, NULL);
	nft_set_add(&batch, &marks);
	nft_elements_add(&batch, &marks, elements, count);
	free(elements);
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

/* nft-refused: a table that is to be replaced by one with a rule that jumps nowhere */
int tool_nft_refused(struct tool *tool, char **a)
{
	CLEANUP_NFT struct nft_batch batch;

	(void)a;
	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_table_replace(&batch, "refused");
	nft_chain_add(&batch, "forward", NULL);
	nft_rule_begin(&batch, "forward", NULL);
	nft_verdict(&batch, NFT_JUMP, "nowhere");
	nft_rule_end(&batch);
	nft_chain_add(&batch, "behind", NULL);
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

int tool_nft_delete(struct tool *tool, char **a)
{
	CLEANUP_NFT struct nft_batch batch;

	(void)a;
	nft_begin(&batch, NFPROTO_INET, TABLE);
	nft_table_delete(&batch);
	return nft_commit(&tool->netlink, &batch, &tool->error);
}

static int show_sets(struct tool *tool, const char *table)
{
	struct nft_set_info *sets;
	struct nft_element_info *elements;
	size_t count, in_set;
	int r = nft_set_list(&tool->netlink, &tool->arena, NFPROTO_INET, table, &sets, &count,
			     &tool->error);

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = nft_element_list(&tool->netlink, &tool->arena, NFPROTO_INET, table,
				     sets[i].name, &elements, &in_set, &tool->error);
		if (r == 0)
			printf("set %s flags=%x key=%u data=%u elements=%zu\n", sets[i].name,
			       sets[i].flags, sets[i].key_size, sets[i].data_size, in_set);
	}
	return r;
}

static int show_rules(struct tool *tool, const char *table)
{
	struct nft_rule_info *rules;
	size_t count;
	int r = nft_rule_list(&tool->netlink, &tool->arena, NFPROTO_INET, table, NULL, &rules,
			      &count, &tool->error);

	for (size_t i = 0; r == 0 && i < count; i++) {
		printf("rule %s \"%s\" ", rules[i].chain, rules[i].comment);
		for (size_t j = 0; j < rules[i].expressions_size; j++)
			printf("%02x", ((const uint8_t *)rules[i].expressions)[j]);
		printf("\n");
	}
	return r;
}

/* nft-show TABLE */
int tool_nft_show(struct tool *tool, char **a)
{
	struct nft_table_info table;
	struct nft_chain_info *chains;
	size_t count;
	int r = nft_table_find(&tool->netlink, &tool->arena, NFPROTO_INET, a[0], &table,
			       &tool->error);

	if (r < 0)
		return r;
	printf("table %s \"%s\" use=%u\n", table.name, table.comment, table.use);
	r = nft_chain_list(&tool->netlink, &tool->arena, NFPROTO_INET, a[0], &chains, &count,
			   &tool->error);
	for (size_t i = 0; r == 0 && i < count; i++)
		printf("chain %s type=%s hook=%u priority=%d policy=%u\n", chains[i].name,
		       chains[i].type, chains[i].hook, chains[i].priority, chains[i].policy);
	if (r == 0)
		r = show_sets(tool, a[0]);
	return r < 0 ? r : show_rules(tool, a[0]);
}
