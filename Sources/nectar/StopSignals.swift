import Glibc

/// The thread that waits for signals. Written once, before there is a handler that reads it.
private nonisolated(unsafe) var waitingThread = pthread_self()

/// The signals that ask the process to stop, or to read its certificates again, taken by one thread that waits for them.
struct StopSignals {
    private let set: sigset_t
    private let signals: [Int32]

    /// Blocks SIGTERM and SIGINT, and SIGHUP where there are certificates to read again, for this thread and every thread it starts; as PID 1 of a container nothing else would
    /// act on them.
    ///
    /// Threads that are there already, as libraries have some before the program begins (OpenBLAS), pass on what reaches them.
    init(includingHangUp: Bool) {
        signals = [SIGTERM, SIGINT] + (includingHangUp ? [SIGHUP] : [])
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
        unsafe waitingThread = pthread_self()
        for number in signals { _ = signal(number) { unsafe pthread_kill(waitingThread, $0) } }
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
        for number in signals { _ = signal(number, SIG_DFL) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        return received == SIGTERM ? "SIGTERM" : "SIGINT"
    }
}
