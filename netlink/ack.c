/* SPDX-License-Identifier: MIT */
/* What the kernel answers to a request: an errno, and its own words about it. */
#include "ack.h"

#include "attr.h"

#include <errno.h>
#include <libmnl/libmnl.h>

/* Where the attributes begin: behind the code (NLMSG_DONE) or the copy of the request, of which
 * NETLINK_CAP_ACK leaves the header only. */
static size_t attributes_offset(const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == NLMSG_DONE)
		return sizeof(int);
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*answer))
		return SIZE_MAX;
	if (message->nlmsg_flags & NLM_F_CAPPED)
		return sizeof(*answer);
	return sizeof(answer->error) + answer->msg.nlmsg_len;
}

int ack_parse(const struct nlmsghdr *message, char *text, size_t size)
{
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];
	size_t offset;
	int code;

	text[0] = '\0';
	if (mnl_nlmsg_get_payload_len(message) < sizeof(int))
		return -EBADMSG;
	code = *(const int *)mnl_nlmsg_get_payload(message);
	offset = attributes_offset(message);
	if (message->nlmsg_flags & NLM_F_ACK_TLVS && offset <= mnl_nlmsg_get_payload_len(message) &&
	    attr_sort_message(attrs, NLMSGERR_ATTR_MSG + 1, message, offset))
		attr_text(attrs[NLMSGERR_ATTR_MSG], text, size);
	/* errno ends at 4095 (MAX_ERRNO); anything else would not survive being negated. */
	return code > 0 || code < -4095 ? -EBADMSG : code;
}
