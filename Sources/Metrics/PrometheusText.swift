/// Prometheus's text exposition format, version 0.0.4.
public struct PrometheusText {
    /// The media type a scrape is answered with.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    init() {}

    mutating func append(_ name: String, _ family: MetricFamily) {
        line("# HELP \(name) \(Self.escaped(family.help, quotes: false))")
        line("# TYPE \(name) \(family.kind.rawValue)")
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): sample(name, labels, counter.value.description)
            case .gauge(let gauge): sample(name, labels, Self.number(gauge.value))
            case .reading(let reading): sample(name, labels, Self.number(reading()))
            case .histogram(let histogram): append(name, labels, histogram)
            }
        }
    }

    private mutating func append(_ name: String, _ labels: String, _ histogram: Histogram) {
        let counts = histogram.cumulativeCounts
        for (index, count) in counts.enumerated() {
            let bound = index < histogram.buckets.count ? histogram.buckets[index] : .infinity
            let le = "le=\"\(Self.number(bound))\""
            sample("\(name)_bucket", labels.isEmpty ? le : "\(labels),\(le)", count.description)
        }
        sample("\(name)_sum", labels, Self.number(histogram.sum))
        // The last bucket, not a second reading: a scraper expects the two to agree.
        sample("\(name)_count", labels, (counts.last ?? 0).description)
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String) {
        line(labels.isEmpty ? "\(name) \(value)" : "\(name){\(labels)} \(value)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Labels as written between braces, by name.
    static func labels(_ labels: [(String, String)]) -> String {
        labels.sorted { $0.0 < $1.0 }.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    /// Shortest text that reads back as the same double; whole numbers without a fraction, as Prometheus's own client.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if abs(value) < 1e15, let whole = Int(exactly: value) { return whole.description }
        return value.description
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func isMetricName(_ name: String) -> Bool {
        isName(name) { $0 == UInt8(ascii: ":") }
    }

    /// Label names, without the colon; those that begin with two underscores are Prometheus's own.
    static func isLabelName(_ name: String) -> Bool {
        isName(name) { _ in false } && !name.hasPrefix("__")
    }

    private static func isName(_ name: String, allowing extra: (UInt8) -> Bool) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: extra(byte)
            }
        }
    }
}
