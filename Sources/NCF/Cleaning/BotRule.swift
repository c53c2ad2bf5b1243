internal import Glibc

/// Tells users who behave like programs: by how much they do, and by how regularly.
///
/// How much is judged against the other users of the same data, by robust statistics that a few bots do not move (Iglewicz and
/// Hoaglin 1993): the distance of ln n from the median, over 1.4826 × the median distance of those above the median. Only the upper
/// half says how wide the upper half is: numbers of interactions are skewed even as logarithms, and by the spread of both halves
/// one eager user in twenty would be a bot where most do one thing. Where the number is all there is to go by, it must besides lie
/// beyond the tail that the others have: ln n above its ninth decile falls off exponentially where numbers follow a power law
/// (Hill 1975), at a rate that the median of the excesses tells; and of such a tail one so far out is to be expected in less than
/// one dataset in a hundred. A narrow middle with a long tail would else be full of bots.
///
/// How regularly is the coefficient of variation of the times between a user's interactions, deviation over mean: 1 for
/// independent events, more for people, who come in bursts (Goh and Barabási 2008), and near 0 for a timer.
struct BotRule {
    /// Why a user is taken for a bot.
    enum Reason: Equatable {
        /// Far more interactions than others have.
        case volume(score: Double)
        /// More than most, and regular.
        case regularVolume(score: Double, variation: Double)
        /// As regular as a timer, however much it is.
        case clockwork(variation: Double)
    }

    /// The score from which on the number alone may tell.
    static let extremeScore = 10.0
    /// How many users with as many interactions or more the others' tail may lead to expect, for it to tell.
    static let greatestExpectation = 0.01
    /// The score that is an outlier (Iglewicz and Hoaglin 1993), which regularity must confirm.
    static let outlierScore = 3.5
    /// The variation below which times are regular.
    static let regularVariation = 0.3
    /// The variation below which they are a timer's.
    static let clockworkVariation = 0.1
    /// Interactions that a bot has at least.
    static let leastInteractions = 50
    /// Users beneath which nothing is told of what is usual.
    static let leastUsers = 20

    /// The median of ln n and the spread above it; nil where there is none.
    private let usual: (median: Double, spread: Double)?
    /// Where the last tenth of the users begins in ln n, how many they are, and how far they lie beyond on average; nil where they
    /// are too few.
    private let tail: (start: Double, count: Int, excess: Double)?

    /// Users that make a tail.
    private static let leastTail = 10

    /// Learns what is usual from the numbers of interactions of all users; O(users log users).
    init(userCounts: [Int32]) {
        let logarithms = userCounts.filter { $0 > 0 }.map { log(Double($0)) }.sorted()
        tail = Self.tail(of: logarithms)
        guard logarithms.count >= Self.leastUsers else {
            usual = nil
            return
        }
        let median = logarithms[logarithms.count / 2]
        let above = logarithms.compactMap { $0 > median ? $0 - median : nil }
        guard !above.isEmpty else {
            usual = nil
            return
        }
        // 1.4826 makes a median distance a standard deviation where the distribution is normal.
        usual = (median, 1.4826 * above[above.count / 2])
    }

    private static func tail(of logarithms: [Double]) -> (start: Double, count: Int, excess: Double)? {
        guard !logarithms.isEmpty else { return nil }
        let start = logarithms[logarithms.count * 9 / 10]
        let beyond = logarithms.compactMap { $0 > start ? $0 - start : nil }
        guard beyond.count >= leastTail else { return nil }
        // The median of an exponential distribution is ln 2 times its mean.
        return (start, beyond.count, beyond[beyond.count / 2] / log(2))
    }

    /// Whether the others' tail does not reach so far.
    private func isBeyondTail(_ count: Int) -> Bool {
        guard let tail else { return false }
        return Double(tail.count) * exp(-(log(Double(count)) - tail.start) / tail.excess) < Self.greatestExpectation
    }

    /// Why a user with so many interactions at these times, ascending and 0 where unknown, is taken for a bot; nil where it is not.
    func reason(count: Int, timestamps: ArraySlice<Int64>) -> Reason? {
        guard count >= Self.leastInteractions else { return nil }
        let score = usual.map { (log(Double(count)) - $0.median) / $0.spread } ?? 0
        if score >= Self.extremeScore, isBeyondTail(count) { return .volume(score: score) }
        guard let variation = Self.variation(of: timestamps) else { return nil }
        if variation < Self.clockworkVariation { return .clockwork(variation: variation) }
        guard score >= Self.outlierScore, variation < Self.regularVariation else { return nil }
        return .regularVolume(score: score, variation: variation)
    }

    /// The coefficient of variation of the gaps; nil where there are too few times, or they are all the same.
    static func variation(of timestamps: ArraySlice<Int64>) -> Double? {
        let known = timestamps.filter { $0 > 0 }
        guard known.count >= leastInteractions, let first = known.first else { return nil }
        var (gaps, previous) = (Moments(), first)
        for time in known.dropFirst() {
            // As far apart as no clock is: the difference of any two fits.
            gaps.add(Double(time) - Double(previous))
            previous = time
        }
        return gaps.mean > 0 ? gaps.deviation / gaps.mean : nil
    }
}

extension BotRule.Reason {
    /// The reason as a clause.
    func detail(count: Int) -> String {
        func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
        return switch self {
        case .volume(let score): "\(count) interactions, \(rounded(score)) deviations above the median"
        case .regularVolume(let score, let variation):
            "\(count) interactions, \(rounded(score)) deviations above the median, the gaps between them varying by "
                + "\(rounded(variation)) of their mean"
        case .clockwork(let variation):
            "\(count) interactions, the gaps between them varying by \(rounded(variation)) of their mean"
        }
    }
}
