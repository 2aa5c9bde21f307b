/* SPDX-License-Identifier: MIT */
/* Transactions of nftables: what is in them, and how their refusal is told. */
#include "../../netlink/nft_match.h"

#include "../../netlink/attr.h"
#include "../../netlink/nft_dump.h"
#include "netlink_recorded.h"
#include "unit.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

static const struct nft_set ranges = {
	.name = "ranges", .key = {NFT_TYPE_SERVICE}, .interval = true};
static const struct nft_set numbers = {.name = "numbers", .key = {NFT_TYPE_SERVICE}};

static const struct nlmsghdr *next_of(const struct nlmsghdr *message)
{
	return (const void *)((const char *)message + NLMSG_ALIGN(message->nlmsg_len));
}

/* The last message of a transaction, read as the kernel would list it. */
static size_t last_elements(struct nft_batch *batch, struct arena *arena,
			    struct nft_element_info **elements)
{
	const struct nlmsghdr *message = batch_first(&batch->messages);
	size_t count = 0;

	for (size_t i = 1; i < batch->messages.count; i++)
		message = next_of(message);
	*elements = NULL;
	assert_int_equal(nft_elements_parse(message, arena, elements, &count), 0);
	return count;
}

static void ranges_end_behind_their_last_value(void **state)
{
	static const struct {
		uint16_t first, last;
		size_t count;
		uint8_t end[2];
	} cases[] = {
		{10, 20, 2, {0, 21}},
		{10, 255, 2, {1, 0}},
		{7, 7, 2, {0, 8}},
		{10, 65535, 1, {0}}, /* nothing is behind it */
	};
	struct nft_element_info *elements;
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nft_element element = {0};
		CLEANUP_NFT struct nft_batch batch;

		nft_begin(&batch, NFPROTO_INET, "t");
		nft_value_add_service(&element.key, cases[i].first);
		nft_value_add_service(&element.last, cases[i].last);
		nft_elements_add(&batch, &ranges, &element, 1);
		assert_int_equal(last_elements(&batch, &arena, &elements), cases[i].count);
		assert_false(elements[0].range_end);
		if (cases[i].count < 2)
			continue;
		assert_true(elements[1].range_end);
		assert_memory_equal(elements[1].key.bytes, cases[i].end, 2);
	}
	arena_free(&arena);
}

static void many_elements_take_several_messages(void **state)
{
	static struct nft_element many[1001];
	struct nft_element_info *elements;
	struct arena arena = {0};
	CLEANUP_NFT struct nft_batch batch;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		nft_value_add_service(&many[i].key, (uint16_t)i);
	nft_begin(&batch, NFPROTO_INET, "t");
	nft_elements_add(&batch, &numbers, many, ARRAY_SIZE(many));
	assert_int_equal(batch.messages.failed, 0);
	assert_int_equal(batch.messages.count, 1 + 6);
	assert_int_equal(last_elements(&batch, &arena, &elements), 1);
	arena_free(&arena);
}

static void fields_are_aligned_in_concatenations(void **state)
{
	static const uint8_t expected[] = {6, 0, 0, 0, 0x1f, 0x90, 0, 0, 10, 0, 0, 1};
	const struct ip ip = {AF_INET, {10, 0, 0, 1}};
	struct nft_value value = {0}, large = {0};

	(void)state;
	nft_value_add_protocol(&value, 6);
	nft_value_add_service(&value, 8080);
	nft_value_add_ip(&value, &ip);
	assert_int_equal(value.size, sizeof(expected));
	assert_memory_equal(value.bytes, expected, sizeof(expected));
	/* Too much is not written; that it was asked for is kept, for the kernel to refuse. */
	for (int i = 0; i < 10; i++)
		nft_value_add_link(&large, "a-very-long-name-of-a-link");
	assert_int_equal(large.size, 160);
}

static void long_comments_are_cut(void **state)
{
	const struct nlattr *attrs[NFTA_TABLE_USERDATA + 1];
	CLEANUP_NFT struct nft_batch batch;
	char comment[300];

	(void)state;
	memset(comment, 'c', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	nft_begin(&batch, NFPROTO_INET, "t");
	nft_table_add(&batch, comment);
	assert_true(attr_sort_message(attrs, NFTA_TABLE_USERDATA + 1,
				      next_of(batch_first(&batch.messages)),
				      sizeof(struct nfgenmsg)));
	assert_non_null(attr_bytes(attrs[NFTA_TABLE_USERDATA], 2 + NFT_COMMENT_MAX + 1));
}

/* The rule that was recorded, put together again: what the kernel listed begins the same way. */
static void rules_are_what_the_kernel_lists(void **state)
{
	const struct nlattr *attrs[NFTA_RULE_USERDATA + 1];
	struct arena arena = {0};
	struct nft_rule_info rule;
	CLEANUP_NFT struct nft_batch batch;

	(void)state;
	nft_begin(&batch, NFPROTO_INET, "floe-test");
	nft_rule_begin(&batch, "forward", "known connections");
	nft_load_ct(&batch, NFT_CT_STATE, NFT_REG_1);
	nft_rule_end(&batch);
	assert_true(attr_sort_message(attrs, NFTA_RULE_USERDATA + 1,
				      next_of(batch_first(&batch.messages)),
				      sizeof(struct nfgenmsg)));
	assert_int_equal(nft_rule_parse(recorded(RECORDED_RULE), &arena, &rule), 0);
	/* The expression but for its flags: NLA_F_NESTED is not listed, and numbers may be in any
	 * order. Its name and the size of all are the same. */
	assert_int_equal(attrs[NFTA_RULE_EXPRESSIONS]->nla_len - NLA_HDRLEN,
			 ((const struct nlattr *)rule.expressions)->nla_len);
	assert_memory_equal((const char *)(attrs[NFTA_RULE_EXPRESSIONS] + 1) + 4,
			    (const char *)rule.expressions + 4, 8);
	arena_free(&arena);
}

struct refusal {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

static void refusals_name_the_act(void **state)
{
	struct refusal answers[] = {
		{{sizeof(answers[0]), NLMSG_ERROR, NLM_F_CAPPED, 3, 0}, {.error = -ENOENT}},
		{{sizeof(answers[0]), NLMSG_ERROR, NLM_F_CAPPED, 4, 0}, {.error = 0}},
	};
	struct netlink netlink = {.protocol = NETLINK_NETFILTER};
	struct floe_error error = {0};
	_Alignas(8) char sent[4096];
	const struct nlmsghdr *message = (const void *)sent;
	CLEANUP_NFT struct nft_batch batch;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	netlink.fd = fds[0];
	nft_begin(&batch, NFPROTO_INET, "t");
	nft_table_add(&batch, NULL);
	nft_chain_flush(&batch, "web");
	nft_chain_delete(&batch, "other");
	assert_int_equal(write(fds[1], answers, sizeof(answers)), sizeof(answers));
	assert_int_equal(nft_commit(&netlink, &batch, &error), -ENOENT);
	assert_string_equal(error.message, "nftables table t: cannot flush the chain web: No such "
					   "file or directory");
	/* Begun and ended, and only the last act asks for an answer. */
	assert_true(read(fds[1], sent, sizeof(sent)) > 0);
	assert_int_equal(message->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	for (int i = 1; i < 5; i++) {
		message = next_of(message);
		assert_int_equal(message->nlmsg_flags & NLM_F_ACK, i == 3 ? NLM_F_ACK : 0);
	}
	assert_int_equal(message->nlmsg_type, NFNL_MSG_BATCH_END);
	close(fds[1]);
	netlink_close(&netlink);
}

static void an_empty_transaction_is_not_sent(void **state)
{
	struct netlink closed = NETLINK_CLOSED;
	CLEANUP_NFT struct nft_batch batch;

	(void)state;
	nft_begin(&batch, NFPROTO_INET, "t");
	assert_int_equal(nft_commit(&closed, &batch, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_end_behind_their_last_value),
		cmocka_unit_test(many_elements_take_several_messages),
		cmocka_unit_test(fields_are_aligned_in_concatenations),
		cmocka_unit_test(long_comments_are_cut),
		cmocka_unit_test(rules_are_what_the_kernel_lists),
		cmocka_unit_test(refusals_name_the_act),
		cmocka_unit_test(an_empty_transaction_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
