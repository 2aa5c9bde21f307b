/* SPDX-License-Identifier: MIT */
/* A bar for what takes a while, and an ear for who wants it to end. */
#include "images.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool progress_begin(struct progress *progress)
{
	*progress = (struct progress){
		.shown = use_colours(stderr),
		.signal_fd = signals_take(),
		.begun_msec = now_msec(),
	};
	return progress->signal_fd >= 0;
}

static void erase(const struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
}

void progress_end(struct progress *progress)
{
	erase(progress);
	progress->drawn = false;
	close(progress->signal_fd);
}

/* Whether the user wants it to end. A window that changes its size does not count. */
static bool is_interrupted(int signal_fd)
{
	struct signalfd_siginfo signal;

	while (read(signal_fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
		if (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM ||
		    signal.ssi_signo == SIGHUP)
			return true;
	return false;
}

const char *size_text(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ROW_COUNT(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, size, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

const char *time_text(uint64_t usec, char *text, size_t size)
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm local;

	snprintf(text, size, "-");
	if (seconds > 0 && localtime_r(&seconds, &local))
		strftime(text, size, "%Y-%m-%d %H:%M", &local);
	return text;
}

/* How fast, and how much longer at that rate. */
static void draw_rate(uint64_t bytes, uint64_t total, uint64_t msec)
{
	uint64_t rate = bytes * 1000 / (msec ?: 1), left;
	char text[16];

	/* What the first moments tell is no rate. */
	if (msec < 500 || !rate)
		return;
	fprintf(stderr, "  %s/s", size_text(rate, text, sizeof(text)));
	if (total <= bytes)
		return;
	left = (total - bytes) / rate;
	fprintf(stderr, "  %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
}

/* "####....  42%  123 MiB  12.0 MiB/s  0:05 left  4567 files", drawn over itself. */
static void draw(uint64_t bytes, uint64_t total, uint64_t entries, uint64_t msec)
{
	static const char full[] = "####################", empty[] = "....................";
	const unsigned width = sizeof(full) - 1;
	unsigned percent = total ? (unsigned)(bytes * 100 / total) : 0;
	unsigned filled = (percent > 100 ? 100 : percent) * width / 100;
	char text[16];

	fputc('\r', stderr);
	if (total)
		fprintf(stderr, "%.*s%.*s %3u%%  ", (int)filled, full, (int)(width - filled), empty,
			percent > 100 ? 100 : percent);
	if (bytes) {
		fputs(size_text(bytes, text, sizeof(text)), stderr);
		draw_rate(bytes, total, msec);
	}
	if (entries)
		fprintf(stderr, "  %" PRIu64 " files", entries);
	fputs("\033[K", stderr);
	fflush(stderr);
}

int progress_show(void *context, uint64_t bytes, uint64_t total, uint64_t entries)
{
	const uint64_t interval_msec = 100;
	struct progress *progress = context;
	uint64_t now = now_msec();

	if (is_interrupted(progress->signal_fd))
		return 1;
	if (!progress->shown || (progress->drawn && now - progress->last_msec < interval_msec))
		return 0;
	draw(bytes, total, entries, now - progress->begun_msec);
	progress->drawn = true;
	progress->last_msec = now;
	return 0;
}

void progress_note(void *context, const char *text)
{
	struct progress *progress = context;

	erase(progress);
	say_note(&progress->quiet, text);
}
