/* SPDX-License-Identifier: MIT */
/* Closing what takes its time: it is closed in the end, and nobody is left to be reaped. */
#include "../../runtime/sys/close_later.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "unit.h"

/* Milliseconds until the last writer of a pipe must be gone. */
#define PATIENCE 10000

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void what_is_given_is_closed(void **state)
{
	int first[2], second[2];

	(void)state;
	assert_int_equal(pipe2(first, O_CLOEXEC), 0);
	assert_int_equal(pipe2(second, O_CLOEXEC), 0);
	{
		int fds[] = {-1, first[1], second[1], -1};
		struct pollfd polls[] = {{.fd = first[0]}, {.fd = second[0]}};

		close_later(fds, ARRAY_SIZE(fds));
		for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
			assert_int_equal(fds[i], -1);
		for (size_t i = 0; i < ARRAY_SIZE(polls); i++) {
			assert_int_equal(poll(&polls[i], 1, PATIENCE), 1);
			assert_int_equal(polls[i].revents, POLLHUP);
		}
	}
	assert_int_equal(fcntl(first[1], F_GETFD), -1);
	assert_int_equal(fcntl(second[1], F_GETFD), -1);
	assert_no_children();
	close(first[0]);
	close(second[0]);
}

/* A pipe whose end somebody waits for is not kept open by what has been left behind. */
static void nothing_else_is_held(void **state)
{
	int given[2], kept[2], fds[1];
	struct pollfd polls;
	char byte;

	(void)state;
	assert_int_equal(pipe2(given, O_CLOEXEC), 0);
	assert_int_equal(pipe2(kept, O_CLOEXEC), 0);
	fds[0] = given[1];
	close_later(fds, 1);
	assert_int_equal(write(kept[1], "x", 1), 1);
	close(kept[1]);
	assert_int_equal(read(kept[0], &byte, 1), 1);
	polls = (struct pollfd){.fd = kept[0]};
	assert_int_equal(poll(&polls, 1, PATIENCE), 1);
	assert_int_equal(read(kept[0], &byte, 1), 0);
	assert_no_children();
	close(kept[0]);
	close(given[0]);
}

static void nothing_is_done_for_none(void **state)
{
	int fds[CLOSE_LATER_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = -1;
	close_later(fds, ARRAY_SIZE(fds));
	close_later(fds, 0);
	assert_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_is_closed),
		cmocka_unit_test(nothing_else_is_held),
		cmocka_unit_test(nothing_is_done_for_none),
	};

	return cmocka_run_group_tests_name("close later", tests, NULL, NULL);
}
