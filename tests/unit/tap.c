/* SPDX-License-Identifier: MIT */
/* A tap device in a network namespace of the test's own. */
#include "tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "unit.h"

#define NAME "tap0"

int tap = -1;
int index_of_tap;

static void change(unsigned long request, struct ifreq *change)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(change->ifr_name, NAME);
	assert_int_equal(ioctl(fd, request, change), 0);
}

void tap_set_link(bool up)
{
	struct ifreq request = {.ifr_flags = (short)(up ? IFF_UP : 0)};

	change(SIOCSIFFLAGS, &request);
}

void tap_set_mtu(int mtu)
{
	struct ifreq request = {.ifr_mtu = mtu};

	change(SIOCSIFMTU, &request);
}

static void set_mac(void)
{
	struct ifreq request = {.ifr_hwaddr = {.sa_family = 1, .sa_data = {2, 0, 0, 0, 0, 1}}};

	change(SIOCSIFHWADDR, &request);
}

int tap_make(void **state)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = NAME};

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		return -1;
	set_mac();
	tap_set_link(true);
	index_of_tap = (int)if_nametoindex(NAME);
	return 0;
}

int tap_remove(void **state)
{
	(void)state;
	cleanup_fd(&tap);
	tap = -1;
	return 0;
}

void tap_inject(const uint8_t *data, size_t size)
{
	assert_int_equal(write(tap, data, size), size);
}

void tap_inject_recorded(const char *name)
{
	uint8_t data[PACKET_ROOM];

	tap_inject(data, packet_read(name, data));
}

size_t tap_take(uint8_t data[static PACKET_ROOM], size_t at, uint8_t value)
{
	ssize_t size;

	while ((size = read(tap, data, PACKET_ROOM)) > 0)
		if ((size_t)size > at && data[at] == value)
			return (size_t)size;
	return 0;
}
