import Glibc

/// How far an item lies above what was to be expected of it.
///
/// Items and times make a table; if time made no difference, an item would have of the interactions of any time its share of all
/// there are: E of them are to be expected, and n were found. n is taken for a Poisson variable of mean λE, and λ a priori for a gamma variable of
/// mean 1 that is worth `prior` interactions, so that λ is then Γ(n + prior, E + prior). The score is the λ that is exceeded with a
/// probability of 97.5 %: few interactions say little, whatever they are compared with.
///
/// This is the shrunk observed-to-expected ratio and its lower limit by which drug safety looks for signals in reports (DuMouchel 1999,
/// The American Statistician 53(3); Norén, Hopstadius and Bate 2013, Statistical Methods in Medical Research 22(1), there with a prior
/// of ½). With many rare items ½ is too little: three clicks out of nothing would be ahead of five thousand where three were expected.
struct TrendScore: Sendable {
    /// What the prior counts, in interactions; at least 1.
    let prior: Double

    /// Of the standard normal distribution, exceeded with a probability of 97.5 %.
    private static let quantile = -1.959_963_984_540_054

    /// What is expected of an item, touched `total` times of `all`, where there were `interactions`.
    static func expected(_ total: Int, of all: Int, among interactions: Int) -> Double {
        all > 0 ? Double(interactions) * Double(total) / Double(all) : 0
    }

    /// The score; above 1 where the item is found more often than expected, beyond doubt.
    ///
    /// By the approximation of Wilson and Hilferty 1931, within 1 % from five interactions on, those of the prior included.
    func score(found: Int, expected: Double) -> Double {
        let shape = Double(found) + prior
        let root = 1 - 1 / (9 * shape) + Self.quantile / (3 * shape.squareRoot())
        return shape * root * root * root / (expected + prior)
    }
}
