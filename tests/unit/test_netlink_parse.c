/* SPDX-License-Identifier: MIT */
/* Messages of the kernel are understood, and no damaged one does harm. */
#include "../../netlink/ack.h"
#include "../../netlink/addr.h"
#include "../../netlink/link.h"
#include "../../netlink/nft_dump.h"
#include "../../netlink/route.h"
#include "netlink_recorded.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void check_ip(const char *expected, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	assert_string_equal(ip_format(ip, text), expected);
}

static void links_are_read(void **state)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 1};
	struct arena arena = {0};
	struct link_info link;

	(void)state;
	assert_int_equal(link_parse(recorded(RECORDED_LINK), &arena, &link), 0);
	assert_string_equal(link.name, "ve-recorded");
	assert_string_equal(link.kind, "veth");
	assert_int_equal(link.index, 3);
	assert_int_equal(link.master, 2);
	assert_int_equal(link.mtu, 1400);
	assert_int_equal(link.peer, 2);
	assert_int_equal(link.peer_netns, 0);
	assert_true(link.flags & IFF_UP);
	assert_true(link.has_mac);
	assert_memory_equal(link.mac, mac, sizeof(mac));
	assert_int_equal(link.altname_count, 2);
	assert_string_equal(link.altnames[0], "ve-recorded-with-a-long-name");
	assert_string_equal(link.altnames[1], "second-alternative");
	assert_int_equal(link_parse(recorded(RECORDED_ADDR4), &arena, &link), -EBADMSG);
	arena_free(&arena);
}

static void addresses_are_read(void **state)
{
	struct addr addr;

	(void)state;
	assert_int_equal(addr_parse(recorded(RECORDED_ADDR4), &addr), 0);
	check_ip("10.2.0.1", &addr.local);
	check_ip("10.2.0.2", &addr.peer);
	assert_int_equal(addr.prefix, 32);
	assert_int_equal(addr.link, 3);
	assert_int_equal(addr_parse(recorded(RECORDED_ADDR6), &addr), 0);
	check_ip("fd00:1::1", &addr.local);
	check_ip("none", &addr.peer);
	assert_int_equal(addr.prefix, 64);
	assert_true(addr.flags & IFA_F_NODAD);
	assert_int_equal(addr_parse(recorded(RECORDED_LINK), &addr), -EBADMSG);
}

static void routes_are_read(void **state)
{
	struct route route;

	(void)state;
	assert_int_equal(route_parse(recorded(RECORDED_ROUTE4), &route), 0);
	check_ip("10.9.0.0", &route.to);
	check_ip("10.99.0.1", &route.gateway);
	assert_int_equal(route.prefix, 16);
	assert_int_equal(route.table, 300);
	assert_int_equal(route.protocol, RTPROT_STATIC);
	assert_true(route.onlink);
	assert_int_equal(route_parse(recorded(RECORDED_ROUTE6), &route), 0);
	check_ip("2001:db8::", &route.to);
	check_ip("fd00:1::2", &route.gateway);
	assert_int_equal(route.table, RT_TABLE_MAIN);
	assert_int_equal(route.link, 3);
	assert_int_equal(route_parse(recorded(RECORDED_RULE), &route), -EBADMSG);
}

static void tables_chains_and_rules_are_read(void **state)
{
	struct arena arena = {0};
	struct nft_table_info table;
	struct nft_chain_info chain;
	struct nft_rule_info rule;

	(void)state;
	assert_int_equal(nft_table_parse(recorded(RECORDED_TABLE), &arena, &table), 0);
	assert_string_equal(table.name, "floe-test");
	assert_string_equal(table.comment, "one of everything");
	assert_int_equal(table.family, NFPROTO_INET);
	assert_int_equal(table.use, 8);
	assert_int_equal(nft_chain_parse(recorded(RECORDED_CHAIN), &chain), 0);
	assert_string_equal(chain.name, "forward");
	assert_string_equal(chain.type, "filter");
	assert_true(chain.base);
	assert_int_equal(chain.hook, NF_INET_FORWARD);
	assert_int_equal(chain.priority, -5);
	assert_int_equal(chain.policy, NF_DROP);
	assert_int_equal(nft_rule_parse(recorded(RECORDED_RULE), &arena, &rule), 0);
	assert_string_equal(rule.chain, "forward");
	assert_string_equal(rule.comment, "known connections");
	assert_int_equal(rule.handle, 9);
	assert_true(rule.expressions_size > 100);
	arena_free(&arena);
}

static void sets_and_elements_are_read(void **state)
{
	static const uint8_t first[] = {10, 0, 0, 4, 1000 >> 8, 1000 & 0xff, 0, 0};
	static const uint8_t last[] = {10, 0, 0, 9, 2000 >> 8, 2000 & 0xff, 0, 0};
	struct nft_element_info *elements = NULL;
	struct arena arena = {0};
	struct nft_set_info set;
	size_t count = 0;

	(void)state;
	assert_int_equal(nft_set_parse(recorded(RECORDED_SET), &set), 0);
	assert_string_equal(set.name, "pairs");
	assert_int_equal(set.key_size, 8);
	assert_int_equal(set.flags, NFT_SET_INTERVAL | NFT_SET_CONCAT);
	assert_int_equal(nft_elements_parse(recorded(RECORDED_PAIRS), &arena, &elements, &count),
			 0);
	assert_int_equal(count, 1);
	assert_int_equal(elements[0].key.size, 8);
	assert_memory_equal(elements[0].key.bytes, first, sizeof(first));
	assert_memory_equal(elements[0].last.bytes, last, sizeof(last));
	/* Appended to what is there already. */
	assert_int_equal(nft_elements_parse(recorded(RECORDED_RANGES), &arena, &elements, &count),
			 0);
	/* The last range goes to the last address there is: nothing marks its end. */
	assert_int_equal(count, 4);
	assert_int_equal(elements[1].range_end + elements[2].range_end + elements[3].range_end, 1);
	assert_int_equal(nft_elements_parse(recorded(RECORDED_VERDICTS), &arena, &elements, &count),
			 0);
	assert_int_equal(count, 5);
	assert_int_equal(elements[4].verdict, NFT_JUMP);
	assert_string_equal(elements[4].chain, "machine");
	arena_free(&arena);
}

static void read_all(const struct nlmsghdr *message)
{
	struct nft_element_info *elements = NULL;
	struct nft_table_info table;
	struct nft_chain_info chain;
	struct nft_rule_info rule;
	struct nft_set_info set;
	struct link_info link;
	struct route route;
	struct arena arena = {0};
	struct addr addr;
	char text[16];
	size_t count = 0;

	link_parse(message, &arena, &link);
	addr_parse(message, &addr);
	route_parse(message, &route);
	nft_table_parse(message, &arena, &table);
	nft_chain_parse(message, &chain);
	nft_rule_parse(message, &arena, &rule);
	nft_set_parse(message, &set);
	nft_elements_parse(message, &arena, &elements, &count);
	ack_parse(message, text, sizeof(text));
	arena_free(&arena);
}

/* The sanitizers see every byte that is read behind the memory of a shortened message. */
static void shortened_messages_do_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < recorded_count; i++) {
		for (size_t size = NLMSG_HDRLEN; size <= recorded_messages[i].size; size++) {
			struct nlmsghdr *message = malloc(size);

			assert_non_null(message);
			memcpy(message, recorded_messages[i].bytes, size);
			message->nlmsg_len = (uint32_t)size;
			read_all(message);
			free(message);
		}
	}
}

/* Each byte behind the header becomes each of some values: most are sizes or types once. */
static void damaged_messages_do_no_harm(void **state)
{
	static const unsigned char values[] = {0, 1, 3, 4, 5, 0x7f, 0x80, 0xff};

	(void)state;
	for (size_t i = 0; i < recorded_count; i++) {
		size_t size = recorded_messages[i].size;
		struct nlmsghdr *message = malloc(size);

		assert_non_null(message);
		for (size_t at = NLMSG_HDRLEN; at < size; at++) {
			for (size_t v = 0; v < sizeof(values); v++) {
				memcpy(message, recorded_messages[i].bytes, size);
				((unsigned char *)message)[at] = values[v];
				read_all(message);
			}
		}
		free(message);
	}
}

/* A refusal with the kernel's words, as with NETLINK_CAP_ACK and without. */
struct refusal {
	struct nlmsghdr header;
	struct nlmsgerr error;
	struct nlattr attr;
	char text[8];
};

static struct refusal make_refusal(void)
{
	return (struct refusal){
		.header = {.nlmsg_len = sizeof(struct refusal),
			   .nlmsg_type = NLMSG_ERROR,
			   .nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS},
		.error = {.error = -EEXIST, .msg = {.nlmsg_len = 999}},
		.attr = {.nla_len = NLA_HDRLEN + 8, .nla_type = NLMSGERR_ATTR_MSG},
		.text = "because",
	};
}

static void refusals_are_read(void **state)
{
	struct refusal refusal = make_refusal();
	char text[16], small[4];

	(void)state;
	assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), -EEXIST);
	assert_string_equal(text, "because");
	assert_int_equal(ack_parse(&refusal.header, small, sizeof(small)), -EEXIST);
	assert_string_equal(small, "bec");
	/* Behind the whole request, which is its header here. */
	refusal.header.nlmsg_flags = NLM_F_ACK_TLVS;
	refusal.error.msg.nlmsg_len = sizeof(struct nlmsghdr);
	assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), -EEXIST);
	assert_string_equal(text, "because");
	/* A request longer than the answer. */
	refusal.error.msg.nlmsg_len = UINT32_MAX;
	assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), -EEXIST);
	assert_string_equal(text, "");
}

static void odd_answers_are_none(void **state)
{
	static const int codes[] = {1, -4096, INT32_MIN};
	struct refusal refusal = make_refusal();
	char text[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		refusal.error.error = codes[i];
		assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), -EBADMSG);
	}
	refusal.error.error = 0;
	assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), 0);
	refusal.header.nlmsg_len = NLMSG_HDRLEN + 3;
	assert_int_equal(ack_parse(&refusal.header, text, sizeof(text)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_read),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(routes_are_read),
		cmocka_unit_test(tables_chains_and_rules_are_read),
		cmocka_unit_test(sets_and_elements_are_read),
		cmocka_unit_test(shortened_messages_do_no_harm),
		cmocka_unit_test(damaged_messages_do_no_harm),
		cmocka_unit_test(refusals_are_read),
		cmocka_unit_test(odd_answers_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
