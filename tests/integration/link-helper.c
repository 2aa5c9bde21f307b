/* SPDX-License-Identifier: MIT */
/*
 * Starts the process that serves a link as a monitor does: link-helper LINK SETTING... Prints what
 * is known of it, "key=value" a line, then "ready", and "ended" when it has. SIGTERM stops it.
 * "link-helper filtered CALL" makes a system call under the process's filter instead.
 * tests/integration/link-helper.sh judges.
 */
#include "../../runtime/base/cleanup.h"
#include "../../runtime/link/link_filter.h"
#include "../../runtime/link/link_helper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ether.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct test {
	struct link_services services;
	struct link_helper helper;
	const char *name;
	bool threads; /* start in another thread than the first */
};

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "link-helper: %s\n", what);
	exit(1);
}

static void read_ip(const char *text, struct ip *ip)
{
	require(ip_parse(text, ip) == 0, text);
}

static void read_address(int family, const char *text, void *address)
{
	require(inet_pton(family, text, address) == 1, text);
}

/* ---- settings ---- */

static void set_dhcp(struct dhcp_lease *lease)
{
	read_address(AF_INET, "10.1.2.1", &lease->server);
	read_address(AF_INET, "10.1.2.2", &lease->address);
	lease->router = lease->dns[0] = lease->server;
	lease->dns_count = 1;
	lease->prefix = 28;
	lease->lease_seconds = 3600;
	strcpy(lease->host_name, "web");
	strcpy(lease->domain, "floe");
}

static void set_ra(struct ra_router *router)
{
	read_address(AF_INET6, "fe80::ff:fe00:1", &router->source);
	read_address(AF_INET6, "fd00:1:2:3::", &router->prefix);
	read_address(AF_INET6, "fd00:1:2:3::1", &router->dns[0]);
	router->dns_count = 1;
	router->prefix_length = 64;
	router->valid_seconds = router->preferred_seconds = RA_INFINITE;
	router->dns_seconds = RA_INFINITE;
	router->router_seconds = 1800;
}

static void set_client(struct link_services *services, const char *value)
{
	struct ether_addr mac;

	require(ether_aton_r(value, &mac), value);
	memcpy(services->lease.client_mac, &mac, sizeof(mac));
	memcpy(services->router.client_mac, &mac, sizeof(mac));
	memcpy(services->names.client_mac, &mac, sizeof(mac));
}

static void set(struct test *test, const char *name, const char *value)
{
	struct link_services *services = &test->services;

	if (strcmp(name, "dhcp") == 0) {
		services->dhcp = true;
		set_dhcp(&services->lease);
	} else if (strcmp(name, "ra") == 0) {
		services->ra = true;
		set_ra(&services->router);
	} else if (strcmp(name, "client") == 0) {
		set_client(services, value);
	} else if (strcmp(name, "dns4") == 0) {
		services->dns = true;
		read_ip(value, &services->names.at[0]);
	} else if (strcmp(name, "dns6") == 0) {
		services->dns = true;
		read_ip(value, &services->names.at[1]);
	} else if (strcmp(name, "names") == 0) {
		services->names.names = open(value, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		require(services->names.names >= 0, value);
	} else if (strcmp(name, "name") == 0) {
		test->name = value;
	} else if (strcmp(name, "threads") == 0) {
		test->threads = true;
	} else {
		require(false, name);
	}
}

/* ---- what the process must not have ---- */

/* A secret each in the heap, on the stack of another thread and in memory that is shared. */
static void *keep_secret(void *secret)
{
	volatile char copy[4096];

	strcat(strcpy((char *)copy, "the secret of a stack "), secret);
	for (;;)
		pause();
	return NULL;
}

static void make_secrets(void)
{
	static char value[] = "is known";
	char *heap = malloc(1 << 20), *shared;
	pthread_t thread;

	require(heap, "no memory");
	strcat(strcpy(heap, "the secret of the heap "), value);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED, "no shared memory");
	strcat(strcpy(shared, "the secret that is shared "), value);
	require(pthread_create(&thread, NULL, keep_secret, value) == 0, "no thread");
}

/* ---- the process ---- */

static long pid_of(int pidfd)
{
	char path[64], line[128];
	CLEANUP_FILE FILE *file = NULL;
	long pid = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %ld", &pid) == 1)
			break;
	return pid;
}

static void *start(void *context)
{
	struct test *test = context;
	struct floe_error error = {0};

	require(link_helper_start(&test->helper, test->name, &error) == 0 &&
			link_helper_ready(&test->helper, &error) == 0,
		error.message);
	printf("port4=%u\nport6=%u\npid=%ld\nnote=%s\nready\n", test->helper.dns_port4,
	       test->helper.dns_port6, pid_of(test->helper.pidfd),
	       test->helper.note ? test->helper.note : "");
	fflush(stdout);
	if (test->threads)
		for (;;)
			pause();
	return NULL;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void wait_for_end(struct test *test, int signals)
{
	struct pollfd polls[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = link_helper_fd(&test->helper), .events = POLLIN},
	};

	require(poll(polls, ARRAY_SIZE(polls), -1) > 0, "cannot poll");
	if (polls[1].revents) {
		puts("ended");
		fflush(stdout);
	}
	link_helper_stop(&test->helper);
}

/* ---- the filter alone ---- */

static int call_filtered(const char *call)
{
	struct sock_filter filter[LINK_FILTER_MAX];
	bool dns = strcmp(call, "socket-without-dns") != 0;

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	require(link_filter_load(filter, link_filter_build(dns, filter)) == 0, "filter");
	if (strcmp(call, "none") == 0)
		syscall(SYS_getrandom, NULL, 0, 0);
	else if (strcmp(call, "socket-inet") == 0)
		syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
	else if (strcmp(call, "socket-unix") == 0)
		syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	else if (strcmp(call, "socket-packet") == 0)
		syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
	else if (strcmp(call, "socket-without-dns") == 0)
		syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	else if (strcmp(call, "open-read") == 0)
		syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	else if (strcmp(call, "open-write") == 0)
		syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY);
	else if (strcmp(call, "open-create") == 0)
		syscall(SYS_openat, AT_FDCWD, "/dev/null/x", O_CREAT, 0);
	else if (strcmp(call, "ioctl-flags") == 0)
		syscall(SYS_ioctl, -1, 0x8913, NULL);
	else if (strcmp(call, "ioctl-other") == 0)
		syscall(SYS_ioctl, -1, 0x5412, NULL);
	else if (strcmp(call, "getpid") == 0)
		syscall(SYS_getpid);
	else if (strcmp(call, "mmap") == 0)
		syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, -1, 0);
	else if (strcmp(call, "clone") == 0)
		syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	else if (strcmp(call, "execve") == 0)
		syscall(SYS_execve, "/bin/true", NULL, NULL);
	else if (strcmp(call, "kill") == 0)
		syscall(SYS_kill, 1, 0);
	else if (strcmp(call, "bind") == 0)
		syscall(SYS_bind, -1, NULL, 0);
	else
		return 2;
	syscall(SYS_exit_group, 0);
	return 2;
}

int main(int count, char **arguments)
{
	struct test test = {.helper = LINK_HELPER_CLOSED, .name = "web"};
	struct floe_error error = {0};
	int signals = open_signals();
	pthread_t thread;

	require(count > 2, "usage: link-helper LINK SETTING...");
	if (strcmp(arguments[1], "filtered") == 0)
		return call_filtered(arguments[2]);
	test.services.names.names = -1;
	test.services.index = (int)if_nametoindex(arguments[1]);
	for (int i = 2; i < count; i++) {
		char *value = strchr(arguments[i], '=');

		if (value)
			*value++ = '\0';
		set(&test, arguments[i], value);
	}
	make_secrets();
	require(link_helper_open(&test.helper, &test.services, &error) == 0, error.message);
	if (test.threads)
		require(pthread_create(&thread, NULL, start, &test) == 0, "no thread");
	else
		start(&test);
	while (test.helper.pidfd < 0)
		usleep(1000);
	wait_for_end(&test, signals);
	return 0;
}
