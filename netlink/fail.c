/* SPDX-License-Identifier: MIT */
/* Words for requests that failed: the act, the errno, what the kernel says, what helps. */
#include "socket.h"

#include "../runtime/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append_kernel_text(const struct netlink *netlink, struct floe_error *error)
{
	size_t used = strlen(error->message);

	if (netlink->text[0])
		snprintf(error->message + used, sizeof(error->message) - used, " (kernel: %s)",
			 netlink->text);
}

static void append_help(struct floe_error *error, int r)
{
	switch (r) {
	case -EPERM:
		err_hint(error, "this takes CAP_NET_ADMIN in the network namespace");
		break;
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
		error->code = FLOE_ERROR_UNSUPPORTED;
		err_hint(error, "the kernel was built without it, or its module is not loaded");
		break;
	case -EINTR:
		err_hint(error, "it changed all the time; try again");
		break;
	}
}

int netlink_fail(const struct netlink *netlink, struct floe_error *error, int r, const char *format,
		 ...)
{
	char what[512];
	va_list arguments;

	if (!error || error->code != FLOE_ERROR_NONE)
		return r;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	err_errno(error, -r, "%s", what);
	append_kernel_text(netlink, error);
	append_help(error, r);
	return r;
}
