// The floor that the HTTP server is measured against: one thread, level-triggered epoll, recv, send, and no parsing at
// all. It answers every REQUEST_LENGTH octets received with the same octets as the echo server does, head included.
//
//     epoll_loop PORT REQUEST_LENGTH
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAXIMUM_DEPTH = 64, BODY_LENGTH = 200, MAXIMUM_DESCRIPTOR = 65536 };

static const char head[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Length: 200\r\nX-Request-ID: 00000000000000000000000000000000\r\n\r\n";

static char answers[MAXIMUM_DEPTH * (sizeof head + BODY_LENGTH)];
static size_t unanswered[MAXIMUM_DESCRIPTOR];

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
        perror("listen");
        exit(1);
    }
    return listener;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    size_t request_length = strtoul(arguments[2], NULL, 10);
    size_t answer_length = sizeof head - 1 + BODY_LENGTH;
    for (int i = 0; i < MAXIMUM_DEPTH; i++) {
        memcpy(answers + i * answer_length, head, sizeof head - 1);
        memset(answers + i * answer_length + sizeof head - 1, 'x', BODY_LENGTH);
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(atoi(arguments[1]));
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    static char buffer[16384];
    for (;;) {
        int ready = epoll_wait(poll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (client < 0 || client >= MAXIMUM_DESCRIPTOR) continue;
                unanswered[client] = 0;
                event.events = EPOLLIN;
                event.data.fd = client;
                epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
                continue;
            }
            ssize_t received = recv(descriptor, buffer, sizeof buffer, 0);
            if (received <= 0) {
                close(descriptor);
                continue;
            }
            unanswered[descriptor] += received;
            size_t depth = unanswered[descriptor] / request_length;
            if (depth > MAXIMUM_DEPTH) depth = MAXIMUM_DEPTH;
            unanswered[descriptor] -= depth * request_length;
            if (depth > 0 && send(descriptor, answers, depth * answer_length, MSG_NOSIGNAL) < 0) close(descriptor);
        }
    }
}
