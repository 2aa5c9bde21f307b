/* SPDX-License-Identifier: MIT */
/* The functions that stand in for libmnl in static programs do what libmnl's own do. */
#include "netlink_recorded.h"
#include "unit.h"

#include <libmnl/libmnl.h>
#include <string.h>

/* The file again under other names; the declarations are those of the names it has elsewhere. */
#define mnl_nlmsg_put_header         own_nlmsg_put_header
#define mnl_nlmsg_put_extra_header   own_nlmsg_put_extra_header
#define mnl_nlmsg_get_payload_len    own_nlmsg_get_payload_len
#define mnl_nlmsg_get_payload        own_nlmsg_get_payload
#define mnl_nlmsg_get_payload_offset own_nlmsg_get_payload_offset
#define mnl_nlmsg_ok                 own_nlmsg_ok
#define mnl_nlmsg_next               own_nlmsg_next
#define mnl_attr_put                 own_attr_put
#define mnl_attr_get_type            own_attr_get_type
#define mnl_attr_get_payload_len     own_attr_get_payload_len
#define mnl_attr_get_payload         own_attr_get_payload
#define mnl_attr_ok                  own_attr_ok
#define mnl_attr_next                own_attr_next
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "../../netlink/static/mnl.c" /* NOLINT(bugprone-suspicious-include) */
#pragma GCC diagnostic pop
#undef mnl_nlmsg_put_header
#undef mnl_nlmsg_put_extra_header
#undef mnl_nlmsg_get_payload_len
#undef mnl_nlmsg_get_payload
#undef mnl_nlmsg_get_payload_offset
#undef mnl_nlmsg_ok
#undef mnl_nlmsg_next
#undef mnl_attr_put
#undef mnl_attr_get_type
#undef mnl_attr_get_payload_len
#undef mnl_attr_get_payload
#undef mnl_attr_ok
#undef mnl_attr_next

#define SIZE 512

static void messages_are_written_alike(void **state)
{
	_Alignas(8) char own[SIZE], theirs[SIZE];

	(void)state;
	for (size_t size = 0; size < 40; size++) {
		/* Padding is not compared: libmnl writes it since 1.0.5 only, message.c always. */
		struct nlmsghdr *a = own_nlmsg_put_header(memset(own, 0, SIZE));
		struct nlmsghdr *b = mnl_nlmsg_put_header(memset(theirs, 0, SIZE));

		assert_ptr_equal((char *)own_nlmsg_put_extra_header(a, size) - own,
				 (char *)mnl_nlmsg_put_extra_header(b, size) - theirs);
		for (uint16_t type = 1; type < 4; type++) {
			own_attr_put(a, type, size, "0123456789012345678901234567890123456789");
			mnl_attr_put(b, type, size, "0123456789012345678901234567890123456789");
		}
		assert_memory_equal(own, theirs, SIZE);
	}
}

static void check_attributes(const struct nlmsghdr *message)
{
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(message, 5);
	const char *end = (const char *)message + message->nlmsg_len;

	assert_ptr_equal(own_nlmsg_get_payload_offset(message, 5), attr);
	while (mnl_attr_ok(attr, (int)(end - (const char *)attr))) {
		assert_true(own_attr_ok(attr, (int)(end - (const char *)attr)));
		assert_int_equal(own_attr_get_type(attr), mnl_attr_get_type(attr));
		assert_int_equal(own_attr_get_payload_len(attr), mnl_attr_get_payload_len(attr));
		assert_ptr_equal(own_attr_get_payload(attr), mnl_attr_get_payload(attr));
		assert_ptr_equal(own_attr_next(attr), mnl_attr_next(attr));
		attr = mnl_attr_next(attr);
	}
	assert_false(own_attr_ok(attr, (int)(end - (const char *)attr)));
}

static void messages_are_read_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < recorded_count; i++) {
		const struct nlmsghdr *message = recorded((enum recorded_message)i);
		int rest = 5000, other = 5000;

		assert_ptr_equal(own_nlmsg_get_payload(message), mnl_nlmsg_get_payload(message));
		assert_int_equal(own_nlmsg_get_payload_len(message),
				 mnl_nlmsg_get_payload_len(message));
		assert_ptr_equal(own_nlmsg_next(message, &rest), mnl_nlmsg_next(message, &other));
		assert_int_equal(rest, other);
		check_attributes(message);
	}
}

static void sizes_are_judged_alike(void **state)
{
	static const uint32_t lengths[] = {0, 1, 3, 4, 5, 15, 16, 17, 100, 0x7fffffff};
	static const int rests[] = {-100, -1, 0, 1, 3, 4, 15, 16, 17, 100, INT32_MAX};

	(void)state;
	/* libmnl takes this for a negative size, which is less than any. */
	assert_false(own_nlmsg_ok(&(struct nlmsghdr){.nlmsg_len = UINT32_MAX}, 100));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct nlmsghdr message = {.nlmsg_len = lengths[i]};
		const struct nlattr attr = {.nla_len = (uint16_t)lengths[i]};

		for (size_t j = 0; j < ARRAY_SIZE(rests); j++) {
			assert_int_equal(own_nlmsg_ok(&message, rests[j]),
					 mnl_nlmsg_ok(&message, rests[j]));
			assert_int_equal(own_attr_ok(&attr, rests[j]),
					 mnl_attr_ok(&attr, rests[j]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_written_alike),
		cmocka_unit_test(messages_are_read_alike),
		cmocka_unit_test(sizes_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
