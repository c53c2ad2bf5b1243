/// The metrics that share a name and differ in their labels.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    enum Series: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case reading(@Sendable () -> Double)
    }

    let kind: Kind
    let help: String
    /// By the labels as written, without braces.
    var series: [String: Series] = [:]
}
