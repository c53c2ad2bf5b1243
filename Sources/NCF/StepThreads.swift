/// On how many threads the steps of a training run: on all, or on one where to share the work takes longer than it saves.
///
/// Which is which the steps tell themselves: some in a row are timed on one, as many on all, and both again after many steps, for
/// the machine may have other things to do by then. What is computed does not depend on it.
struct StepThreads {
    /// Steps in a row on either number of threads.
    static let trial = 24
    /// Of these, the first that do not count: what the other threads had is not in this one's cache yet.
    static let settling = 8
    /// Steps after which they are timed again.
    static let period = 8192
    /// Nanoseconds of a step on all threads beyond which sharing its work costs little in comparison.
    static let longStep: UInt64 = 500_000

    private let all: Int
    private var times: (all: [UInt64], one: [UInt64]) = ([], [])
    // Since the trial began.
    private var step = 0
    private var chosen: Int

    /// `all` threads at most.
    init(all: Int) {
        self.all = all
        chosen = all
    }

    private var isTrying: Bool { all > 1 && step < 2 * Self.trial }

    /// For the next step.
    var next: Int { isTrying ? (step < Self.trial ? all : 1) : chosen }

    /// Tells how long the step took that ``next`` was for.
    mutating func took(_ nanoseconds: UInt64) {
        defer { step = step + 1 < Self.period ? step + 1 : 0 }
        guard isTrying, step % Self.trial >= Self.settling else { return }
        if step < Self.trial { times.all.append(nanoseconds) } else { times.one.append(nanoseconds) }
        if step == Self.trial - 1, Self.median(times.all) > Self.longStep {
            end(choosing: all)
        } else if step == 2 * Self.trial - 1 {
            end(choosing: Self.median(times.all) < Self.median(times.one) ? all : 1)
        }
    }

    private mutating func end(choosing threads: Int) {
        chosen = threads
        times = ([], [])
        step = 2 * Self.trial - 1
    }

    private static func median(_ times: [UInt64]) -> UInt64 { times.sorted()[times.count / 2] }
}
