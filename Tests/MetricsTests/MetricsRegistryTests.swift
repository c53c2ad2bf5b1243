import Testing

@testable import Metrics

@Suite("MetricsRegistry")
struct MetricsRegistryTests {
    private let registry = MetricsRegistry(reportsProcess: false)

    private var text: String { String(decoding: registry.prometheusText(), as: UTF8.self) }

    @Test("an empty registry writes nothing")
    func empty() {
        #expect(text == "")
    }

    @Test("families are sorted by name and series by labels, with HELP and TYPE once a family")
    func order() {
        registry.gauge("zeta", help: "Last.").set(-1.5)
        registry.counter("requests_total", help: "Requests.", labels: [("route", "/b"), ("method", "GET")]).increment()
        registry.counter("requests_total", help: "Requests.", labels: [("method", "GET"), ("route", "/a")])
            .increment(by: 41)
        registry.gauge("alpha:rate", help: "First.", reading: { 2 })
        #expect(
            text == """
                # HELP alpha:rate First.
                # TYPE alpha:rate gauge
                alpha:rate 2
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{method="GET",route="/a"} 41
                requests_total{method="GET",route="/b"} 1
                # HELP zeta Last.
                # TYPE zeta gauge
                zeta -1.5

                """)
    }

    @Test("the same name and labels, in any order, are the same instance")
    func sameInstance() {
        let first = registry.counter("c_total", help: "C.", labels: [("a", "1"), ("b", "2")])
        let second = registry.counter("c_total", help: "C.", labels: [("b", "2"), ("a", "1")])
        let other = registry.counter("c_total", help: "C.", labels: [("a", "2"), ("b", "1")])
        #expect(first === second)
        #expect(first !== other)
        #expect(registry.gauge("g", help: "G.") === registry.gauge("g", help: "G."))
        #expect(registry.histogram("h", help: "H.", buckets: [1]) === registry.histogram("h", help: "H.", buckets: [1]))
    }

    @Test("backslash, quote and newline are escaped in label values, backslash and newline in help")
    func escaping() {
        registry.gauge("g", help: "a\\b\n\"c\"", labels: [("path", "a\\b\n\"c\"é,}")]).set(0)
        #expect(
            text == #"""
                # HELP g a\\b\n"c"
                # TYPE g gauge
                g{path="a\\b\n\"c\"é,}"} 0

                """#)
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0.0, "0"), (1, "1"), (-3, "-3"), (0.1, "0.1"), (1e15, "1000000000000000.0"),
            (999_999_999_999_999, "999999999999999"),
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e-7, "1e-07"), (1e300, "1e+300"),
        ])
    func numbers(value: Double, written: String) {
        registry.gauge("g", help: "G.").set(value)
        #expect(text == "# HELP g G.\n# TYPE g gauge\ng \(written)\n")
    }

    @Test("a histogram writes cumulative buckets with inclusive bounds, +Inf, sum and count")
    func histogramText() {
        let histogram = registry.histogram(
            "latency_seconds", help: "Latency.", labels: [("route", "/x")], buckets: [0.5, 1, 2.5])
        for measurement in [0.25, 0.5, 0.75, 1, 2, 4, 1000] { histogram.observe(measurement) }
        histogram.observe(.nan)
        #expect(
            text == """
                # HELP latency_seconds Latency.
                # TYPE latency_seconds histogram
                latency_seconds_bucket{route="/x",le="0.5"} 2
                latency_seconds_bucket{route="/x",le="1"} 4
                latency_seconds_bucket{route="/x",le="2.5"} 5
                latency_seconds_bucket{route="/x",le="+Inf"} 7
                latency_seconds_sum{route="/x"} 1008.5
                latency_seconds_count{route="/x"} 7

                """)
        #expect(histogram.count == 7)
    }

    @Test("a histogram without measurements and without labels writes zeros")
    func emptyHistogram() {
        _ = registry.histogram("h", help: "H.", buckets: [1])
        #expect(text.hasSuffix("h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"))
    }

    @Test("a reading is taken at every scrape, may use the registry, and the newest closure counts")
    func readings() {
        let counter = registry.counter("reads_total", help: "Reads.")
        registry.gauge("now", help: "Now.", reading: { -1 })
        registry.gauge(
            "now", help: "Now.",
            reading: { [weak registry] in
                registry?.counter("reads_total", help: "Reads.").increment()
                return Double(counter.value)
            })
        #expect(text.contains("\nnow 1\n"))
        #expect(text.contains("\nnow 2\n"))
    }
}

@Suite("Metrics from many threads")
struct MetricsConcurrencyTests {
    @Test("nothing is lost when many tasks count, add, observe and scrape at once")
    func concurrency() async {
        let registry = MetricsRegistry(reportsProcess: false)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<1000 {
                        registry.counter("c_total", help: "C.", labels: [("parity", "\(task % 2)")]).increment()
                        registry.gauge("g", help: "G.").add(step.isMultiple(of: 2) ? 2 : -1)
                        registry.histogram("h", help: "H.", buckets: [10, 500]).observe(Double(step))
                        if step % 250 == 0 { _ = registry.prometheusText() }
                    }
                }
            }
        }
        #expect(registry.counter("c_total", help: "C.", labels: [("parity", "0")]).value == 4000)
        #expect(registry.counter("c_total", help: "C.", labels: [("parity", "1")]).value == 4000)
        #expect(registry.gauge("g", help: "G.").value == 4000)
        let histogram = registry.histogram("h", help: "H.", buckets: [10, 500])
        #expect(histogram.cumulativeCounts == [88, 4008, 8000])
        #expect(histogram.sum == 8 * 499_500)
    }
}

@Suite("Metric names", .serialized)
struct MetricNameTests {
    @Test(
        "a metric name that Prometheus does not allow is refused", arguments: ["", "1a", "a-b", "a b", "é", "a\n"])
    func metricNames(name: String) {
        #expect(!PrometheusText.isMetricName(name))
    }

    @Test("a label name that Prometheus does not allow is refused", arguments: ["", "1a", "a:b", "__name", "a.b"])
    func labelNames(name: String) {
        #expect(!PrometheusText.isLabelName(name))
    }

    @Test("letters, digits, underscores and, in metric names, colons are allowed")
    func allowed() {
        #expect(PrometheusText.isMetricName("a:b_C9"))
        #expect(PrometheusText.isMetricName(":"))
        #expect(PrometheusText.isLabelName("_a9Z"))
    }

    @Test("registering a bad name, a used name of another kind, falling buckets or the label le traps")
    func traps() async {
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry(reportsProcess: false).counter("a-b", help: "")
        }
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry(reportsProcess: false)
            _ = registry.counter("a", help: "")
            _ = registry.gauge("a", help: "")
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry(reportsProcess: false).histogram("a", help: "", buckets: [1, 1])
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry(reportsProcess: false).histogram("a", help: "", labels: [("le", "1")], buckets: [1])
        }
    }
}
