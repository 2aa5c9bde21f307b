/* SPDX-License-Identifier: MIT */
/* Making network links. */
#include "link.h"

#include "../runtime/base/err.h"
#include "link_setting.h"

#include <errno.h>
#include <linux/veth.h>
#include <string.h>

#define CREATE_FLAGS (NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK)

/* Begins the request for a link of KIND with a parent (0: none). What is appended until end_link()
 * is what the kind has to say about itself. */
static void begin_link(struct netlink_batch *batch, const char *kind, uint32_t parent,
		       const struct link_setting *setting, size_t nests[static 2])
{
	const struct ifinfomsg header = link_header(0, setting);

	message_begin(batch, RTM_NEWLINK, CREATE_FLAGS, &header, sizeof(header));
	message_put_setting(batch, setting);
	if (parent)
		message_put_u32(batch, IFLA_LINK, parent);
	nests[0] = message_nest(batch, IFLA_LINKINFO);
	message_put_text(batch, IFLA_INFO_KIND, kind);
	nests[1] = message_nest(batch, IFLA_INFO_DATA);
}

/* For a link whose index is not known: nothing is left of a creation that failed. */
static void delete_by_name(struct netlink *netlink, const char *name)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};

	message_begin(&batch, RTM_DELLINK, NLM_F_ACK, &header, sizeof(header));
	message_put_text(&batch, IFLA_IFNAME, name);
	netlink_request(netlink, &batch, NULL, NULL);
}

/* A second message of the same system call, which netlink_rcv_skb() carries out before a signal can
 * come in between. */
static void put_rest(struct netlink_batch *batch, const struct link_setting *setting)
{
	const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};

	message_begin(batch, RTM_SETLINK, NLM_F_ACK, &header, sizeof(header));
	message_put_text(batch, IFLA_IFNAME, setting->name);
	message_put_rest(batch, setting);
}

/* Ends and sends the request; returns the index of the link, 0 when it is elsewhere. */
static int end_link(struct netlink *netlink, struct netlink_batch *batch, const char *kind,
		    const struct link_setting *setting, const size_t nests[static 2],
		    struct floe_error *error)
{
	uint32_t index = 0;
	int r;

	message_nest_end(batch, nests[1]);
	message_nest_end(batch, nests[0]);
	if (!setting->place.attribute && link_setting_has_rest(setting))
		put_rest(batch, setting);
	if (!setting->place.attribute)
		message_ask_link(batch, setting->name);
	r = netlink_request(netlink, batch, link_take_index, &index);
	if (r < 0 && netlink->failed == 0)
		return netlink_fail(netlink, error, r, "cannot create the %s link %s", kind,
				    setting->name);
	if (r < 0) {
		netlink_fail(netlink, error, r, "cannot describe the new link %s", setting->name);
		delete_by_name(netlink, setting->name);
		return r;
	}
	return (int)index;
}

static int check_new(const struct link_setting *setting, struct floe_error *error)
{
	if (!setting->name)
		return err_usage(error, "a new network link needs a name");
	return link_setting_check(setting, error);
}

static void put_peer(struct netlink_batch *batch, const struct link_setting *peer)
{
	const struct ifinfomsg header = link_header(0, peer);
	size_t nest = message_nest(batch, VETH_INFO_PEER);

	message_put_raw(batch, &header, sizeof(header));
	message_put_setting(batch, peer);
	message_nest_end(batch, nest);
}

int link_create_veth(struct netlink *netlink, const struct link_setting *host,
		     const struct link_setting *peer, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	size_t nests[2];

	if (check_new(host, error) < 0 || check_new(peer, error) < 0)
		return -EINVAL;
	/* The kernel opens it before it has the other end: -ENOTCONN (drivers/net/veth.c). */
	if (peer->state == LINK_UP)
		return err_usage(error, "the peer %s cannot be up when it is made", peer->name);
	begin_link(&batch, "veth", 0, host, nests);
	put_peer(&batch, peer);
	return end_link(netlink, &batch, "veth", host, nests, error);
}

int link_create_bridge(struct netlink *netlink, const struct link_setting *setting,
		       struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	size_t nests[2];

	if (check_new(setting, error) < 0)
		return -EINVAL;
	begin_link(&batch, "bridge", 0, setting, nests);
	return end_link(netlink, &batch, "bridge", setting, nests, error);
}

/* Each kind has one thing to say about itself. */
static const struct {
	const char *kind;
	uint16_t attribute;
	uint16_t value;
	bool wide; /* 32 bits instead of 16 */
} shared_kinds[] = {
	[LINK_MACVLAN] = {"macvlan", IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE, true},
	[LINK_IPVLAN] = {"ipvlan", IFLA_IPVLAN_MODE, IPVLAN_MODE_L2, false},
	[LINK_VLAN] = {"vlan", IFLA_VLAN_ID, 0, false},
};

int link_create_shared(struct netlink *netlink, enum link_shared kind, uint32_t parent,
		       uint16_t tag, const struct link_setting *setting, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	uint16_t value = kind == LINK_VLAN ? tag : shared_kinds[kind].value;
	size_t nests[2];

	if (check_new(setting, error) < 0)
		return -EINVAL;
	if (kind == LINK_VLAN && (tag < 1 || tag > 4094))
		return err_usage(error, "the tag of a VLAN is 1 to 4094, not %u", tag);
	begin_link(&batch, shared_kinds[kind].kind, parent, setting, nests);
	if (shared_kinds[kind].wide)
		message_put_u32(&batch, shared_kinds[kind].attribute, value);
	else
		message_put_u16(&batch, shared_kinds[kind].attribute, value);
	return end_link(netlink, &batch, shared_kinds[kind].kind, setting, nests, error);
}
