/* SPDX-License-Identifier: MIT */
/* The console: nothing lost, nothing blocked, nothing spinning; what is remembered and logged. */
#include "../../runtime/monitor/console.h"

#include "../../runtime/monitor/sigpipe.h"
#include "../../runtime/sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "unit.h"

/* A pty passes bytes on in a worker of the kernel: at once, but not immediately. */
#define QUIET_MS 20

/* A machine's pty, and a console on it. */
struct rig {
	int main, slave;
	struct console console;
};

/* The slave without echo and translation, so that bytes pass as they are. */
static void rig_open(struct rig *rig, struct console_setup setup)
{
	struct termios plain;

	assert_int_equal(openpty(&rig->main, &rig->slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(rig->slave, &plain), 0);
	plain.c_oflag &= ~(tcflag_t)OPOST;
	plain.c_lflag &= ~(tcflag_t)ECHO;
	assert_int_equal(tcsetattr(rig->slave, TCSANOW, &plain), 0);
	setup.main = rig->main;
	assert_int_equal(console_open(&rig->console, &setup, NULL), 0);
}

static void rig_close(struct rig *rig)
{
	console_close(&rig->console);
	close(rig->main);
	if (rig->slave >= 0)
		close(rig->slave);
}

/* Turns the loop until nothing happens for a while. Returns how often it turned. */
static int rig_turn(struct rig *rig)
{
	struct pollfd polls[CONSOLE_POLLS];
	int turns = 0;

	for (; turns < 100000; turns++) {
		console_poll(&rig->console, polls);
		if (poll(polls, CONSOLE_POLLS, QUIET_MS) == 0)
			break;
		console_handle(&rig->console, polls);
	}
	return turns;
}

static void write_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Exactly EXPECTED comes, in one piece or several; "" is the end of file. */
static void assert_reads(int fd, const char *expected)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char text[256] = "";
	size_t used = 0;

	do {
		ssize_t length;

		assert_int_equal(poll(&poll_fd, 1, 2000), 1);
		length = read(fd, text + used, sizeof(text) - 1 - used);
		assert_true(length >= 0);
		used += (size_t)length;
		text[used] = '\0';
	} while (used < strlen(expected));
	assert_string_equal(text, expected);
}

static void open_pipe(int ends[2])
{
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static void output_is_passed_on(void **state)
{
	struct rig rig;
	int out[2];

	(void)state;
	open_pipe(out);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	write_text(rig.slave, "hello\n");
	rig_turn(&rig);
	assert_reads(out[0], "hello\n");
	rig_close(&rig);
	close(out[0]);
	close(out[1]);
}

static void input_is_passed_on_and_its_end_told(void **state)
{
	struct rig rig;
	int in[2];

	(void)state;
	open_pipe(in);
	rig_open(&rig, (struct console_setup){.input = in[0], .output = -1});
	write_text(in[1], "line\nrest");
	rig_turn(&rig);
	assert_reads(rig.slave, "line\n");
	close(in[1]);
	rig_turn(&rig);
	/* The unfinished line, and then the end of file. */
	assert_reads(rig.slave, "rest");
	assert_reads(rig.slave, "");
	assert_true(rig_turn(&rig) < 3);
	rig_close(&rig);
	close(in[0]);
}

/* Every byte of a stream far larger than all buffers, through a reader that pauses. */
static void a_slow_reader_makes_the_machine_wait(void **state)
{
	const size_t total = 100000;
	size_t written = 0, taken = 0;
	char data[1000], found[3000];
	struct rig rig;
	int out[2];

	(void)state;
	open_pipe(out);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	fcntl(rig.slave, F_SETFL, O_NONBLOCK);
	while (written < total || taken < written) {
		ssize_t length;

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (char)('a' + (written + i) % 26);
		length = written < total ? write(rig.slave, data, sizeof(data)) : 0;
		if (length > 0)
			written += (size_t)length;
		if (length > 0)
			continue;
		assert_true(rig_turn(&rig) < 1000);
		length = read(out[0], found, sizeof(found));
		assert_true(length > 0);
		for (ssize_t i = 0; i < length; i++, taken++)
			assert_int_equal(found[i], 'a' + taken % 26);
	}
	assert_int_equal(taken, written);
	rig_close(&rig);
	close(out[0]);
	close(out[1]);
}

static void a_full_reader_does_not_make_it_spin(void **state)
{
	char data[4096];
	struct rig rig;
	int out[2];

	(void)state;
	memset(data, 'x', sizeof(data));
	open_pipe(out);
	fcntl(out[1], F_SETPIPE_SZ, 4096);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	fcntl(rig.slave, F_SETFL, O_NONBLOCK);
	while (write(rig.slave, data, sizeof(data)) > 0 || rig_turn(&rig) > 0)
		;
	assert_true(rig_turn(&rig) < 3);
	rig_close(&rig);
	close(out[0]);
	close(out[1]);
}

static void a_gone_reader_is_no_obstacle(void **state)
{
	struct sigpipe_guard guard;
	struct rig rig;
	int out[2];

	(void)state;
	open_pipe(out);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	close(out[0]);
	sigpipe_block(&guard);
	for (int i = 0; i < 20; i++) {
		write_text(rig.slave, "nobody reads this\n");
		assert_true(rig_turn(&rig) < 10);
	}
	sigpipe_restore(&guard); /* and the signal does not come afterwards */
	assert_int_equal(rig.console.output.fd, -1);
	rig_close(&rig);
	close(out[1]);
}

/* A machine whose PID 1 opens its console now and then. */
static void a_closed_console_does_not_make_it_spin(void **state)
{
	char name[64];
	struct rig rig;
	int out[2];

	(void)state;
	open_pipe(out);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	assert_int_equal(ttyname_r(rig.slave, name, sizeof(name)), 0);
	for (int i = 0; i < 3; i++) {
		write_text(rig.slave, "once");
		close(rig.slave);
		assert_true(rig_turn(&rig) < 5);
		assert_reads(out[0], "once");
		rig.slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_true(rig.slave >= 0);
	}
	rig_close(&rig);
	close(out[0]);
	close(out[1]);
}

/* Input for a machine that does not read waits, and the outside with it. */
static void a_machine_that_does_not_read_makes_input_wait(void **state)
{
	char data[4096];
	struct rig rig;
	int in[2];
	size_t written = 0;

	(void)state;
	memset(data, '\n', sizeof(data));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, in), 0);
	rig_open(&rig, (struct console_setup){.input = in[0], .output = -1});
	for (int quiet = 0; quiet < 3;) {
		ssize_t length = write(in[1], data, sizeof(data));

		written += length > 0 ? (size_t)length : 0;
		quiet = length > 0 ? 0 : quiet + 1;
		assert_true(written < 50000000);
		assert_true(rig_turn(&rig) < 1000);
	}
	rig_close(&rig);
	close(in[0]);
	close(in[1]);
}

static void the_rest_is_passed_on_at_the_end(void **state)
{
	char data[3000];
	struct rig rig;
	size_t taken = 0;
	int out[2];

	(void)state;
	memset(data, 'r', sizeof(data));
	open_pipe(out);
	fcntl(out[1], F_SETPIPE_SZ, 4096);
	rig_open(&rig, (struct console_setup){.input = -1, .output = out[1]});
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(rig.slave, data, sizeof(data)), sizeof(data));
	close(rig.slave);
	rig.slave = -1;
	console_drain(&rig.console);
	assert_true(console_pending(&rig.console));
	while (console_pending(&rig.console)) {
		ssize_t length;

		assert_true(rig_turn(&rig) < 100);
		length = read(out[0], data, sizeof(data));
		assert_true(length > 0);
		taken += (size_t)length;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	for (ssize_t length; (length = read(out[0], data, sizeof(data))) > 0;)
		taken += (size_t)length;
	assert_int_equal(taken, 4 * sizeof(data));
	rig_close(&rig);
	close(out[0]);
	close(out[1]);
}

static void a_terminal_is_raw_only_while_it_is_used(void **state)
{
	struct termios before, during, after;
	struct winsize size = {.ws_row = 33, .ws_col = 111}, inner;
	int outer_main, outer;
	struct rig rig;

	(void)state;
	assert_int_equal(openpty(&outer_main, &outer, NULL, NULL, &size), 0);
	tcgetattr(outer, &before);
	rig_open(&rig, (struct console_setup){.input = outer, .output = outer});
	tcgetattr(outer, &during);
	assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(ioctl(rig.slave, TIOCGWINSZ, &inner), 0);
	assert_int_equal(inner.ws_row, 33);
	assert_int_equal(inner.ws_col, 111);
	size.ws_row = 40;
	ioctl(outer, TIOCSWINSZ, &size);
	console_resize(&rig.console);
	assert_int_equal(ioctl(rig.slave, TIOCGWINSZ, &inner), 0);
	assert_int_equal(inner.ws_row, 40);
	/* The flags of the caller's descriptor are not touched. */
	assert_int_equal(fcntl(outer, F_GETFL) & O_NONBLOCK, 0);
	write_text(rig.slave, "no newline");
	rig_turn(&rig);
	rig_close(&rig);
	tcgetattr(outer, &after);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_int_equal(before.c_iflag, after.c_iflag);
	assert_int_equal(before.c_oflag, after.c_oflag);
	assert_reads(outer_main, "no newline\r\n");
	close(outer);
	close(outer_main);
}

static void the_escape_ends_it(void **state)
{
	int outer_main, outer;
	struct rig rig;

	(void)state;
	assert_int_equal(openpty(&outer_main, &outer, NULL, NULL, NULL), 0);
	rig_open(&rig, (struct console_setup){.input = outer, .output = outer, .escape = true});
	write_text(outer_main, "\x1d\x1d"
			       "a"
			       "\x1d\x1d");
	rig_turn(&rig);
	assert_false(rig.console.left);
	write_text(outer_main, "\x1d");
	rig_turn(&rig);
	assert_true(rig.console.left);
	rig_close(&rig);
	close(outer);
	close(outer_main);
}

static void escapes_are_told_by_time(void **state)
{
	struct escape escape = {0};

	(void)state;
	assert_false(escape_feed(&escape, "\x1d", 1, 1000000));
	assert_false(escape_feed(&escape, "\x1d", 1, 1900000));
	assert_false(escape_feed(&escape, "\x1d", 1, 2100000));
	assert_false(escape_feed(&escape, "\x1d", 1, 2200000));
	assert_true(escape_feed(&escape, "\x1d", 1, 3000000));
	escape = (struct escape){0};
	assert_true(escape_feed(&escape, "ab\x1d\x1d\x1d", 5, 5));
	escape = (struct escape){0};
	assert_false(escape_feed(&escape, "\x1d\x1dx\x1d\x1d", 5, 5));
}

static void check_tail(const char *output, size_t size, const char *expected)
{
	struct tail tail = {0};
	char text[256];

	assert_true(size <= sizeof(text));
	tail_add(&tail, output, strlen(output));
	tail_lines(&tail, text, size);
	assert_string_equal(text, expected);
}

static void last_lines_are_remembered(void **state)
{
	(void)state;
	check_tail("", 64, "");
	check_tail("\r\n \r\n\n", 64, "");
	check_tail("one\r\ntwo\r\n", 64, "one | two");
	check_tail("one\ntwo", 64, "one | two");
	check_tail("first line\nsecond line\nthird", 24, "second line | third");
	check_tail("\x1b[0;1;31mred\x1b[0m\tx\r\n\x1b]0;title\a$ ", 64, "red x | $ ");
	check_tail("bad \xff bytes\n", 64, "bad ? bytes");
	check_tail("too long for it\n", 8, "");
}

static void old_output_is_forgotten(void **state)
{
	struct tail tail = {0};
	char text[64], line[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "line %d\r\n", i);
		tail_add(&tail, line, strlen(line));
	}
	tail_lines(&tail, text, sizeof(text));
	assert_string_equal(text, "line 9995 | line 9996 | line 9997 | line 9998 | line 9999");
}

static char directory[] = "/tmp/floe-test-log-XXXXXX";

static size_t file_size(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

static void logs_have_plain_lines(void **state)
{
	char text[64] = "";
	struct log log;
	int fd;

	(void)state;
	assert_int_equal(log_open_at(&log, directory, "plain", NULL), 0);
	assert_int_equal(log_write(&log, "a\r\nb\r", 5), 0);
	assert_int_equal(log_write(&log, "\nc\rd\r\r\n", 7), 0);
	log_close(&log);
	fd = open(log.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text)), 9);
	assert_string_equal(text, "a\nb\nc\rd\r\n");
	close(fd);
	unlink(log.path);
}

static void logs_stay_below_their_limit(void **state)
{
	char data[5000], old[LOG_PATH_SIZE + 2];
	struct log log;

	(void)state;
	memset(data, 'l', sizeof(data));
	assert_int_equal(log_open_at(&log, directory, "long", NULL), 0);
	for (int i = 0; i < 700; i++)
		assert_int_equal(log_write(&log, data, sizeof(data)), 0);
	log_close(&log);
	snprintf(old, sizeof(old), "%s.1", log.path);
	assert_true(file_size(log.path) > 0 && file_size(log.path) <= LOG_SIZE_MAX);
	assert_true(file_size(old) > LOG_SIZE_MAX - sizeof(data) && file_size(old) <= LOG_SIZE_MAX);
	/* A log goes on where it was. */
	assert_int_equal(log_open_at(&log, directory, "long", NULL), 0);
	assert_int_equal(log.size, file_size(log.path));
	log_close(&log);
	unlink(log.path);
	unlink(old);
}

static void a_log_is_never_a_link(void **state)
{
	char path[64];
	struct log log;

	(void)state;
	snprintf(path, sizeof(path), "%s/link.log", directory);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(log_open_at(&log, directory, "link", NULL), -ELOOP);
	unlink(path);
}

static void nothing_to_do_without_a_pty(void **state)
{
	struct console_setup setup = {.main = -1, .input = 0, .output = 1};
	struct pollfd polls[CONSOLE_POLLS];
	struct console console;

	(void)state;
	assert_int_equal(console_open(&console, &setup, NULL), 0);
	console_poll(&console, polls);
	for (int i = 0; i < CONSOLE_POLLS; i++)
		assert_int_equal(polls[i].fd, -1);
	console_drain(&console);
	assert_false(console_pending(&console));
	console_close(&console);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void what_is_remembered_is_copied_from_a_line_on(void **state)
{
	struct tail tail = {0};
	char data[TAIL_SIZE], line[16];

	(void)state;
	assert_int_equal(tail_copy(&tail, data), 0);
	tail_add(&tail, "half", 4);
	assert_int_equal(tail_copy(&tail, data), 4);
	assert_memory_equal(data, "half", 4);
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "%07d\r\n", i);
		tail_add(&tail, line, 9);
	}
	assert_int_equal(tail_copy(&tail, data), TAIL_SIZE / 9 * 9);
	snprintf(line, sizeof(line), "%07d\r\n", 2000 - TAIL_SIZE / 9);
	assert_memory_equal(data, line, 9);
	for (int i = 0; i < TAIL_SIZE; i++)
		tail_add(&tail, "x", 1);
	assert_int_equal(tail_copy(&tail, data), TAIL_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_remembered_is_copied_from_a_line_on),
		cmocka_unit_test(output_is_passed_on),
		cmocka_unit_test(input_is_passed_on_and_its_end_told),
		cmocka_unit_test(a_slow_reader_makes_the_machine_wait),
		cmocka_unit_test(a_full_reader_does_not_make_it_spin),
		cmocka_unit_test(a_gone_reader_is_no_obstacle),
		cmocka_unit_test(a_closed_console_does_not_make_it_spin),
		cmocka_unit_test(a_machine_that_does_not_read_makes_input_wait),
		cmocka_unit_test(the_rest_is_passed_on_at_the_end),
		cmocka_unit_test(a_terminal_is_raw_only_while_it_is_used),
		cmocka_unit_test(the_escape_ends_it),
		cmocka_unit_test(escapes_are_told_by_time),
		cmocka_unit_test(last_lines_are_remembered),
		cmocka_unit_test(old_output_is_forgotten),
		cmocka_unit_test(logs_have_plain_lines),
		cmocka_unit_test(logs_stay_below_their_limit),
		cmocka_unit_test(a_log_is_never_a_link),
		cmocka_unit_test(nothing_to_do_without_a_pty),
	};

	return cmocka_run_group_tests_name("console", tests, make_directory, remove_directory);
}
