/* SPDX-License-Identifier: MIT */
/* Whatever a machine sends to its notification socket, what is taken from it is clean text. */
#include "../../runtime/monitor/notify_parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify_message message;
	char again[NOTIFY_STATUS_SIZE];
	size_t length;

	if (notify_parse((const char *)data, size, &message) < 0) {
		require(!message.ready && !message.has_status);
		return 0;
	}
	length = strnlen(message.status, sizeof(message.status));
	require(length < sizeof(message.status));
	for (size_t i = 0; i < length; i++)
		require((unsigned char)message.status[i] >= 0x20 && message.status[i] != 0x7f);
	/* Clean text is left as it is. */
	text_clean(message.status, length, again, sizeof(again) - 1);
	require(strcmp(again, message.status) == 0);
	require(message.errnum >= 0 && message.errnum <= 4095);
	require(message.exit_status >= 0 && message.exit_status <= 255);
	return 0;
}
