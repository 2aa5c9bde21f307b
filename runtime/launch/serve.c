/* SPDX-License-Identifier: MIT */
/* Starting the process that serves the machine's link. */
#include "../base/cleanup.h"
#include "../link/link_helper.h"
#include "../net/zone.h"
#include "network.h"

#include <errno.h>
#include <string.h>

static struct dns_settings settings_of(const struct plan_service *service, int names)
{
	struct dns_settings settings = {.names = names};

	memcpy(settings.at, service->dns_at, sizeof(settings.at));
	memcpy(settings.client_mac, service->dns_client, sizeof(settings.client_mac));
	return settings;
}

static int open_services(struct context *context, const struct op *op, int names)
{
	const struct plan_service *service = &op->net->service;
	struct link_services services = {
		.dhcp = service->dhcp,
		.lease = service->lease,
		.ra = service->ra,
		.router = service->router,
		.dns = service->dns,
		.names = settings_of(service, names),
	};

	services.index = network_link(context, op->source);
	if (services.index < 0)
		return services.index;
	return link_helper_open(context->helper, &services, context->error);
}

int network_serve(struct context *context, const struct op *op)
{
	const struct plan_service *service = &op->net->service;
	CLEANUP_FD int names = -1;
	int r;

	if (service->dns && service->zone) {
		names = zone_names_open(service->zone, context->error);
		if (names < 0)
			return names;
	}
	context->helper = malloc(sizeof(*context->helper));
	if (!context->helper)
		return -ENOMEM;
	*context->helper = (struct link_helper)LINK_HELPER_CLOSED;
	r = open_services(context, op, names);
	return r < 0 ? r : link_helper_start(context->helper, context->plan->name, context->error);
}

void network_serve_end(struct context *context)
{
	if (context->helper)
		link_helper_stop(context->helper);
	free(context->helper);
	context->helper = NULL;
}
