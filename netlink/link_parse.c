/* SPDX-License-Identifier: MIT */
/* Reading what the kernel tells about links. */
#include "link.h"

#include "attr.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define ALTNAME_SIZE 128 /* ALTIFNAMSIZ of include/linux/if.h */

static void take_kind(const struct nlattr *attr, struct link_info *info)
{
	const struct nlattr *attrs[IFLA_INFO_KIND + 1];

	attr_sort_nest(attrs, IFLA_INFO_KIND + 1, attr);
	attr_text(attrs[IFLA_INFO_KIND], info->kind, sizeof(info->kind));
}

static int take_altnames(const struct nlattr *list, struct arena *arena, struct link_info *info)
{
	const struct nlattr *attr;
	const char **names = NULL, **name;
	char text[ALTNAME_SIZE];

	if (!list)
		return 0;
	mnl_attr_for_each_nested(attr, list)
	{
		if (mnl_attr_get_type(attr) != IFLA_ALT_IFNAME)
			continue;
		attr_text(attr, text, sizeof(text));
		name = ARENA_APPEND(arena, names, info->altname_count);
		if (!name)
			return -ENOMEM;
		*name = arena_strdup(arena, text);
	}
	info->altnames = names;
	return arena_failed(arena) ? -ENOMEM : 0;
}

/* Hardware addresses of other sizes (IPoIB) are none that we could set. */
static void take_mac(const struct nlattr *attr, struct link_info *info)
{
	const void *mac = attr_bytes(attr, LINK_MAC_SIZE);

	info->has_mac = mac != NULL;
	if (mac)
		memcpy(info->mac, mac, LINK_MAC_SIZE);
}

int link_parse(const struct nlmsghdr *message, struct arena *arena, struct link_info *info)
{
	const struct nlattr *attrs[IFLA_PROP_LIST + 1];
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	*info = (struct link_info){0};
	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return -EBADMSG;
	if (!attr_sort_message(attrs, IFLA_PROP_LIST + 1, message, sizeof(*header)))
		return -EBADMSG;
	if (header->ifi_index <= 0 || !attrs[IFLA_IFNAME])
		return -EBADMSG;
	info->index = (uint32_t)header->ifi_index;
	info->flags = header->ifi_flags;
	info->mtu = attr_u32(attrs[IFLA_MTU], 0);
	info->master = attr_u32(attrs[IFLA_MASTER], 0);
	info->peer = attr_u32(attrs[IFLA_LINK], 0);
	info->peer_netns = (int32_t)attr_u32(attrs[IFLA_LINK_NETNSID], UINT32_MAX);
	info->operstate = attr_u8(attrs[IFLA_OPERSTATE], IF_OPER_UNKNOWN);
	attr_text(attrs[IFLA_IFNAME], info->name, sizeof(info->name));
	attr_text(attrs[IFLA_IFALIAS], info->alias, sizeof(info->alias));
	take_mac(attrs[IFLA_ADDRESS], info);
	take_kind(attrs[IFLA_LINKINFO], info);
	return take_altnames(attrs[IFLA_PROP_LIST], arena, info);
}
