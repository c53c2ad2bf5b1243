internal import Locking

/// All metrics of a process, each made once and found again by its name and labels.
///
/// Finding takes a lock and allocates: keep the instance where it is used often. A name or a label that Prometheus does
/// not allow, or a name used for two kinds, helps or sets of buckets, is a programmer's error and traps.
public final class MetricsRegistry: Sendable {
    private let families = Lock<[String: MetricFamily]>([:])
    private let process: ProcessMetrics?

    /// An empty registry; its text reports memory, CPU time, descriptors and start of this process as well, unless
    /// `reportsProcess` is false.
    public init(reportsProcess: Bool = true) {
        process = reportsProcess ? ProcessMetrics() : nil
    }

    /// The counter of that name and those labels.
    public func counter(_ name: String, help: String, labels: [(String, String)] = []) -> Counter {
        let series = find(name, help, labels, .counter) { .counter(Counter()) }
        guard case .counter(let counter) = series else { preconditionFailure("\(name) is no counter") }
        return counter
    }

    /// The gauge of that name and those labels.
    public func gauge(_ name: String, help: String, labels: [(String, String)] = []) -> Gauge {
        let series = find(name, help, labels, .gauge) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = series else {
            preconditionFailure("\(name) with these labels is read by a closure")
        }
        return gauge
    }

    /// Has a gauge of that name and those labels read its value from `reading` at every scrape, on the scraping thread;
    /// registered again, the newer closure counts.
    public func gauge(
        _ name: String, help: String, labels: [(String, String)] = [], reading: @escaping @Sendable () -> Double
    ) {
        let key = check(name, labels, .gauge)
        families.withLock { families in
            var family = families[name] ?? MetricFamily(kind: .gauge, help: help)
            precondition(family.kind == .gauge && family.help == help, "\(name) is registered as something else")
            family.series[key] = .reading(reading)
            families[name] = family
        }
    }

    /// The histogram of that name and those labels; `buckets` are its rising, finite upper bounds.
    public func histogram(
        _ name: String, help: String, labels: [(String, String)] = [], buckets: [Double] = Histogram.secondsBuckets
    ) -> Histogram {
        precondition(buckets.allSatisfy(\.isFinite), "the buckets of \(name) are not finite")
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy(<), "the buckets of \(name) do not rise")
        let series = find(name, help, labels, .histogram) { .histogram(Histogram(buckets: buckets)) }
        guard case .histogram(let histogram) = series else { preconditionFailure("\(name) is no histogram") }
        precondition(histogram.buckets == buckets, "\(name) has other buckets")
        return histogram
    }

    /// Everything in Prometheus's text exposition format 0.0.4: families by name, series by labels.
    public func prometheusText() -> [UInt8] {
        // Closures run outside the lock: they may use the registry themselves.
        var snapshot = families.withLock { $0 }
        for (name, family) in process?.families() ?? [:] { snapshot[name] = family }
        var text = PrometheusText()
        for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) { text.append(name, family) }
        return text.bytes
    }

    private func find(
        _ name: String, _ help: String, _ labels: [(String, String)], _ kind: MetricFamily.Kind,
        make: @Sendable () -> MetricFamily.Series
    ) -> MetricFamily.Series {
        let key = check(name, labels, kind)
        return families.withLock { families in
            var family = families[name] ?? MetricFamily(kind: kind, help: help)
            precondition(family.kind == kind && family.help == help, "\(name) is registered as something else")
            if let known = family.series[key] { return known }
            let made = make()
            family.series[key] = made
            families[name] = family
            return made
        }
    }

    /// The labels as they will be written, sorted so that their order does not matter.
    private func check(_ name: String, _ labels: [(String, String)], _ kind: MetricFamily.Kind) -> String {
        precondition(PrometheusText.isMetricName(name), "\"\(name)\" is not a metric name")
        for (label, _) in labels {
            precondition(PrometheusText.isLabelName(label), "\"\(label)\" is not a label name")
            precondition(kind != .histogram || label != "le", "le is the histogram's own label")
        }
        precondition(Set(labels.map(\.0)).count == labels.count, "\(name) has a label twice")
        return PrometheusText.labels(labels)
    }
}
