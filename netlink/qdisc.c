/* SPDX-License-Identifier: MIT */
/* Queueing of what leaves a link. */
#include "qdisc.h"

#include "../runtime/base/err.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Two Ethernet frames, or what comes together in a fiftieth of a second. */
#define BURST_MIN  3200
#define BURST_PART 50

/* What may wait: a dozen frames, or what takes a tenth of a second. */
#define QUEUE_MIN  20000
#define QUEUE_PART 10

static uint32_t at_least(uint64_t bytes, uint32_t least)
{
	return bytes < least ? least : bytes > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)bytes;
}

/* The kernel takes the rate of 64 bits when there is one, and the burst in bytes. */
static void put_bucket(struct netlink_batch *batch, uint64_t bytes)
{
	const struct tc_tbf_qopt bucket = {
		.rate = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = at_least(bytes, 1)},
		.limit = at_least(bytes / QUEUE_PART, QUEUE_MIN),
	};
	size_t nest = message_nest(batch, TCA_OPTIONS);

	message_put(batch, TCA_TBF_PARMS, &bucket, sizeof(bucket));
	message_put_u32(batch, TCA_TBF_BURST, at_least(bytes / BURST_PART, BURST_MIN));
	if (bytes > UINT32_MAX)
		message_put(batch, TCA_TBF_RATE64, &bytes, sizeof(bytes));
	message_nest_end(batch, nest);
}

int qdisc_set_rate(struct netlink *netlink, uint32_t index, uint64_t bits, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	const struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = TC_H_MAKE(1U << 16, 0),
		.tcm_parent = TC_H_ROOT,
	};
	int r;

	message_begin(&batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &header,
		      sizeof(header));
	message_put_text(&batch, TCA_KIND, "tbf");
	put_bucket(&batch, bits / 8);
	r = netlink_request(netlink, &batch, NULL, NULL);
	if (r == 0)
		return 0;
	netlink_fail(netlink, error, r, "cannot limit the rate of network link %u", index);
	if (r == -ENOENT)
		err_hint(error, "the kernel has no token bucket (CONFIG_NET_SCH_TBF)");
	return r;
}
