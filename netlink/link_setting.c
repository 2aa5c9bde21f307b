/* SPDX-License-Identifier: MIT */
/* A link's setting as part of a message. */
#include "link_setting.h"

#include "../runtime/base/err.h"
#include "../runtime/base/link_names.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ip.h>
#include <string.h>

int link_setting_check(const struct link_setting *setting, struct floe_error *error)
{
	if (setting->name && !link_name_valid(setting->name))
		return err_usage(error,
				 "\"%s\" cannot be the name of a network link: 1 to 15 bytes "
				 "without spaces, '/', ':' and '%%'",
				 setting->name);
	return 0;
}

struct ifinfomsg link_header(uint32_t index, const struct link_setting *setting)
{
	return (struct ifinfomsg){
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)index,
		.ifi_flags = setting->state == LINK_UP ? IFF_UP : 0,
		.ifi_change = setting->state == LINK_KEEP ? 0 : IFF_UP,
	};
}

/* Settings of IPv4 go by the numbers of enum in linux/ip.h (inet_set_link_af()). */
static void put_inet(struct netlink_batch *batch, uint16_t setting, uint32_t value)
{
	size_t spec = message_nest(batch, IFLA_AF_SPEC);
	size_t family = message_nest(batch, AF_INET);
	size_t conf = message_nest(batch, IFLA_INET_CONF);

	message_put_u32(batch, setting, value);
	message_nest_end(batch, conf);
	message_nest_end(batch, family);
	message_nest_end(batch, spec);
}

bool link_setting_has_rest(const struct link_setting *setting)
{
	return setting->alias || setting->route_localnet;
}

void message_put_rest(struct netlink_batch *batch, const struct link_setting *setting)
{
	/* Without its NUL: the kernel keeps what it is given. */
	if (setting->alias)
		message_put(batch, IFLA_IFALIAS, setting->alias, strlen(setting->alias));
	if (setting->route_localnet)
		put_inet(batch, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
}

void message_put_setting(struct netlink_batch *batch, const struct link_setting *setting)
{
	if (setting->name)
		message_put_text(batch, IFLA_IFNAME, setting->name);
	if (setting->mac)
		message_put(batch, IFLA_ADDRESS, setting->mac, LINK_MAC_SIZE);
	if (setting->mtu)
		message_put_u32(batch, IFLA_MTU, setting->mtu);
	if (setting->master != LINK_MASTER_KEEP)
		message_put_u32(batch, IFLA_MASTER,
				setting->master == LINK_MASTER_SET ? setting->master_index : 0);
	if (setting->place.attribute)
		message_put_u32(batch, setting->place.attribute, setting->place.value);
}

void message_ask_link(struct netlink_batch *batch, const char *name)
{
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	/* Either attribute finds names of both kinds, but the first takes 15 bytes only. */
	uint16_t attribute = strlen(name) < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME;

	message_begin(batch, RTM_GETLINK, NLM_F_ACK, &header, sizeof(header));
	message_put_text(batch, attribute, name);
	message_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int link_take_index(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) || header->ifi_index <= 0)
		return -EBADMSG;
	*(uint32_t *)context = (uint32_t)header->ifi_index;
	return 0;
}
