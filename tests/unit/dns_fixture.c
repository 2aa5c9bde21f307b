/* SPDX-License-Identifier: MIT */
/* A DNS server on a link to a client's network namespace. */
#include "dns_fixture.h"

#include "../../netlink/addr.h"
#include "../../netlink/link.h"
#include "packets.h"
#include "scratch.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "unit.h"

#define SERVER4 "10.1.2.1"
#define SERVER6 "fd00:1:2:3::1"

/* What is sent has mostly come when the call returns; a busy kernel takes milliseconds. */
#define PATIENCE      5
#define LONG_PATIENCE 200

struct dns_server server;
int link_of_server;
uint8_t data[ROOM];

static int host_ns = -1, inside_ns = -1;

/* ---- surroundings ---- */

/* Another file each time, renamed to the place, as those do it who change it on a running host. */
void set_resolvers(const char *text)
{
	scratch_write("new", text, strlen(text));
	assert_int_equal(rename("new", "etc/resolv.conf"), 0);
}

/* The end that is up first hears later that it has a carrier (net/core/link_watch.c), and drops what
 * it is to send until then; one that finds it when it comes up does not. */
static int bring_up(struct netlink *here, int index, struct netlink *inside, uint32_t index_inside)
{
	const struct link_setting up = {.state = LINK_UP}, down = {.state = LINK_DOWN};

	if (link_change(here, (uint32_t)index, &up, NULL) < 0 ||
	    link_change(inside, index_inside, &up, NULL) < 0 ||
	    link_change(here, (uint32_t)index, &down, NULL) < 0)
		return -1;
	return link_change(here, (uint32_t)index, &up, NULL);
}

static int make_link(int there)
{
	static const uint8_t macs[2][WIRE_MAC_SIZE] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
	const struct link_setting host = {.name = "ve-x", .mac = macs[0]};
	const struct link_setting peer = {
		.name = "host0", .mac = macs[1], .place = LINK_NAMESPACE_FD(there)};
	struct addr addrs[] = {
		{.prefix = 28, .flags = IFA_F_NODAD},
		{.prefix = 64, .flags = IFA_F_NODAD},
		{.prefix = 28, .flags = IFA_F_NODAD},
	};
	CLEANUP_NETLINK struct netlink here = {.fd = -1}, inside = {.fd = -1};
	int index;

	ip_parse(SERVER4, &addrs[0].local);
	ip_parse(SERVER6, &addrs[1].local);
	ip_parse("10.1.2.2", &addrs[2].local);
	if (netlink_open(&here, NETLINK_ROUTE, NULL) < 0 ||
	    netlink_open_in(&inside, NETLINK_ROUTE, there, NULL) < 0)
		return -1;
	index = link_create_veth(&here, &host, &peer, NULL);
	if (index < 0)
		return index;
	addrs[0].link = addrs[1].link = (uint32_t)index;
	addrs[2].link = (uint32_t)link_index(&inside, "host0", NULL);
	if (bring_up(&here, index, &inside, addrs[2].link) < 0 ||
	    addr_change(&here, NETLINK_CHANGE_ADD, addrs, 2, NULL) < 0 ||
	    addr_change(&inside, NETLINK_CHANGE_ADD, addrs + 2, 1, NULL) < 0)
		return -1;
	return index;
}

static int own_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int make_namespaces(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	CLEANUP_FD int fd = -1;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	inside_ns = own_namespace();
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	host_ns = own_namespace();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inside_ns < 0 || host_ns < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -1;
	link_of_server = make_link(inside_ns);
	return link_of_server < 0 ? -1 : 0;
}

int dns_enter(void **state)
{
	if (scratch_enter(state) < 0 || make_namespaces() < 0)
		return -1;
	scratch_directory("etc");
	scratch_directory("names");
	if (mount("etc", "/etc", NULL, MS_BIND, NULL) < 0)
		return -1;
	dns_server_init(&server);
	return 0;
}

int dns_leave(void **state)
{
	dns_server_close(&server);
	umount2("/etc", MNT_DETACH);
	cleanup_fd(&inside_ns);
	cleanup_fd(&host_ns);
	return scratch_leave(state);
}

void open_server(void)
{
	struct dns_settings settings = {
		.names = open("names", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};

	assert_true(settings.names >= 0);
	assert_int_equal(ip_parse(SERVER4, &settings.at[0]), 0);
	assert_int_equal(ip_parse(SERVER6, &settings.at[1]), 0);
	assert_int_equal(dns_server_open(&server, link_of_server, &settings, NULL), 0);
	close(settings.names);
}

bool turn(uint64_t now)
{
	struct pollfd polls[DNS_SERVER_POLLS];
	uint64_t due = dns_server_poll(&server, now, polls);
	bool has_come = poll(polls, DNS_SERVER_POLLS, PATIENCE) > 0;

	assert_int_equal(dns_server_handle(&server, now, polls), 0);
	return has_come || (due != 0 && due <= now);
}

void turns(uint64_t now)
{
	for (int i = 0; i < 100 && turn(now); i++)
		;
}

uint64_t deadline(uint64_t now)
{
	struct pollfd polls[DNS_SERVER_POLLS];

	return dns_server_poll(&server, now, polls);
}

/* ---- clients and resolvers ---- */

int resolver_of(int type, const char *address)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	place.sin_addr = packet_ipv4(address);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

int resolver_at(const char *address)
{
	return resolver_of(SOCK_DGRAM, address);
}

static struct sockaddr_in place_of_server(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = packet_ipv4(SERVER4)};
}

int client_of(int type)
{
	const struct sockaddr_in place = place_of_server(server.ports[0]);
	int fd;

	assert_int_equal(setns(inside_ns, CLONE_NEWNET), 0);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(host_ns, CLONE_NEWNET), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(connect(fd, (const struct sockaddr *)&place, sizeof(place)), 0);
	return fd;
}

size_t make_query(uint8_t *query, uint16_t id, const char *name, uint16_t type)
{
	size_t at = DNS_HEADER_SIZE;

	memset(query, 0, DNS_HEADER_SIZE);
	wire_put16(query, id);
	query[2] = 1;
	query[5] = 1;
	while (*name) {
		size_t length = strcspn(name, ".");

		query[at++] = (uint8_t)length;
		memcpy(query + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	query[at] = 0;
	wire_put16(query + at + 1, type);
	wire_put16(query + at + 3, 1);
	return at + 5;
}

/* Not connected: here nobody keeps the kernel from saying that it has no such port. */
void client_send(int client, const void *message, size_t size)
{
	const struct sockaddr_in place = place_of_server(DNS_PORT);
	struct pollfd come = {.fd = server.packets[0].service.fd, .events = POLLIN};

	assert_int_equal(
		sendto(client, message, size, 0, (const struct sockaddr *)&place, sizeof(place)),
		size);
	poll(&come, 1, LONG_PATIENCE);
}

void ask(int client, uint16_t id, const char *name)
{
	uint8_t query[512];

	client_send(client, query, make_query(query, id, name, DNS_A));
}

size_t receive(int fd, struct sockaddr_in *from)
{
	struct pollfd come = {.fd = fd, .events = POLLIN};
	socklen_t length = sizeof(*from);
	ssize_t size = poll(&come, 1, LONG_PATIENCE) <= 0
			       ? -1
			       : recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
					  (struct sockaddr *)from, from ? &length : NULL);

	return size < 0 ? 0 : (size_t)size;
}

void respond(int resolver, const struct sockaddr_in *to, uint8_t rcode, size_t size)
{
	data[2] |= 0x80;
	data[3] = 0x80 | rcode;
	assert_int_equal(sendto(resolver, data, size, 0, (const struct sockaddr *)to, sizeof(*to)),
			 size);
}

bool serve(int resolver, uint8_t rcode)
{
	struct sockaddr_in from = {0};
	size_t size = receive(resolver, &from);

	if (size == 0)
		return false;
	respond(resolver, &from, rcode, size);
	return true;
}

int answered(int client, uint16_t id)
{
	if (receive(client, NULL) < DNS_HEADER_SIZE)
		return -1;
	assert_int_equal(wire_get16(data), id);
	assert_true(data[2] & 0x80);
	return data[3] & 0xf;
}
