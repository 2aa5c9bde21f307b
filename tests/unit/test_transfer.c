/* SPDX-License-Identifier: MIT */
/* What is received from a sender who does not play by the rules. */
#include "../../runtime/lib/transfer.h"

#include "../../runtime/lib/transfer_packet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "unit.h"

/* One who sends, and a directory to receive in. */
struct rig {
	int sender, receiver, parent;
	char directory[64];
};

static void rig_open(struct rig *rig)
{
	int ends[2];

	strcpy(rig->directory, "/tmp/floe-unit-transfer-XXXXXX");
	assert_non_null(mkdtemp(rig->directory));
	rig->parent = open(rig->directory, O_RDONLY | O_DIRECTORY);
	assert_true(rig->parent >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	rig->sender = ends[0];
	rig->receiver = ends[1];
}

static void rig_send(const struct rig *rig, enum packet_type type, const char *name,
		     const char *text, int fd)
{
	struct packet packet = {
		.type = (int32_t)type, .mode = 06755, .uid = getuid(), .gid = getgid()};
	struct iovec data = {&packet, offsetof(struct packet, text) + strlen(text) + 1};
	char space[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	struct cmsghdr *header;

	snprintf(packet.name, sizeof(packet.name), "%s", name);
	strcpy(packet.text, text);
	if (fd >= 0) {
		message.msg_control = space;
		message.msg_controllen = sizeof(space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	assert_true(sendmsg(rig->sender, &message, 0) > 0);
}

/* Receives as "copy", whose sender says no more; how that went. */
static int rig_receive(struct rig *rig, struct floe_error *error)
{
	const struct transfer_target target = {
		.parent = rig->parent, .name = "copy", .distrust = true, .signal_fd = -1};

	close(rig->sender);
	return transfer_receive(rig->receiver, &target, error);
}

/* Nothing of it may be there. */
static void rig_close_empty(struct rig *rig)
{
	close(rig->receiver);
	close(rig->parent);
	assert_int_equal(rmdir(rig->directory), 0);
}

static void assert_refused(struct rig *rig)
{
	struct floe_error error = {0};

	assert_true(rig_receive(rig, &error) < 0);
	assert_true(error.message[0]);
	rig_close_empty(rig);
}

static void names_that_lead_elsewhere_are_refused(void **unused)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/etc", "../x"};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct rig rig;

		rig_open(&rig);
		rig_send(&rig, PACKET_DIRECTORY, "", "", -1);
		rig_send(&rig, PACKET_LINK, names[i], "/etc/passwd", -1);
		rig_send(&rig, PACKET_LEAVE, "", "", -1);
		rig_send(&rig, PACKET_END, "", "", -1);
		assert_refused(&rig);
	}
}

/* The name is free: what was made a link cannot be a directory that is entered. */
static void a_link_is_not_entered(void **unused)
{
	struct rig rig;

	(void)unused;
	rig_open(&rig);
	rig_send(&rig, PACKET_DIRECTORY, "", "", -1);
	rig_send(&rig, PACKET_LINK, "a", "/tmp", -1);
	rig_send(&rig, PACKET_DIRECTORY, "a", "", -1);
	assert_refused(&rig);
}

static void trees_that_make_no_sense_are_refused(void **unused)
{
	static const enum packet_type orders[][4] = {
		{PACKET_LEAVE, PACKET_END},
		{PACKET_END},
		{PACKET_DIRECTORY, PACKET_END},
		{PACKET_FIFO, PACKET_FIFO, PACKET_END},
		{PACKET_DIRECTORY, PACKET_LEAVE, PACKET_DIRECTORY, PACKET_END},
		{PACKET_DIRECTORY, PACKET_LEAVE, PACKET_LEAVE, PACKET_END},
		{PACKET_FILE, PACKET_END},
		{PACKET_DONE, PACKET_END},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct rig rig;

		rig_open(&rig);
		for (size_t j = 0; j < 4; j++) {
			rig_send(&rig, orders[i][j], "", "", -1);
			if (orders[i][j] == PACKET_END)
				break;
		}
		assert_refused(&rig);
	}
}

static void only_regular_files_are_read(void **unused)
{
	struct rig rig;
	int ends[2];

	(void)unused;
	assert_int_equal(pipe(ends), 0);
	rig_open(&rig);
	rig_send(&rig, PACKET_FILE, "", "", ends[0]);
	rig_send(&rig, PACKET_END, "", "", -1);
	assert_refused(&rig);
	rig_open(&rig);
	rig_send(&rig, PACKET_FILE, "", "", rig.parent);
	rig_send(&rig, PACKET_END, "", "", -1);
	assert_refused(&rig);
	close(ends[0]);
	close(ends[1]);
}

static void one_who_goes_away_leaves_nothing(void **unused)
{
	struct rig rig;

	(void)unused;
	rig_open(&rig);
	assert_refused(&rig);
	rig_open(&rig);
	rig_send(&rig, PACKET_DIRECTORY, "", "", -1);
	rig_send(&rig, PACKET_DIRECTORY, "below", "", -1);
	rig_send(&rig, PACKET_FIFO, "fifo", "", -1);
	assert_refused(&rig);
	rig_open(&rig);
	assert_int_equal(send(rig.sender, "x", 1, 0), 1);
	assert_refused(&rig);
}

static void bottomless_trees_are_refused(void **unused)
{
	struct rig rig;
	pid_t child;

	(void)unused;
	rig_open(&rig);
	/* More than the socket holds. */
	child = fork();
	if (child == 0) {
		close(rig.receiver);
		for (int i = 0; i <= TRANSFER_DEPTH_MAX; i++)
			rig_send(&rig, PACKET_DIRECTORY, "d", "", -1);
		_exit(0);
	}
	assert_refused(&rig);
}

static void bits_of_strangers_are_taken_away(void **unused)
{
	char path[128];
	struct stat status;
	struct rig rig;
	int file;

	(void)unused;
	rig_open(&rig);
	snprintf(path, sizeof(path), "%s/copy", rig.directory);
	file = open("/proc/self/exe", O_RDONLY);
	rig_send(&rig, PACKET_FILE, "ignored/../name", "", file);
	rig_send(&rig, PACKET_END, "", "", -1);
	assert_int_equal(rig_receive(&rig, NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_true(status.st_size > 0);
	unlink(path);
	close(file);
	rig_close_empty(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(a_link_is_not_entered),
		cmocka_unit_test(trees_that_make_no_sense_are_refused),
		cmocka_unit_test(only_regular_files_are_read),
		cmocka_unit_test(one_who_goes_away_leaves_nothing),
		cmocka_unit_test(bottomless_trees_are_refused),
		cmocka_unit_test(bits_of_strangers_are_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
