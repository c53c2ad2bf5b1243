// Posts interactions to a server on loopback for some seconds, one a request, each connection the next one as soon as the
// last is answered: a closed loop on one thread.
//
//     post_interactions PORT SECONDS CONNECTIONS
//
// It shares the machine with the server, so it is made to take as little as a client can: two calls of the system a request,
// and few for all together. Prints how many were answered in how many seconds; fails at the first answer that does not say
// that one was stored.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { USERS = 1000, ITEMS = 777, CONNECTION_LIMIT = 1024, ANSWER_LIMIT = 4096, EVENTS = 64 };

// What has come of the answer to a connection's request.
struct connection {
    int descriptor;
    int length;
    char answer[ANSWER_LIMIT + 1];
};

static struct connection connections[CONNECTION_LIMIT];
static long posted;
static long answered;

static void fail(const char *what) {
    fprintf(stderr, "post_interactions: %s\n", what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void post(const struct connection *connection) {
    static const char body[] = "{\"user_id\": \"u%d\", \"item_id\": \"i%d\", \"rating\": 4}";
    static const char head[] = "POST /interactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                               "Content-Length: %d\r\n\r\n%s";
    char content[128], request[512];
    int content_length = snprintf(content, sizeof content, body, (int)(posted % USERS), (int)(posted % ITEMS));
    int length = snprintf(request, sizeof request, head, content_length, content);
    if (send(connection->descriptor, request, length, MSG_NOSIGNAL) != length) fail("a request could not be sent");
    posted++;
}

// The length of the answer that has begun to come; 0 where its head has not ended.
static int answer_length(const struct connection *connection) {
    static const char status[] = "HTTP/1.1 200 ", field[] = "\r\nContent-Length: ";
    const char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) return 0;
    const char *length = strcasestr(connection->answer, field);
    if (strncmp(connection->answer, status, sizeof status - 1) != 0) fail(connection->answer);
    if (!length || length > end) fail("an answer does not say how long it is");
    return (int)(end + 4 - connection->answer) + atoi(length + sizeof field - 1);
}

static void receive(struct connection *connection) {
    ssize_t received = recv(connection->descriptor, connection->answer + connection->length,
                            ANSWER_LIMIT - connection->length, MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) fail("the server has closed a connection, or sent too much");
    connection->length += received;
    connection->answer[connection->length] = 0;
    int length = answer_length(connection);
    if (length == 0 || connection->length < length) return;
    if (connection->length > length || !strstr(connection->answer, "\"stored\":1,")) fail(connection->answer);
    connection->length = 0;
    answered++;
    post(connection);
}

static void open_connection(struct connection *connection, int port, int poller) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1;
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) < 0)
        fail("the server takes no connection");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_ADD, connection->descriptor, &event);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 4) fail("usage: post_interactions PORT SECONDS CONNECTIONS");
    int port = atoi(arguments[1]), count = atoi(arguments[3]);
    if (count < 1 || count > CONNECTION_LIMIT) fail("from 1 to 1024 connections");
    int poller = epoll_create1(0);
    for (int i = 0; i < count; i++) open_connection(&connections[i], port, poller);
    double begin = now(), end = begin + atof(arguments[2]);
    for (int i = 0; i < count; i++) post(&connections[i]);
    while (now() < end) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, 100);
        for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
    }
    printf("%ld requests in %.6f s\n", answered, now() - begin);
}
