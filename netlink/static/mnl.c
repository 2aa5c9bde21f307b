/* SPDX-License-Identifier: MIT */
/* The functions of libmnl that netlink/ calls, for static programs where there is no libmnl.a. */
#include <libmnl/libmnl.h>
#include <string.h>

/*
 * Debian builds libmnl as a shared library only. Built into static programs alone, and only where
 * the linker finds no libmnl.a. tests/unit/test_netlink_mnl.c compares each with libmnl's own.
 */

static void *at(const void *base, size_t offset)
{
	return (char *)base + offset;
}

struct nlmsghdr *mnl_nlmsg_put_header(void *buf)
{
	struct nlmsghdr *message = buf;

	*message = (struct nlmsghdr){.nlmsg_len = MNL_NLMSG_HDRLEN};
	return message;
}

void *mnl_nlmsg_put_extra_header(struct nlmsghdr *nlh, size_t size)
{
	void *header = at(nlh, nlh->nlmsg_len);

	memset(header, 0, MNL_ALIGN(size));
	nlh->nlmsg_len += (uint32_t)MNL_ALIGN(size);
	return header;
}

size_t mnl_nlmsg_get_payload_len(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
}

void *mnl_nlmsg_get_payload(const struct nlmsghdr *nlh)
{
	return at(nlh, MNL_NLMSG_HDRLEN);
}

void *mnl_nlmsg_get_payload_offset(const struct nlmsghdr *nlh, size_t offset)
{
	return at(nlh, MNL_NLMSG_HDRLEN + MNL_ALIGN(offset));
}

bool mnl_nlmsg_ok(const struct nlmsghdr *nlh, int len)
{
	return len >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       (int)nlh->nlmsg_len >= 0 && (int)nlh->nlmsg_len <= len;
}

struct nlmsghdr *mnl_nlmsg_next(const struct nlmsghdr *nlh, int *len)
{
	*len -= (int)MNL_ALIGN(nlh->nlmsg_len);
	return at(nlh, MNL_ALIGN(nlh->nlmsg_len));
}

void mnl_attr_put(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data)
{
	struct nlattr *attr = at(nlh, MNL_ALIGN(nlh->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
	if (len > 0)
		memcpy(at(attr, MNL_ATTR_HDRLEN), data, len);
	nlh->nlmsg_len += (uint32_t)MNL_ALIGN(attr->nla_len);
}

uint16_t mnl_attr_get_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

uint16_t mnl_attr_get_payload_len(const struct nlattr *attr)
{
	return (uint16_t)(attr->nla_len - MNL_ATTR_HDRLEN);
}

void *mnl_attr_get_payload(const struct nlattr *attr)
{
	return at(attr, MNL_ATTR_HDRLEN);
}

bool mnl_attr_ok(const struct nlattr *attr, int len)
{
	return len >= (int)sizeof(*attr) && attr->nla_len >= sizeof(*attr) && attr->nla_len <= len;
}

struct nlattr *mnl_attr_next(const struct nlattr *attr)
{
	return at(attr, MNL_ALIGN(attr->nla_len));
}
