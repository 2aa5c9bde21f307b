/* SPDX-License-Identifier: MIT */
/* Changing, finding and deleting network links. */
#include "link.h"

#include "../runtime/base/err.h"
#include "link_setting.h"
#include "list.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <string.h>

static struct ifinfomsg header_of(uint32_t index)
{
	return (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
}

int link_change(struct netlink *netlink, uint32_t index, const struct link_setting *setting,
		struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct ifinfomsg header = link_header(index, setting);
	int r;

	if (link_setting_check(setting, error) < 0)
		return -EINVAL;
	message_begin(&batch, RTM_SETLINK, NLM_F_ACK, &header, sizeof(header));
	message_put_setting(&batch, setting);
	message_put_rest(&batch, setting);
	r = netlink_request(netlink, &batch, NULL, NULL);
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot %s network link %u%s%s",
				    setting->place.attribute ? "move" : "set up", index,
				    setting->name ? " as " : "",
				    setting->name ? setting->name : "");
	return 0;
}

/* A setting of a bridge's port: one of the flags below IFLA_PROTINFO. */
static int set_port(struct netlink *netlink, uint32_t index, uint16_t flag, bool value)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct ifinfomsg header = header_of(index);
	size_t nest;

	header.ifi_family = PF_BRIDGE;
	message_begin(&batch, RTM_SETLINK, NLM_F_ACK, &header, sizeof(header));
	nest = message_nest(&batch, IFLA_PROTINFO);
	message_put_u8(&batch, flag, value);
	message_nest_end(&batch, nest);
	return netlink_request(netlink, &batch, NULL, NULL);
}

int link_isolate(struct netlink *netlink, uint32_t index, bool isolated, struct floe_error *error)
{
	int r = set_port(netlink, index, IFLA_BRPORT_ISOLATED, isolated);

	return r < 0 ? netlink_fail(netlink, error, r, "cannot isolate bridge port %u", index) : 0;
}

/* What bridge(8) calls hairpin. */
int link_reflect(struct netlink *netlink, uint32_t index, bool reflects, struct floe_error *error)
{
	int r = set_port(netlink, index, IFLA_BRPORT_MODE, reflects);

	return r < 0 ? netlink_fail(netlink, error, r, "cannot make bridge port %u reflect", index)
		     : 0;
}

/* TYPE is RTM_NEWLINKPROP or RTM_DELLINKPROP. */
static int change_altname(struct netlink *netlink, uint16_t type, uint32_t index, const char *name)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct ifinfomsg header = header_of(index);
	uint16_t flags = type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0;
	size_t nest;

	message_begin(&batch, type, flags | NLM_F_ACK, &header, sizeof(header));
	nest = message_nest(&batch, IFLA_PROP_LIST);
	message_put_text(&batch, IFLA_ALT_IFNAME, name);
	message_nest_end(&batch, nest);
	return netlink_request(netlink, &batch, NULL, NULL);
}

int link_add_altname(struct netlink *netlink, uint32_t index, const char *name,
		     struct floe_error *error)
{
	int r = change_altname(netlink, RTM_NEWLINKPROP, index, name);

	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot also call network link %u %s", index,
				    name);
	return 0;
}

int link_delete_altname(struct netlink *netlink, uint32_t index, const char *name,
			struct floe_error *error)
{
	int r = change_altname(netlink, RTM_DELLINKPROP, index, name);

	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot take the name %s from link %u", name,
				    index);
	return 0;
}

int link_delete(struct netlink *netlink, uint32_t index, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct ifinfomsg header = header_of(index);
	int r;

	message_begin(&batch, RTM_DELLINK, NLM_F_ACK, &header, sizeof(header));
	r = netlink_request(netlink, &batch, NULL, NULL);
	return r < 0 ? netlink_fail(netlink, error, r, "cannot delete network link %u", index) : 0;
}

int link_index(struct netlink *netlink, const char *name, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	uint32_t index = 0;
	int r;

	message_ask_link(&batch, name);
	r = netlink_request(netlink, &batch, link_take_index, &index);
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot find the network link %s", name);
	return (int)index;
}

static int take_link(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	return link_parse(message, list->arena, item);
}

int link_find(struct netlink *netlink, struct arena *arena, const char *name,
	      struct link_info *info, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list found = {
		.arena = arena, .parse = take_link, .size = sizeof(struct link_info)};
	int r;

	message_ask_link(&batch, name);
	r = netlink_request(netlink, &batch, netlink_collect, &found);
	if (r == 0 && found.count != 1)
		r = -EBADMSG;
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot find the network link %s", name);
	*info = *(struct link_info *)found.items;
	return 0;
}

int link_list(struct netlink *netlink, struct arena *arena, struct link_info **links, size_t *count,
	      struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list all = {
		.arena = arena, .parse = take_link, .size = sizeof(struct link_info)};
	const struct ifinfomsg header = header_of(0);
	int r;

	message_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	message_put_u32(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = netlink_list(netlink, &batch, &all);
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot list network links");
	*links = all.items;
	*count = all.count;
	return 0;
}
