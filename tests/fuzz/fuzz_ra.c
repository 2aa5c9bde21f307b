/* SPDX-License-Identifier: MIT */
/* Whatever is sent as a router solicitation, who is answered is a host of the link. */
#include "../../runtime/base/ra.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The settings come from the input too: those that are accepted can be advertised. */
static void advertise(const uint8_t *data, size_t size, const struct ra_target *target)
{
	uint8_t frame[RA_FRAME_MAX];
	struct ra_router router = {0};
	struct ra_target none;
	ssize_t length;

	memcpy(&router, data, size < sizeof(router) ? size : sizeof(router));
	if (ra_router_check(&router, NULL) < 0)
		return;
	length = ra_build(&router, target, frame, sizeof(frame));
	require(length > 0 && length <= (ssize_t)sizeof(frame));
	require(ra_parse_solicitation(frame, (size_t)length, false, &none) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ra_target from, again;

	advertise(data, size, &ra_all_nodes);
	if (ra_parse_solicitation(data, size, false, &from) < 0) {
		require(ra_parse_solicitation(data, size, true, &again) < 0);
		return 0;
	}
	require(!(from.mac[0] & 1) && !IN6_IS_ADDR_MULTICAST(&from.address));
	require(data[21] == 255 && data[54] == 133 && data[55] == 0);
	advertise(data, size, &from);
	return 0;
}
