/* SPDX-License-Identifier: MIT */
/* What is asked of the kernel to make links and addresses; what is refused without asking. */
#include "../../netlink/addr.h"
#include "../../netlink/attr.h"
#include "../../netlink/link.h"
#include "../../netlink/route.h"
#include "unit.h"

#include <errno.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

/* Nothing may be sent: there is no socket. */
static struct netlink closed = NETLINK_CLOSED;

static void bad_links_are_refused(void **state)
{
	const struct link_setting good = {.name = "ve-web"}, nameless = {0},
				  bad = {.name = "a name"},
				  up = {.name = "host0", .state = LINK_UP};
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(link_create_veth(&closed, &good, &bad, &error), -EINVAL);
	assert_non_null(strstr(error.message, "\"a name\" cannot be the name of a network link"));
	assert_int_equal(error.code, FLOE_ERROR_USAGE);
	assert_int_equal(link_create_veth(&closed, &nameless, &good, NULL), -EINVAL);
	assert_int_equal(link_create_veth(&closed, &good, &up, NULL), -EINVAL);
	assert_int_equal(link_create_bridge(&closed, &bad, NULL), -EINVAL);
	assert_int_equal(link_change(&closed, 1, &bad, NULL), -EINVAL);
	for (uint16_t tag = 4095; tag != 1; tag = tag ? 0 : 1)
		assert_int_equal(link_create_shared(&closed, LINK_VLAN, 1, tag, &good, NULL),
				 -EINVAL);
}

static void bad_addresses_are_refused(void **state)
{
	const struct ip four = {AF_INET, {10, 0, 0, 1}}, six = {AF_INET6, {0xfd}};
	const struct addr addrs[] = {
		{.prefix = 8},
		{.local = four, .prefix = 33},
		{.local = six, .prefix = 129},
		{.local = four, .peer = six},
	};
	const struct route routes[] = {
		{.family = AF_UNSPEC},
		{.family = AF_INET, .to = six},
		{.family = AF_INET, .gateway = six},
		{.family = AF_INET6, .to = six, .source = four},
		{.family = AF_INET, .to = four, .prefix = 33},
		{.family = AF_INET, .prefix = 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		assert_int_equal(addr_change(&closed, NETLINK_CHANGE_ADD, &addrs[i], 1, NULL),
				 -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		assert_int_equal(route_change(&closed, NETLINK_CHANGE_ADD, &routes[i], 1, NULL),
				 -EINVAL);
	assert_int_equal(addr_change(&closed, NETLINK_CHANGE_ADD, addrs, 0, NULL), 0);
}

/* The veth request as the kernel would get it; it answers that both names are taken. */
static void one_message_makes_both_ends(void **state)
{
	static const uint8_t mac[LINK_MAC_SIZE] = {2, 0, 0, 0, 0, 1};
	const struct link_setting host = {.name = "ve-web", .mtu = 1400, .state = LINK_UP},
				  peer = {.name = "host0",
					  .mac = mac,
					  .place = LINK_NAMESPACE_PID(1234)};
	const struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answers[] = {
		{{sizeof(answers[0]), NLMSG_ERROR, NLM_F_CAPPED, 1, 0}, {.error = -EEXIST}},
		{{sizeof(answers[0]), NLMSG_ERROR, NLM_F_CAPPED, 2, 0}, {.error = -ENODEV}},
	};
	const struct nlattr *attrs[IFLA_LINKINFO + 1], *info[IFLA_INFO_DATA + 1];
	const struct nlattr *data[VETH_INFO_PEER + 1], *inside[IFLA_NET_NS_FD + 1];
	_Alignas(8) char buffer[4096], name[IF_NAMESIZE];
	const struct nlmsghdr *message = (const void *)buffer;
	struct netlink netlink = {.protocol = NETLINK_ROUTE};
	struct nlmsghdr *nest;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	netlink.fd = fds[0];
	assert_int_equal(write(fds[1], answers, sizeof(answers)), sizeof(answers));
	assert_int_equal(link_create_veth(&netlink, &host, &peer, NULL), -EEXIST);
	assert_true(read(fds[1], buffer, sizeof(buffer)) > NLMSG_HDRLEN);
	assert_true(attr_sort_message(attrs, IFLA_LINKINFO + 1, message, sizeof(struct ifinfomsg)));
	assert_int_equal(attr_u32(attrs[IFLA_MTU], 0), 1400);
	assert_null(attrs[IFLA_ADDRESS]);
	attr_sort_nest(info, IFLA_INFO_DATA + 1, attrs[IFLA_LINKINFO]);
	attr_text(info[IFLA_INFO_KIND], name, sizeof(name));
	assert_string_equal(name, "veth");
	attr_sort_nest(data, VETH_INFO_PEER + 1, info[IFLA_INFO_DATA]);
	assert_non_null(data[VETH_INFO_PEER]);
	/* Like a message: a header, then attributes. */
	nest = (void *)(buffer + 2048);
	nest->nlmsg_len = NLMSG_HDRLEN + data[VETH_INFO_PEER]->nla_len - NLA_HDRLEN;
	memcpy(NLMSG_DATA(nest), data[VETH_INFO_PEER] + 1,
	       data[VETH_INFO_PEER]->nla_len - NLA_HDRLEN);
	assert_true(attr_sort_message(inside, IFLA_NET_NS_FD + 1, nest, sizeof(struct ifinfomsg)));
	attr_text(inside[IFLA_IFNAME], name, sizeof(name));
	assert_string_equal(name, "host0");
	assert_int_equal(attr_u32(inside[IFLA_NET_NS_PID], 0), 1234);
	assert_non_null(attr_bytes(inside[IFLA_ADDRESS], LINK_MAC_SIZE));
	close(fds[1]);
	netlink_close(&netlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_links_are_refused),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(one_message_makes_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
