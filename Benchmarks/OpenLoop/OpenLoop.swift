import Glibc

/// Load at a constant rate, and the latency that it meets, counted from when each request should have been sent.
///
///     OpenLoop --port 8080 --path /livez --rate 5000 --seconds 10
@main
struct OpenLoop {
    static func main() throws {
        // Writing to a connection that the server has closed is an error to be counted, not the end.
        signal(SIGPIPE, SIG_IGN)
        let options = OpenLoopOptions(Array(CommandLine.arguments.dropFirst()))
        let generator: LoadGenerator
        do {
            generator = try LoadGenerator(options)
        } catch {
            OpenLoopOptions.end("\(options.host):\(options.port): \(error)", status: 1)
        }
        try generator.run()
        print(options.isJSON ? json(generator, options) : text(generator, options))
        exit(generator.failures.isEmpty ? 0 : 1)
    }

    private static let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)]

    private static func figures(_ generator: LoadGenerator, _ options: OpenLoopOptions) -> [(String, Double)] {
        let latencies = generator.latencies
        var figures = [("rate", Double(latencies.count) / options.seconds), ("mean", latencies.mean / 1000)]
        figures += quantiles.map { ($0.0, Double(latencies.quantile($0.1)) / 1000) }
        return figures + [("max", Double(latencies.longest) / 1000)]
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func text(_ generator: LoadGenerator, _ options: OpenLoopOptions) -> String {
        var lines = figures(generator, options).map { name, value in
            name == "rate" ? "answered a second: \(rounded(value)) of \(options.rate)" : "\(name): \(rounded(value)) µs"
        }
        lines.append("waiting for a connection at once, at most: \(generator.longestLine)")
        if generator.reconnections > 0 { lines.append("idle connections lost: \(generator.reconnections)") }
        lines += failures(generator).map { "\($0): \($1)" }
        return lines.joined(separator: "\n")
    }

    private static func json(_ generator: LoadGenerator, _ options: OpenLoopOptions) -> String {
        var members = figures(generator, options).map { "\"\($0)\": \(rounded($1))" }
        members += ["\"waiting\": \(generator.longestLine)", "\"reconnections\": \(generator.reconnections)"]
        members.append(
            "\"failures\": {" + failures(generator).map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
        return "{" + members.joined(separator: ", ") + "}"
    }

    private static func failures(_ generator: LoadGenerator) -> [(String, Int)] {
        LoadConnection.Failure.allCases.compactMap { sort in generator.failures[sort].map { (sort.rawValue, $0) } }
    }
}
