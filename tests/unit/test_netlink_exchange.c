/* SPDX-License-Identifier: MIT */
/* Requests and their answers, with the test in the place of the kernel. */
#include "../../netlink/socket.h"

#include "../../netlink/list.h"
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Sends of a pair of datagram sockets look to the other like those of the kernel: port 0. */
struct pair {
	struct netlink netlink;
	int kernel;
};

static struct pair make_pair(int protocol)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){.netlink = {.fd = fds[0], .protocol = protocol}, .kernel = fds[1]};
}

static void end_pair(struct pair *pair)
{
	netlink_close(&pair->netlink);
	assert_int_equal(pair->netlink.fd, -1);
	close(pair->kernel);
}

/* What the kernel will answer to the message of that sequence number. */
static void answer(struct pair *pair, uint32_t sequence, int code, const char *text)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct nlmsgerr error = {.error = code, .msg = {.nlmsg_seq = sequence}};
	struct nlmsghdr *message;

	message_begin(&batch, NLMSG_ERROR, 0, &error, sizeof(error));
	if (text)
		message_put_text(&batch, NLMSGERR_ATTR_MSG, text);
	message = batch_first(&batch);
	message->nlmsg_flags = NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0);
	message->nlmsg_seq = sequence;
	assert_int_equal(write(pair->kernel, message, batch.size), batch.size);
}

/* COUNT items of a dump that carry their number, and its end when COUNT is 0. */
static void list(struct pair *pair, uint32_t sequence, uint32_t count, uint16_t flags)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const uint32_t zero = 0;

	for (uint32_t i = 1; i <= count; i++)
		message_begin(&batch, 20, NLM_F_MULTI | flags, &i, sizeof(i));
	if (count == 0)
		message_begin(&batch, NLMSG_DONE, NLM_F_MULTI | flags, &zero, sizeof(zero));
	for (size_t at = 0; at < batch.size;) {
		struct nlmsghdr *message = (void *)((char *)batch_first(&batch) + at);

		message->nlmsg_seq = sequence;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	assert_int_equal(write(pair->kernel, batch_first(&batch), batch.size), batch.size);
}

static void put_requests(struct netlink_batch *batch, size_t count, uint16_t flags)
{
	for (size_t i = 0; i < count; i++)
		message_begin(batch, 16, flags, NULL, 0);
}

static void the_first_failure_counts(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_ROUTE);
	struct floe_error error = {0};
	int r;

	(void)state;
	put_requests(&batch, 3, NLM_F_ACK);
	answer(&pair, 99, -EIO, "left over from another request");
	answer(&pair, 1, 0, NULL);
	answer(&pair, 2, -EEXIST, "because");
	answer(&pair, 3, -EINVAL, "later");
	r = netlink_request(&pair.netlink, &batch, NULL, NULL);
	assert_int_equal(r, -EEXIST);
	assert_int_equal(pair.netlink.failed, 1);
	assert_int_equal(netlink_fail(&pair.netlink, &error, r, "cannot do %d", 5), -EEXIST);
	assert_string_equal(error.message, "cannot do 5: File exists (kernel: because)");
	assert_int_equal(error.code, FLOE_ERROR_BUSY);
	/* The next request begins with its own numbers and no words of the last. */
	answer(&pair, 4, -EOPNOTSUPP, NULL);
	answer(&pair, 5, 0, NULL);
	answer(&pair, 6, 0, NULL);
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), -EOPNOTSUPP);
	error = (struct floe_error){0};
	netlink_fail(&pair.netlink, &error, -EOPNOTSUPP, "cannot");
	assert_null(strstr(error.message, "kernel: "));
	assert_int_equal(error.code, FLOE_ERROR_UNSUPPORTED);
	end_pair(&pair);
}

static void many_requests_go_in_parts(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_ROUTE);
	char buffer[4096];

	(void)state;
	put_requests(&batch, 100, NLM_F_ACK);
	for (uint32_t i = 1; i <= 100; i++)
		answer(&pair, i, i == 90 ? -ENODEV : 0, NULL);
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), -ENODEV);
	assert_int_equal(pair.netlink.failed, 89);
	assert_int_equal(read(pair.kernel, buffer, sizeof(buffer)), 64 * NLMSG_HDRLEN);
	assert_int_equal(read(pair.kernel, buffer, sizeof(buffer)), 36 * NLMSG_HDRLEN);
	end_pair(&pair);
}

/* Only one message of a transaction asks for an answer, failures are told of any. */
static void transactions_end_with_their_last_answer_or_as_a_whole(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_NETFILTER);

	(void)state;
	put_requests(&batch, 3, 0);
	message_ask_ack(&batch);
	/* Not a dump, though one of its flags has the same number. */
	put_requests(&batch, 1, NLM_F_EXCL);
	answer(&pair, 2, -ENOENT, NULL);
	answer(&pair, 3, 0, NULL);
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), -ENOENT);
	assert_int_equal(pair.netlink.failed, 1);
	/* The beginning is refused: nothing else is answered. */
	answer(&pair, 5, -EPERM, NULL);
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), -EPERM);
	assert_int_equal(pair.netlink.failed, 0);
	/* More messages than a part of links has are still one datagram. */
	batch_free(&batch);
	put_requests(&batch, 200, 0);
	message_ask_ack(&batch);
	answer(&pair, 208, 0, NULL);
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), 0);
	end_pair(&pair);
}

static int take_number(struct netlink_list *numbers, const struct nlmsghdr *message, void *item)
{
	memcpy(item, NLMSG_DATA(message), sizeof(uint32_t));
	return *(uint32_t *)item == *(const uint32_t *)numbers->filter;
}

static void inconsistent_dumps_are_repeated(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_ROUTE);
	struct arena arena = {0};
	const uint32_t unwanted = 2;
	struct netlink_list numbers = {.arena = &arena,
				       .parse = take_number,
				       .size = sizeof(uint32_t),
				       .filter = &unwanted};

	(void)state;
	put_requests(&batch, 1, NLM_F_DUMP);
	list(&pair, 1, 5, NLM_F_DUMP_INTR);
	list(&pair, 1, 0, 0);
	list(&pair, 2, 3, 0);
	list(&pair, 2, 0, 0);
	assert_int_equal(netlink_list(&pair.netlink, &batch, &numbers), 0);
	assert_int_equal(numbers.count, 2);
	assert_int_equal(((uint32_t *)numbers.items)[0], 1);
	assert_int_equal(((uint32_t *)numbers.items)[1], 3);
	for (uint32_t i = 3; i < 11; i++)
		list(&pair, i, 0, NLM_F_DUMP_INTR);
	assert_int_equal(netlink_list(&pair.netlink, &batch, &numbers), -EINTR);
	arena_free(&arena);
	end_pair(&pair);
}

static int refuse(void *context, const struct nlmsghdr *message)
{
	(void)message;
	++*(int *)context;
	return -ENODATA;
}

static void a_reply_may_be_refused(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_ROUTE);
	int calls = 0;

	(void)state;
	put_requests(&batch, 1, NLM_F_DUMP);
	list(&pair, 1, 3, 0);
	list(&pair, 1, 0, 0);
	assert_int_equal(netlink_dump(&pair.netlink, &batch, refuse, &calls), -ENODATA);
	assert_int_equal(calls, 3);
	list(&pair, 0, 3, 0);
	assert_int_equal(netlink_read(&pair.netlink, refuse, &calls), -ENODATA);
	assert_int_equal(calls, 4);
	assert_int_equal(netlink_read(&pair.netlink, refuse, &calls), 0);
	end_pair(&pair);
}

static void a_failed_batch_is_not_sent(void **state)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct pair pair = make_pair(NETLINK_ROUTE);
	char byte;

	(void)state;
	put_requests(&batch, 1, NLM_F_ACK);
	batch.failed = -ENOMEM;
	assert_int_equal(netlink_request(&pair.netlink, &batch, NULL, NULL), -ENOMEM);
	assert_int_equal(recv(pair.kernel, &byte, 1, MSG_DONTWAIT), -1);
	end_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failure_counts),
		cmocka_unit_test(many_requests_go_in_parts),
		cmocka_unit_test(transactions_end_with_their_last_answer_or_as_a_whole),
		cmocka_unit_test(inconsistent_dumps_are_repeated),
		cmocka_unit_test(a_reply_may_be_refused),
		cmocka_unit_test(a_failed_batch_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
