// Makes TLS 1.3 connections to a server on loopback for some seconds, one after the other in each of eight threads, and
// asks for nothing on them: what the server does for them is the handshake. Every connection ends in good order, with
// the client's close_notify first, so that the server neither waits nor is reset, and with its tickets read.
//
//     tls_handshakes PORT SECONDS full|resumed
//
// Prints how many handshakes there were in how many seconds; fails at the first that is not of the wanted kind.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8 };

static int port;
static double end;
static bool wants_resumption;

// What one thread keeps between its connections.
struct client {
    pthread_t thread;
    SSL_CTX *context;
    SSL_SESSION *session;
    long count;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "tls_handshakes: %s\n", what);
    exit(1);
}

// The newest ticket is used, and only once, as RFC 8446, appendix C.4, asks of clients.
static int keep_session(SSL *connection, SSL_SESSION *session) {
    struct client *client = SSL_get_app_data(connection);
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static int connect_socket(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) fail("the server takes no connection");
    return descriptor;
}

static void make_connection(struct client *client, bool resumes) {
    int descriptor = connect_socket();
    SSL *connection = SSL_new(client->context);
    SSL_set_app_data(connection, client);
    SSL_set_fd(connection, descriptor);
    if (resumes) SSL_set_session(connection, client->session);
    if (SSL_connect(connection) != 1) fail("a handshake failed");
    if (SSL_session_reused(connection) != resumes) fail(resumes ? "a session was not resumed" : "a session was resumed");
    SSL_shutdown(connection);
    // The tickets, and then the end; nginx leaves close_notify out where the client has said it first.
    char octet;
    while (SSL_read(connection, &octet, 1) > 0) {}
    SSL_free(connection);
    close(descriptor);
}

static void *run(void *argument) {
    struct client *client = argument;
    while (now() < end) {
        make_connection(client, wants_resumption);
        client->count++;
    }
    return NULL;
}

static void prepare(struct client *client) {
    static const unsigned char protocols[] = "\x08http/1.1";
    client->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(client->context, TLS1_3_VERSION);
    SSL_CTX_set_alpn_protos(client->context, protocols, sizeof protocols - 1);
    SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client->context, keep_session);
    if (!wants_resumption) return;
    make_connection(client, false);
    if (!client->session) fail("the server has given no ticket");
}

int main(int count, char **arguments) {
    if (count != 4) fail("usage: tls_handshakes PORT SECONDS full|resumed");
    port = atoi(arguments[1]);
    wants_resumption = strcmp(arguments[3], "resumed") == 0;
    signal(SIGPIPE, SIG_IGN);
    static struct client clients[THREADS];
    for (int i = 0; i < THREADS; i++) prepare(&clients[i]);
    double begin = now();
    end = begin + atof(arguments[2]);
    for (int i = 0; i < THREADS; i++) pthread_create(&clients[i].thread, NULL, run, &clients[i]);
    long handshakes = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(clients[i].thread, NULL);
        handshakes += clients[i].count;
    }
    printf("%ld handshakes in %.6f s\n", handshakes, now() - begin);
}
