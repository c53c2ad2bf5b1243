import Glibc

/// The signals that ask the process to stop, or to read its certificates again, taken by one thread that waits for them.
struct StopSignals {
    private let set: sigset_t

    /// Blocks SIGTERM and SIGINT, and SIGHUP where there are certificates to read again, for this thread and every thread it starts; as PID 1 of a container nothing else would
    /// act on them.
    init(includingHangUp: Bool) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        if includingHangUp { unsafe sigaddset(&set, SIGHUP) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    /// Waits for one that asks to stop and tells its name; a second one ends the process at once. Those before it that ask
    /// for the certificates (SIGHUP) are answered by `reload`.
    func wait(onHangUp reload: () -> Void) -> String {
        var set = set
        var received: Int32 = 0
        while true {
            guard unsafe sigwait(&set, &received) == 0 else { continue }
            guard received == SIGHUP else { break }
            reload()
        }
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        return received == SIGTERM ? "SIGTERM" : "SIGINT"
    }
}
