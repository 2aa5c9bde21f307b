/* SPDX-License-Identifier: MIT */
/* The process that serves a machine's link. */
#include "link_helper.h"

#include "../base/cleanup.h"
#include "../sys/clock.h"
#include "../sys/close_later.h"
#include "../sys/process.h"
#include "dhcp_server.h"
#include "link_confine.h"
#include "link_filter.h"
#include "ra_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* What its deepest calls take, some buffers of 8 KiB, many times; untouched memory costs nothing. */
#define STACK_SIZE 131072

/* Below it, so that nothing else is ever taken for a part of it. */
#define GUARD_SIZE 65536

/* Of each service and of DNS. */
#define POLLS (2 + DNS_SERVER_POLLS)

/* One mapping, nothing of the caller's: all that the process has of its own. */
struct link_helper_memory {
	uint8_t guard[GUARD_SIZE];
	uint8_t stack[STACK_SIZE];
	struct dhcp_server dhcp;
	struct ra_server ra;
	struct dns_server dns;
	struct pollfd polls[POLLS];
	struct link_confinement confinement;
	struct sock_filter filter[LINK_FILTER_MAX];
	int fds[1 + LINK_HELPER_PACKETS + DNS_FAMILIES + 1];
};

/* ---- opening ---- */

/* The descriptor of each packet socket. */
static void list_packets(struct link_helper_memory *memory, int *fds[static LINK_HELPER_PACKETS])
{
	*fds++ = &memory->dhcp.service.fd;
	*fds++ = &memory->ra.service.fd;
	for (int i = 0; i < DNS_FAMILIES; i++)
		*fds++ = &memory->dns.packets[i].service.fd;
}

static struct link_helper_memory *map_memory(void)
{
	struct link_helper_memory *memory =
		mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (mprotect(memory->guard, sizeof(memory->guard), PROT_NONE) < 0) {
		munmap(memory, sizeof(*memory));
		return NULL;
	}
	memory->dhcp = (struct dhcp_server)DHCP_SERVER_CLOSED;
	memory->ra = (struct ra_server)RA_SERVER_CLOSED;
	dns_server_init(&memory->dns);
	return memory;
}

static void take_packets(struct link_helper_memory *memory, int packets[static LINK_HELPER_PACKETS])
{
	int *fds[LINK_HELPER_PACKETS];

	list_packets(memory, fds);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		packets[i] = take_fd(fds[i]);
}

static void unmap_memory(struct link_helper_memory *memory)
{
	dhcp_server_close(&memory->dhcp);
	ra_server_close(&memory->ra);
	dns_server_close(&memory->dns);
	munmap(memory, sizeof(*memory));
}

static int open_services(struct link_helper_memory *memory, const struct link_services *services,
			 struct floe_error *error)
{
	int index = services->index, r = 0;

	if (services->dhcp)
		r = dhcp_server_open(&memory->dhcp, index, &services->lease, error);
	if (r == 0 && services->ra)
		r = ra_server_open(&memory->ra, index, &services->router, error);
	if (r == 0 && services->dns)
		r = dns_server_open(&memory->dns, index, &services->names, error);
	return r;
}

int link_helper_open(struct link_helper *helper, const struct link_services *services,
		     struct floe_error *error)
{
	struct link_helper_memory *memory;
	int r;

	*helper = (struct link_helper)LINK_HELPER_CLOSED;
	/* It would not be told that its link has gone. */
	if (!services->dhcp && !services->ra && !services->dns)
		return err_usage(error, "there is nothing to serve on link number %d",
				 services->index);
	memory = map_memory();
	if (!memory)
		return err_errno(error, errno, "cannot map memory for serving a link");
	r = open_services(memory, services, error);
	if (r < 0) {
		unmap_memory(memory);
		return r;
	}
	helper->memory = memory;
	helper->dns_port4 = memory->dns.ports[0];
	helper->dns_port6 = memory->dns.ports[1];
	return 0;
}

/* ---- in the process ---- */

/* Whether the link is there. */
static bool serve_once(struct link_helper_memory *memory)
{
	uint64_t now = clock_usec();

	return dhcp_server_handle(&memory->dhcp, now) != -ENODEV &&
	       ra_server_handle(&memory->ra, now) != -ENODEV &&
	       dns_server_handle(&memory->dns, now, memory->polls + 2) != -ENODEV;
}

static uint64_t fill_polls(struct link_helper_memory *memory)
{
	uint64_t now = clock_usec(), next;

	next = dhcp_server_poll(&memory->dhcp, now, &memory->polls[0]);
	next = clock_earlier(next, ra_server_poll(&memory->ra, now, &memory->polls[1]));
	return clock_earlier(next, dns_server_poll(&memory->dns, now, memory->polls + 2));
}

static int run(void *context)
{
	struct link_helper_memory *memory = context;

	if (link_confine(&memory->confinement) < 0)
		_exit(1);
	do {
		uint64_t next = fill_polls(memory);

		if (poll(memory->polls, POLLS, clock_timeout(next)) < 0 && errno != EINTR)
			_exit(1);
	} while (serve_once(memory));
	_exit(0);
}

/* ---- starting ---- */

/* Writes "floe: NAME net" to TEXT of SIZE bytes, with as much of the name as there is room for. */
static void make_title(char *text, size_t size, const char *machine)
{
	static const char before[] = "floe: ", after[] = " net";
	size_t room = size - strlen(before) - sizeof(after), length = strnlen(machine, room);

	memcpy(text, before, strlen(before));
	memcpy(text + strlen(before), machine, length);
	memcpy(text + strlen(before) + length, after, sizeof(after));
}

static void prepare(struct link_helper_memory *memory, const char *name, int report)
{
	struct link_confinement *confinement = &memory->confinement;
	int *packets[LINK_HELPER_PACKETS];
	size_t count = 0;

	/* The first time musl looks for the clock in what the process will not have: the stack that
	 * the program began with. */
	clock_usec();
	memory->fds[count++] = report;
	list_packets(memory, packets);
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
		memory->fds[count++] = *packets[i];
	for (int i = 0; i < DNS_FAMILIES; i++)
		memory->fds[count++] = memory->dns.tcp[i];
	memory->fds[count++] = memory->dns.names;
	*confinement = (struct link_confinement){
		.parent = getpid(),
		.kept = memory,
		.kept_size = sizeof(*memory),
		.fds = memory->fds,
		.fd_count = count,
		.filter = memory->filter,
		.filter_count = link_filter_build(memory->dns.ports[0] || memory->dns.ports[1],
						  memory->filter),
		.report_fd = report,
	};
	make_title(confinement->name, sizeof(confinement->name), name);
	make_title(confinement->title, sizeof(confinement->title), name);
}

int link_helper_start(struct link_helper *helper, const char *name, struct floe_error *error)
{
	struct link_helper_memory *memory = helper->memory;
	CLEANUP_FD int ours = -1;
	CLEANUP_FD int theirs = -1;
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_errno(error, errno, "cannot make a pipe to the process of a link");
	ours = pair[0];
	theirs = pair[1];
	prepare(memory, name, theirs);
	pid = process_clone_on(memory->stack + sizeof(memory->stack), run, memory, &helper->pidfd);
	if (pid < 0)
		return err_errno(error, -pid, "cannot make the process that serves a link");
	helper->report = take_fd(&ours);
	helper->memory = NULL;
	take_packets(memory, helper->packets);
	unmap_memory(memory);
	return 0;
}

static const char *note_about(int32_t kept_ids)
{
	switch (kept_ids) {
	case 0:
		return NULL;
	case EINVAL:
		return "the process that serves the link keeps the monitor's user and group: there "
		       "is no 65534 (nobody) in this user namespace";
	default:
		return "the process that serves the link keeps the monitor's user or groups: "
		       "changing them takes CAP_SETUID and CAP_SETGID";
	}
}

int link_helper_ready(struct link_helper *helper, struct floe_error *error)
{
	struct link_report report;
	ssize_t size;

	do {
		size = read(helper->report, &report, sizeof(report));
	} while (size < 0 && errno == EINTR);
	cleanup_fd(&helper->report);
	helper->report = -1;
	if (size != sizeof(report))
		return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
			       "the process that serves the link ended before it began");
	if (report.step != LINK_STEP_NONE)
		return err_errno(error, report.errnum, "the process that serves the link cannot %s",
				 link_step_text((enum link_step)report.step));
	helper->note = note_about(report.kept_ids);
	return 0;
}

int link_helper_fd(const struct link_helper *helper)
{
	return helper->pidfd;
}

void link_helper_stop(struct link_helper *helper)
{
	if (helper->memory) {
		take_packets(helper->memory, helper->packets);
		unmap_memory(helper->memory);
	}
	if (helper->pidfd >= 0) {
		process_signal(helper->pidfd, SIGKILL);
		process_wait(helper->pidfd, NULL);
	}
	close_later(helper->packets, ARRAY_SIZE(helper->packets));
	cleanup_fd(&helper->pidfd);
	cleanup_fd(&helper->report);
	*helper = (struct link_helper)LINK_HELPER_CLOSED;
}
