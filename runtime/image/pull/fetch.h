/* SPDX-License-Identifier: MIT */
/* Fetching a file over HTTP, going on where a connection was cut. */
#ifndef FLOE_IMAGE_PULL_FETCH_H
#define FLOE_IMAGE_PULL_FETCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "../pull.h"

/* What the headers of an answer say about the file. */
struct answer {
	char tag[256], modified[64]; /* "" when not said */
	uint64_t size;               /* of the whole file; 0: unknown */
	uint64_t first;              /* the byte that a part begins with */
};

struct fetch {
	const struct pull_request *request;
	pull_sink *sink;
	void *context;
	struct floe_error *error;
	CURL *curl;
	struct answer first_answer, answer;
	uint64_t bytes; /* handed to the sink */
	uint64_t skip;  /* to be left out of this answer */
	bool begun;     /* content of this answer came */
	int failure;    /* of the sink or ours, that ended a connection */
	char message[CURL_ERROR_SIZE];
};

void fetch_global_init(void);

#endif
