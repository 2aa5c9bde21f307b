/* SPDX-License-Identifier: MIT */
/* Notification: what is read from a machine's messages, and who may send them. */
#include "../../runtime/monitor/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

static void parse(const char *text, struct notify_message *message)
{
	assert_int_equal(notify_parse(text, strlen(text), message), 0);
}

static void assignments_are_read(void **state)
{
	struct notify_message message;

	(void)state;
	parse("READY=1\nSTATUS=Up and running\nSTOPPING=1\nERRNO=2\nEXIT_STATUS=7\n", &message);
	assert_true(message.ready && message.stopping && message.has_status);
	assert_string_equal(message.status, "Up and running");
	assert_true(message.has_errno && message.has_exit_status);
	assert_int_equal(message.errnum, 2);
	assert_int_equal(message.exit_status, 7);
	parse("STATUS=", &message);
	assert_true(message.has_status);
	assert_string_equal(message.status, "");
	assert_int_equal(notify_parse("READY=1\0", 8, &message), 0);
	assert_true(message.ready);
}

static void the_last_assignment_counts(void **state)
{
	struct notify_message message;

	(void)state;
	parse("STATUS=one\nSTATUS=two\nERRNO=1\nERRNO=5", &message);
	assert_string_equal(message.status, "two");
	assert_int_equal(message.errnum, 5);
}

static void senseless_text_is_skipped(void **state)
{
	static const char *const texts[] = {"",
					    "\n\n\n",
					    "READY",
					    "READY=",
					    "READY=0",
					    "READY=11",
					    " READY=1",
					    "ready=1",
					    "XREADY=1",
					    "STATU=x",
					    "ERRNO=-1",
					    "ERRNO=x",
					    "ERRNO=",
					    "ERRNO=4096",
					    "ERRNO=99999999999999999999",
					    "EXIT_STATUS=256",
					    "EXIT_STATUS= 1",
					    "=1"};
	struct notify_message message;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		parse(texts[i], &message);
		if (message.ready || message.stopping || message.has_status || message.has_errno ||
		    message.has_exit_status || message.status[0])
			fail_msg("something was read from \"%s\"", texts[i]);
	}
}

static void what_is_no_text_is_refused(void **state)
{
	char large[NOTIFY_MESSAGE_MAX + 1];
	struct notify_message message;

	(void)state;
	assert_int_equal(notify_parse("READY=1\0\nX=1", 12, &message), -EBADMSG);
	assert_false(message.ready);
	memset(large, 'a', sizeof(large));
	assert_int_equal(notify_parse(large, sizeof(large), &message), -EBADMSG);
	assert_int_equal(notify_parse(large, sizeof(large) - 1, &message), 0);
}

static void a_status_is_made_printable(void **state)
{
	static const struct {
		const char *text;
		const char *clean;
	} rows[] = {
		{"gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x90\xa7",
		 "gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x90\xa7"},
		{"\x1b[31mred\x07\t\x7f", "?[31mred???"},
		{"\xff\xfe", "??"},
		{"\xc3", "?"},
		{"\xc0\xaf", "??"},           /* over-long '/' */
		{"\xe0\x80\xaf", "???"},      /* the same in three bytes */
		{"\xed\xa0\x80", "???"},      /* a surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
		{"\xc2\x9b"
		 "31m",
		 "??31m"}, /* CSI as one character */
	};
	char clean[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		text_clean(rows[i].text, strlen(rows[i].text), clean, sizeof(clean) - 1);
		assert_string_equal(clean, rows[i].clean);
	}
}

static void a_long_status_is_cut_between_characters(void **state)
{
	char text[NOTIFY_STATUS_SIZE + 16] = "STATUS=";
	struct notify_message message;
	size_t prefix = strlen(text);

	(void)state;
	/* 254 letters and a character of two bytes: 256, and a NUL does not fit any more. */
	memset(text + prefix, 'a', NOTIFY_STATUS_SIZE - 2);
	strcpy(text + prefix + NOTIFY_STATUS_SIZE - 2, "\xc3\xbc");
	parse(text, &message);
	assert_int_equal(strlen(message.status), NOTIFY_STATUS_SIZE - 2);
}

static void socket_pair(int sockets[2])
{
	const int on = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(setsockopt(sockets[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
}

static void only_the_leader_is_heard(void **state)
{
	struct notify_message message;
	int sockets[2], status;
	pid_t child;

	(void)state;
	socket_pair(sockets);
	assert_int_equal(notify_receive(sockets[0], getpid(), &message), -EAGAIN);
	assert_int_equal(send(sockets[1], "READY=1", 7, 0), 7);
	assert_int_equal(notify_receive(sockets[0], getpid() + 1, &message), 0);
	assert_int_equal(send(sockets[1], "READY=1", 7, 0), 7);
	assert_int_equal(notify_receive(sockets[0], getpid(), &message), 1);
	assert_true(message.ready);
	child = fork();
	if (child == 0)
		_exit(send(sockets[1], "READY=1", 7, 0) == 7 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(notify_receive(sockets[0], getpid(), &message), 0);
	close(sockets[0]);
	close(sockets[1]);
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void send_with_fds(int socket, size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control = {0};
	struct iovec vector = {.iov_base = (char[]){"READY=1"}, .iov_len = 7};
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	int fds[253] = {0};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	assert_int_equal(sendmsg(socket, &packet, 0), 7);
}

static void descriptors_sent_along_are_closed(void **state)
{
	struct notify_message message;
	int sockets[2], before;

	(void)state;
	socket_pair(sockets);
	before = count_fds();
	for (size_t count = 1; count <= 253; count += 84) {
		send_with_fds(sockets[1], count);
		assert_int_equal(notify_receive(sockets[0], getpid(), &message), 1);
		assert_int_equal(count_fds(), before);
	}
	close(sockets[0]);
	close(sockets[1]);
}

static void a_message_that_is_too_long_is_dropped(void **state)
{
	char large[NOTIFY_MESSAGE_MAX + 100] = "READY=1\n";
	struct notify_message message;
	int sockets[2];

	(void)state;
	memset(large + 8, '\n', sizeof(large) - 8);
	socket_pair(sockets);
	assert_int_equal(send(sockets[1], large, sizeof(large), 0), sizeof(large));
	assert_int_equal(notify_receive(sockets[0], getpid(), &message), 0);
	assert_int_equal(notify_receive(sockets[0], getpid(), &message), -EAGAIN);
	close(sockets[0]);
	close(sockets[1]);
}

static int bind_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(sizeof(sa_family_t) + strlen(name) + (name[0] == '/'));

	strcpy(address.sun_path, name);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static void messages_go_up(void **state)
{
	char names[2][64], text[64] = {0};

	(void)state;
	snprintf(names[0], sizeof(names[0]), "/tmp/floe-test-notify-%d", getpid());
	snprintf(names[1], sizeof(names[1]), "@floe-test-notify-%d", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = bind_socket(names[i]);

		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(notify_send("READY=%d", 1), 1);
		assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 7);
		assert_string_equal(text, "READY=1");
		close(fd);
	}
	assert_true(notify_send("READY=1") < 0);
	unlink(names[0]);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(notify_send("READY=1"), -EPROTONOSUPPORT);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
}

static void the_watchdog_is_ours_alone(void **state)
{
	char pid[16];

	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_period(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	assert_int_equal(notify_watchdog_period(), 1500000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_period(), 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_period(), 1500000);
	setenv("WATCHDOG_USEC", "3s", 1);
	assert_int_equal(notify_watchdog_period(), 0);
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assignments_are_read),
		cmocka_unit_test(the_last_assignment_counts),
		cmocka_unit_test(senseless_text_is_skipped),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_status_is_made_printable),
		cmocka_unit_test(a_long_status_is_cut_between_characters),
		cmocka_unit_test(only_the_leader_is_heard),
		cmocka_unit_test(descriptors_sent_along_are_closed),
		cmocka_unit_test(a_message_that_is_too_long_is_dropped),
		cmocka_unit_test(messages_go_up),
		cmocka_unit_test(the_watchdog_is_ours_alone),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
