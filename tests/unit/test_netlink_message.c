/* SPDX-License-Identifier: MIT */
/* Messages are put together as the kernel wants them, or the batch says that it failed. */
#include "../../netlink/message.h"

#include "../../netlink/attr.h"
#include "unit.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static void attributes_are_padded_and_nested(void **state)
{
	static const unsigned char expected[] = {
		60,   0, 0, 0,    /* length */
		16,   0, 5, 0,    /* type, NLM_F_REQUEST | NLM_F_ACK */
		0,    0, 0, 0,    /* sequence */
		0,    0, 0, 0,    /* port */
		7,    8, 9, 0,    /* header, padded */
		6,    0, 1, 0,    /* text */
		'a',  0, 0, 0,    /* */
		20,   0, 2, 0x80, /* a nest of what follows */
		5,    0, 3, 0,    /* */
		0xab, 0, 0, 0,    /* */
		8,    0, 4, 0,    /* a big-endian number */
		1,    2, 3, 4,    /* */
		12,   0, 5, 0,    /* behind the nest */
		0,    0, 0, 0,    /* */
		0,    0, 1, 0,    /* */
	};
	CLEANUP(batch_free) struct netlink_batch batch = {0};
	size_t nest;

	(void)state;
	message_begin(&batch, 16, NLM_F_ACK, "\7\10\11", 3);
	message_put_text(&batch, 1, "a");
	nest = message_nest(&batch, 2);
	message_put_u8(&batch, 3, 0xab);
	message_put_be32(&batch, 4, 0x01020304);
	message_nest_end(&batch, nest);
	message_put_be64(&batch, 5, 0x0100);
	assert_int_equal(batch.failed, 0);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.size, sizeof(expected));
	assert_memory_equal(batch_first(&batch), expected, sizeof(expected));
}

/* Beyond the storage, messages move to memory that grows: nothing of them may be lost. */
static void batches_grow(void **state)
{
	CLEANUP(batch_free) struct netlink_batch batch = {0};
	const struct nlmsghdr *message;
	const struct nlattr *attrs[3];
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (uint32_t i = 0; i < 500; i++) {
		size_t nest;

		message_begin(&batch, 16, 0, &i, sizeof(i));
		nest = message_nest(&batch, 1);
		message_put(&batch, 1, text, sizeof(text));
		message_nest_end(&batch, nest);
		message_put_u32(&batch, 2, i);
	}
	assert_int_equal(batch.failed, 0);
	assert_int_equal(batch.count, 500);
	message = batch_first(&batch);
	for (uint32_t i = 0; i < 500; i++) {
		assert_true(attr_sort_message(attrs, 3, message, sizeof(i)));
		assert_int_equal(*(const uint32_t *)NLMSG_DATA(message), i);
		assert_int_equal(attr_u32(attrs[2], 0), i);
		assert_non_null(attr_bytes(attrs[1], sizeof(text) + NLA_HDRLEN));
		message = (const void *)((const char *)message + NLMSG_ALIGN(message->nlmsg_len));
	}
}

static void what_does_not_fit_fails_for_good(void **state)
{
	CLEANUP(batch_free) struct netlink_batch batch = {0};
	CLEANUP_FREE char *much = calloc(1, 70000);
	size_t nest;

	(void)state;
	assert_non_null(much);
	message_begin(&batch, 16, 0, NULL, 0);
	message_put(&batch, 1, much, 65531);
	assert_int_equal(batch.failed, 0);
	message_put(&batch, 1, much, 65532);
	assert_int_equal(batch.failed, -EMSGSIZE);
	message_put_u32(&batch, 1, 1);
	assert_int_equal(batch.failed, -EMSGSIZE);
	batch_free(&batch);
	assert_null(batch_first(&batch));
	message_begin(&batch, 16, 0, NULL, 0);
	nest = message_nest(&batch, 1);
	for (int i = 0; i < 2; i++)
		message_put(&batch, 2, much, 40000);
	message_nest_end(&batch, nest);
	assert_int_equal(batch.failed, -EMSGSIZE);
}

static void values_are_read_by_their_size(void **state)
{
	CLEANUP(batch_free) struct netlink_batch batch = {0};
	const struct nlattr *attrs[8];
	char text[4];

	(void)state;
	message_begin(&batch, 16, 0, NULL, 0);
	message_put_u8(&batch, 1, 1);
	message_put_u16(&batch, 2, 2);
	message_put_be32(&batch, 3, 3);
	message_put_be64(&batch, 4, 4);
	message_put(&batch, 5, "abcdef", 6); /* without its NUL */
	message_put_u8(&batch, 6, 5);
	message_put_u8(&batch, 6, 6); /* the last of two counts */
	message_put_u8(&batch, 100, 1);
	assert_true(attr_sort_message(attrs, 8, batch_first(&batch), 0));
	assert_int_equal(attr_u8(attrs[1], 9), 1);
	assert_int_equal(attr_u16(attrs[2], 9), 2);
	assert_int_equal(attr_be32(attrs[3], 9), 3);
	assert_int_equal(attr_be64(attrs[4], 9), 4);
	assert_int_equal(attr_u8(attrs[6], 9), 6);
	assert_int_equal(attr_u32(attrs[1], 9), 9);
	assert_int_equal(attr_u8(attrs[7], 9), 9);
	attr_text(attrs[5], text, sizeof(text));
	assert_string_equal(text, "abc");
	attr_text(attrs[7], text, sizeof(text));
	assert_string_equal(text, "");
	assert_false(attr_sort_message(attrs, 8, batch_first(&batch), 4096));
	attr_sort_nest(attrs, 8, NULL);
	assert_null(attrs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_padded_and_nested),
		cmocka_unit_test(batches_grow),
		cmocka_unit_test(what_does_not_fit_fails_for_good),
		cmocka_unit_test(values_are_read_by_their_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
