// The parts of Linux that the Glibc module leaves out.
#ifndef NECTAR_CLINUX_SHIM_H
#define NECTAR_CLINUX_SHIM_H

#include <linux/sockios.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

// Declared here because <sys/socket.h> hides it behind _GNU_SOURCE, which a module must not define:
// the macro would leak into other modules and break debug builds.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

// Octets in a socket's send buffer that the peer has not acknowledged (tcp(7)); 0 where that cannot be told. A function,
// because Swift cannot call one with a variable number of arguments.
static inline int nectar_unacknowledged(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : 0;
}

// The variant of strerror_r that POSIX names. Which of the two <string.h> shows depends on _GNU_SOURCE as well.
extern int __xpg_strerror_r(int code, char *text, size_t length);

#endif
