/* SPDX-License-Identifier: MIT */
/*
 * What NixOS writes down of a container, NAME.conf in /etc/nixos-containers, as a front end: it fills
 * a spec with what the start script of NixOS's unit (nixos-containers.nix) asks of systemd-nspawn,
 * and what the script and the wrapper of the container's init do themselves.
 */
#ifndef FLOE_SPEC_NIXOS_CONF_H
#define FLOE_SPEC_NIXOS_CONF_H

#include "env_file.h"
#include "spec.h"

enum nixos_key {
	NIXOS_SYSTEM_PATH,
	NIXOS_FLAKE,
	NIXOS_COPY_RESOLV_CONF,
	NIXOS_PRIVATE_NETWORK,
	NIXOS_HOST_BRIDGE,
	NIXOS_HOST_PORT,
	NIXOS_HOST_ADDRESS,
	NIXOS_HOST_ADDRESS6,
	NIXOS_LOCAL_ADDRESS,
	NIXOS_LOCAL_ADDRESS6,
	NIXOS_LOCAL_MAC_ADDRESS,
	NIXOS_NETWORK_NAMESPACE_PATH,
	NIXOS_PRIVATE_USERS,
	NIXOS_INTERFACES,
	NIXOS_MACVLANS,
	NIXOS_AUTO_START,
	NIXOS_EXTRA_NSPAWN_FLAGS,
	NIXOS_KEY_COUNT,
};

/* The values of the keys; "" and line 0 for those that are not there. */
struct nixos_conf {
	const char *value[NIXOS_KEY_COUNT];
	unsigned line[NIXOS_KEY_COUNT];
	bool any; /* it has one of the keys: it is a container's */
};

/* The name of a key, as in the file. */
const char *nixos_key_name(enum nixos_key key);

/* Reads the SIZE bytes of TEXT, which may be anything. */
void nixos_conf_read(const char *text, size_t size, struct nixos_conf *conf,
		     struct findings *findings);

/* Whether a key that is 0 or 1 says 1. */
bool nixos_conf_truth(const struct nixos_conf *conf, enum nixos_key key);

/* What the host has, which the file does not say. */
struct nixos_host {
	const char *name; /* of the container */
	const char *root; /* where it lives */
	bool has_profile; /* the system that it has by its profile is there */
	bool has_database;
	bool has_daemon; /* the directory of the Nix daemon's socket */
	bool is_x86;     /* its system is for 32 bits */
	bool may_name;   /* /etc/hosts is a file that is not made by somebody else */
};

/* Where a container's profile is on the host, in ARENA. */
const char *nixos_profile(struct arena *arena, const char *name);

/*
 * Sets in SPEC what CONF says, by the option table; what is said later by name goes before it.
 * FINDINGS, whose arena has to be SPEC's, gets what is to be said; SPEC is of no use any more when
 * some of it is fatal.
 */
void nixos_conf_apply(struct spec *spec, const struct nixos_conf *conf,
		      const struct nixos_host *host, struct findings *findings);

#endif
