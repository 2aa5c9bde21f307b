/* SPDX-License-Identifier: MIT */
/* Building a plan op by op; private to plan_*.c. */
#ifndef FLOE_PLAN_BUILDER_H
#define FLOE_PLAN_BUILDER_H

#include "plan.h"

#include <linux/mount.h>

/* The mount attributes of nearly every API file system. */
#define ATTR_API (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* What was decided about the machine's own link. */
struct builder_net {
	bool managed;        /* floe gives the addresses */
	bool inside;         /* and sets them at the start */
	bool relay;          /* names are answered on the link */
	const char *link;    /* the host's end */
	const char *altname; /* its whole name, where that had to be shortened */
	const char *way;     /* what packets come in by: that, or its zone's bridge; "": others' */
	uint8_t host_mac[WIRE_MAC_SIZE], mac[WIRE_MAC_SIZE];
	struct ip host[2], machine[2], gateway[2]; /* by family_index() */
	uint8_t prefix[2], host_prefix[2];         /* of the machine's end and of the host's */
	const struct ip *dns;                      /* what the machine is to ask */
	size_t dns_count;
};

struct builder {
	struct plan *plan;
	const struct spec *spec;
	const struct host *host;
	struct floe_error *error;

	const char *state;  /* state directory on the host, "/run/floe/NAME" */
	bool own_net;       /* the machine has a network namespace of its own */
	bool idmap_root;    /* the tree is id-mapped into the range */
	bool root_writable; /* files can be put into /etc */
	int dev_slot;       /* the host's /dev, -1: nodes are made */
	int root_slot;
	int store_layer; /* slot of the machine's own layer, -1: it has none */
	struct builder_net net;
};

/* A new op at the end of PHASE's; valid until the next one is added. Never NULL. */
struct op *op_add(struct builder *b, enum op_kind kind, enum op_phase phase, const char *why);

int slot_new(struct builder *b);
void note_add(struct builder *b, bool clamp, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void trace_add(struct builder *b, enum plan_trace_kind kind, const char *path);
void device_add(struct builder *b, char type, int major, int minor, const char *access,
		const char *why);

/* Formatted text in the plan's arena. */
const char *text(struct builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The most common ops inside. */
void add_directory(struct builder *b, const char *target, uint32_t mode, const char *why);
void add_symlink(struct builder *b, const char *target, const char *content, const char *why);
void add_mount(struct builder *b, const char *type, const char *target, const char *options,
	       uint64_t attributes, const char *why);
void add_write(struct builder *b, const char *target, uint32_t mode, const char *content,
	       const char *why);

/* The host's SOURCE in a new slot, which is returned. */
int add_stage(struct builder *b, const char *source, uint64_t attributes, bool recursive,
	      enum op_idmap idmap, const char *why);
void add_bind(struct builder *b, int slot, const char *source, const char *target, const char *why);

/* A new op about SOURCE, a link of the host, with a zeroed net of its own. Never NULL. */
struct op_net *add_net(struct builder *b, enum op_kind kind, enum op_phase phase,
		       const char *source, const char *why);

/* The parts, each a file; 0 or a negative errno with b->error set. */
int plan_user(struct builder *b); /* uid range and ownership */
int plan_cgroup(struct builder *b);
int plan_devices(struct builder *b);
int plan_net(struct builder *b);          /* links, addresses, ports */
const char *own_alias(struct builder *b); /* what links of the machine are described as */
void plan_net_host(struct builder *b);
struct ip plan_net_host_of(const struct spec_address *address); /* given, or what follows */
void plan_net_links(struct builder *b);        /* links besides the machine's own */
bool plan_net_offers(const struct builder *b); /* DHCP and the like, on the machine's link */
void plan_net_serve(struct builder *b);        /* DHCP, router advertisements, names */
void plan_net_inside(struct builder *b);
int plan_root(struct builder *b);   /* what becomes "/" */
int plan_api(struct builder *b);    /* /proc /sys /dev /run /tmp */
int plan_custom(struct builder *b); /* --bind and the like */
int plan_store(struct builder *b);  /* /nix/store */
int plan_files(struct builder *b);  /* /run/host, resolv.conf, localtime, credentials */
int plan_journal(struct builder *b);
void plan_load_store(struct builder *b); /* its database, last of all before the program */
int plan_process(struct builder *b);     /* limits, capabilities, filters, program */
int plan_environment(struct builder *b);

#endif
