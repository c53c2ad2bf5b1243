import Glibc

/// The signals that ask the process to stop, taken by one thread that waits for them.
struct StopSignals {
    private let set: sigset_t

    /// Blocks SIGTERM and SIGINT for this thread and every thread it starts; as PID 1 of a container nothing else would
    /// act on them.
    init() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    /// Waits for one of them and tells its name; a second one ends the process at once.
    func wait() -> String {
        var set = set
        var received: Int32 = 0
        while unsafe sigwait(&set, &received) != 0 {}
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        return received == SIGTERM ? "SIGTERM" : "SIGINT"
    }
}
