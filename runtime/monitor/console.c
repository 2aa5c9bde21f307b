/* SPDX-License-Identifier: MIT */
/* Between a machine's pty and the outside: a relay with bounded buffers both ways. */
#include "console.h"

#include "../base/cleanup.h"
#include "../sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* Entries of console_poll(). */
enum {
	POLL_MAIN,
	POLL_INPUT,
	POLL_OUTPUT,
};

bool escape_feed(struct escape *escape, const char *data, size_t size, uint64_t now_usec)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != ESCAPE_KEY) {
			escape->count = 0;
			continue;
		}
		if (escape->count == 0 || now_usec - escape->first_usec > ESCAPE_TIME_USEC) {
			escape->count = 0;
			escape->first_usec = now_usec;
		}
		if (++escape->count == ESCAPE_TIMES)
			return true;
	}
	return false;
}

/* ---- buffers ---- */

static size_t buffer_used(const struct console_buffer *buffer)
{
	return buffer->end - buffer->start;
}

/* Room at the end; an empty buffer starts anew. */
static size_t buffer_room(struct console_buffer *buffer)
{
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	return sizeof(buffer->data) - buffer->end;
}

static bool buffer_has_room(const struct console_buffer *buffer)
{
	return buffer->start == buffer->end || buffer->end < sizeof(buffer->data);
}

/* ---- opening and closing ---- */

static int open_pty(struct console *console, struct floe_error *error)
{
	int flags = fcntl(console->main, F_GETFL);

	if (flags < 0 || fcntl(console->main, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_errno(error, errno, "cannot use the machine's console");
	/* By the master, never by a path: the name belongs to the machine (ioctl_tty(2)). */
	console->peer = ioctl(console->main, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (console->peer < 0)
		return err_errno(error, errno, "cannot open the machine's console");
	return 0;
}

static int open_outside(struct console *console, const struct console_setup *setup,
			struct floe_error *error)
{
	int r = outside_open(&console->input, setup->input, O_RDONLY);

	if (r < 0)
		return err_errno(error, -r, "cannot read input for the console");
	r = outside_open(&console->output, setup->output, O_WRONLY);
	return r < 0 ? err_errno(error, -r, "cannot write the console's output") : 0;
}

/* Every key goes to the machine: its own terminal makes signals and echo of them. */
static int make_raw(struct console *console, struct floe_error *error)
{
	int r = raw_enter(&console->terminal, console->input.fd);

	return r < 0 ? err_errno(error, -r, "cannot put the terminal into raw mode") : 0;
}

int console_open(struct console *console, const struct console_setup *setup,
		 struct floe_error *error)
{
	int r;

	memset(console, 0, sizeof(*console));
	console->main = setup->main;
	console->peer = console->terminal.fd = console->terminal.channel = -1;
	console->input.fd = console->output.fd = -1;
	console->log = setup->log;
	console->copy = setup->copy;
	console->copy_context = setup->copy_context;
	console->watch_escape = setup->escape;
	console->last_out = '\n';
	if (console->main < 0)
		return 0;
	r = open_pty(console, error);
	if (r == 0)
		r = open_outside(console, setup, error);
	if (r == 0)
		r = make_raw(console, error);
	if (r < 0)
		console_close(console);
	else
		console_resize(console);
	return r;
}

void console_close(struct console *console)
{
	raw_leave(&console->terminal);
	if (console->last_out != '\n' && console->output.fd >= 0 && isatty(console->output.fd))
		outside_write(&console->output, "\n", 1);
	outside_close(&console->input);
	outside_close(&console->output);
	cleanup_fd(&console->peer);
	console->peer = -1;
}

/* ---- moving ---- */

/* The output is gone: the machine must not be stopped by it, what it writes is dropped. */
static void drop_output(struct console *console)
{
	outside_close(&console->output);
	console->outward.start = console->outward.end = 0;
}

/* -EAGAIN and -EINTR are no news; anything else ends the use of a descriptor. */
static bool is_transient(ssize_t r)
{
	return r == -EAGAIN || r == -EINTR;
}

static void flush_outward(struct console *console)
{
	struct console_buffer *buffer = &console->outward;
	ssize_t length;

	if (console->output.fd < 0)
		buffer->start = buffer->end;
	if (buffer_used(buffer) == 0)
		return;
	length = outside_write(&console->output, buffer->data + buffer->start, buffer_used(buffer));
	if (length < 0 && !is_transient(length))
		drop_output(console);
	if (length <= 0)
		return;
	console->last_out = buffer->data[buffer->start + (size_t)length - 1];
	buffer->start += (size_t)length;
}

static void fill_outward(struct console *console)
{
	struct console_buffer *buffer = &console->outward;
	size_t room = buffer_room(buffer);
	char *data = buffer->data + buffer->end;
	ssize_t length;

	if (room == 0)
		return;
	length = read(console->main, data, room);
	if (length < 0 && (errno == EINTR || (errno == EAGAIN && !console->draining)))
		return;
	/* EAGAIN of a machine that is gone: there is nothing more. EIO, for a master whose slaves
	 * were all closed, cannot happen while ours is open. */
	if (length <= 0) {
		console->main = -1;
		return;
	}
	tail_add(&console->tail, data, (size_t)length);
	if (console->log)
		log_write(console->log, data, (size_t)length);
	if (console->copy)
		console->copy(console->copy_context, data, (size_t)length);
	buffer->end += (size_t)length;
}

/* Until there is no more, or the outside has to be waited for. */
static void drain_more(struct console *console)
{
	while (console->main >= 0 && buffer_has_room(&console->outward)) {
		fill_outward(console);
		if (console->output.nonblocking || console->output.fd < 0)
			flush_outward(console);
	}
}

/* The end of input is what a user would type for it, where lines are read; twice after an
 * unfinished line (termios(3), VEOF). */
static void pass_end(struct console *console)
{
	struct console_buffer *buffer = &console->inward;
	struct termios inner;
	int times = console->last_in == '\n' || console->last_in == '\0' ? 1 : 2;

	outside_close(&console->input);
	if (tcgetattr(console->main, &inner) < 0 || !(inner.c_lflag & ICANON))
		return;
	while (times-- > 0 && buffer_room(buffer) > 0)
		buffer->data[buffer->end++] = (char)inner.c_cc[VEOF];
}

static void fill_inward(struct console *console)
{
	struct console_buffer *buffer = &console->inward;
	size_t room = buffer_room(buffer);
	char *data = buffer->data + buffer->end;
	ssize_t length = room ? outside_read(&console->input, data, room) : -EAGAIN;

	if (is_transient(length))
		return;
	if (length <= 0) {
		pass_end(console);
		return;
	}
	if (console->watch_escape && console->terminal.fd >= 0)
		console->left |= escape_feed(&console->escape, data, (size_t)length, clock_usec());
	console->last_in = data[length - 1];
	buffer->end += (size_t)length;
}

bool console_takes_keys(struct console *console, size_t size)
{
	return console->main >= 0 && !console->draining && buffer_room(&console->inward) >= size;
}

static void flush_inward(struct console *console)
{
	struct console_buffer *buffer = &console->inward;
	ssize_t length;

	if (console->main < 0)
		buffer->start = buffer->end;
	if (buffer_used(buffer) == 0)
		return;
	length = write(console->main, buffer->data + buffer->start, buffer_used(buffer));
	if (length > 0)
		buffer->start += (size_t)length;
	else if (length < 0 && errno != EAGAIN && errno != EINTR)
		buffer->start = buffer->end;
}

void console_type(struct console *console, const char *data, size_t size)
{
	struct console_buffer *buffer = &console->inward;

	if (!console_takes_keys(console, size))
		return;
	memcpy(buffer->data + buffer->end, data, size);
	buffer->end += size;
	flush_inward(console);
}

static void poll_set(struct pollfd *entry, int fd, short events)
{
	/* With no events poll(2) would still report a hang-up, again and again. */
	*entry = (struct pollfd){.fd = events ? fd : -1, .events = events};
}

void console_poll(const struct console *console, struct pollfd polls[static CONSOLE_POLLS])
{
	short main_events = 0;
	bool listening = !console->draining && buffer_has_room(&console->inward);

	if (buffer_has_room(&console->outward))
		main_events |= POLLIN;
	if (buffer_used(&console->inward) > 0)
		main_events |= POLLOUT;
	poll_set(&polls[POLL_MAIN], console->main, main_events);
	poll_set(&polls[POLL_INPUT], console->input.fd, listening ? POLLIN : 0);
	poll_set(&polls[POLL_OUTPUT], console->output.fd,
		 buffer_used(&console->outward) > 0 ? POLLOUT : 0);
}

void console_handle(struct console *console, const struct pollfd polls[static CONSOLE_POLLS])
{
	bool fresh = false;

	if (polls[POLL_MAIN].revents & ~POLLOUT) {
		fill_outward(console);
		fresh = console->output.nonblocking || console->output.fd < 0;
	}
	if (fresh || polls[POLL_OUTPUT].revents)
		flush_outward(console);
	if (polls[POLL_INPUT].revents)
		fill_inward(console);
	if (buffer_used(&console->inward) > 0)
		flush_inward(console);
	if (console->draining)
		drain_more(console);
}

void console_resize(struct console *console)
{
	struct winsize size;
	int fd = console->output.fd >= 0 ? console->output.fd : console->input.fd;

	if (console->main < 0 || fd < 0)
		return;
	/* The kernel sends SIGWINCH inside, when the size is another (ioctl_tty(2)). */
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		ioctl(console->main, TIOCSWINSZ, &size);
}

void console_set_size(struct console *console, unsigned short rows, unsigned short columns)
{
	const struct winsize size = {.ws_row = rows, .ws_col = columns};

	if (console->main >= 0)
		ioctl(console->main, TIOCSWINSZ, &size);
}

void console_drain(struct console *console)
{
	console->draining = true;
	console->inward.start = console->inward.end;
	drain_more(console);
}

bool console_pending(const struct console *console)
{
	return console->main >= 0 || buffer_used(&console->outward) > 0;
}
