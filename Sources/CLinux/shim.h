// The parts of Linux that the Glibc module leaves out.
#ifndef NECTAR_CLINUX_SHIM_H
#define NECTAR_CLINUX_SHIM_H

#include <malloc.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

// Declared here because <sys/socket.h> hides it behind _GNU_SOURCE, which a module must not define:
// the macro would leak into other modules and break debug builds.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

// The variant of strerror_r that POSIX names. Which of the two <string.h> shows depends on _GNU_SOURCE as well.
extern int __xpg_strerror_r(int code, char *text, size_t length);

#endif
