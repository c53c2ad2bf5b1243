import HTTPServer
import JSON
import Locking

/// A job as server-sent events (WHATWG HTML, section 9.2): one with its present state, one at every change, the last,
/// `end`, when it has ended.
///
/// Every event holds the whole state, so that a client which missed some has lost nothing.
struct TrainingEvents: Sendable {
    /// How long a client hears nothing before it gets a comment, by which proxies and it know that somebody is there.
    private static let heartbeat = Duration.seconds(15)

    /// What the client reads.
    let stream: ResponseStream
    private let job: TrainingJob
    private let clock: WallClock
    /// The number of the last event; notices that come together are one event.
    private let sent = Lock(-1)

    /// Begins to follow `job`.
    ///
    /// - Parameter bufferLimit: Bytes that wait for a client; one that is further behind is cut off, and asks again.
    init(of job: TrainingJob, clock: WallClock, bufferLimit: Int = 1 << 20) {
        self.job = job
        self.clock = clock
        stream = ResponseStream(bufferLimit: bufferLimit, heartbeat: (Self.heartbeat, Array(":\n\n".utf8)))
    }

    /// Has the stream filled until the job has ended or the client is gone.
    func begin() {
        job.listen { _ in write() }
    }

    /// Writes the state as it is now; whether more is to come.
    private func write() -> Bool {
        let progress = job.current
        let isNew = sent.withLock { sent in
            defer { sent = progress.revision }
            return sent < progress.revision
        }
        guard isNew else { return !stream.isClosed }
        var data = JSONWriter()
        job.write(progress, into: &data, now: clock.milliseconds())
        let name = progress.state.hasEnded ? "end" : "progress"
        let event = "event: \(name)\ndata: ".utf8 + data.bytes + "\nid: \(progress.revision)\n\n".utf8
        guard stream.write(Array(event)) else {
            stream.abort()
            return false
        }
        if progress.state.hasEnded { stream.finish() }
        return !progress.state.hasEnded
    }
}
