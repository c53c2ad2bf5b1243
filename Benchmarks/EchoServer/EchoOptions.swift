import Glibc
import HTTP
import HTTPServer
import Networking

/// The command line: one flag for every limit of ``ServerConfiguration``, in octets, seconds or numbers.
struct EchoOptions {
    // Computed: a key path is not Sendable, and these are read once.
    private static var integers: [(flag: String, path: WritableKeyPath<ServerConfiguration, Int>)] {
        [
            ("--loops", \.loopCount), ("--backlog", \.backlog), ("--max-body", \.maximumBodyLength),
            ("--max-request-line", \.limits.requestLine), ("--max-field-section", \.limits.fieldSection),
            ("--max-fields", \.limits.fieldCount), ("--max-trailers", \.limits.trailerSection),
            ("--max-chunk-extensions", \.limits.chunkExtension), ("--max-chunk-overhead", \.limits.chunkOverhead),
            ("--min-progress", \.minimumProgress), ("--max-connections", \.maximumConnections),
            ("--max-connections-per-client", \.maximumConnectionsPerClient), ("--max-expansion", \.maximumExpansion),
            ("--compression-threshold", \.compressionThreshold),
            ("--max-refusals", \.maximumRefusals), ("--retry-after", \.retryAfter),
            ("--offload-threads", \.offloadThreads), ("--offload-queue", \.offloadQueueLimit),
            ("--output-limit", \.outputLimit), ("--read-size", \.readSize),
        ]
    }
    private static var durations: [(flag: String, path: WritableKeyPath<ServerConfiguration, Duration>)] {
        [
            ("--handshake-timeout", \.handshakeTimeout), ("--field-section-timeout", \.fieldSectionTimeout),
            ("--idle-timeout", \.idleTimeout),
            ("--body-timeout", \.bodyTimeout), ("--write-timeout", \.writeTimeout),
            ("--linger-timeout", \.lingerTimeout),
            ("--drain-timeout", \.drainTimeout), ("--drain-grace", \.drainGrace),
        ]
    }

    var configuration = ServerConfiguration()
    /// How long the fixed body is.
    var bodyLength = 200
    private var certificate = ""
    private var key = ""

    /// Reads the arguments; ends the program with a sentence at the first it does not understand.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard flag != "--help" else { Self.end(Self.usage, status: 0) }
            guard let value = rest.popFirst() else { Self.end("\(flag) needs a value.", status: 2) }
            guard set(flag, value) else { Self.end("\(flag) \(value) is not understood; see --help.", status: 2) }
        }
        guard !certificate.isEmpty else { return }
        configuration.tls = TLSConfiguration(identities: [.init(certificateFile: certificate, keyFile: key)])
    }

    private mutating func set(_ flag: String, _ value: String) -> Bool {
        if let entry = Self.integers.first(where: { $0.flag == flag }), let number = Int(value), number >= 0 {
            configuration[keyPath: entry.path] = number
            return true
        }
        if let entry = Self.durations.first(where: { $0.flag == flag }), let seconds = Double(value), seconds > 0 {
            configuration[keyPath: entry.path] = .seconds(seconds)
            return true
        }
        switch flag {
        case "--host": configuration.host = value
        case "--tls-certificate": certificate = value
        case "--tls-key": key = value
        case "--port":
            guard let port = UInt16(value) else { return false }
            configuration.port = port
        case "--body-length":
            guard let length = Int(value), length >= 0 else { return false }
            bodyLength = length
        default: return false
        }
        return true
    }

    private static var usage: String {
        let flags =
            ["--host", "--port", "--body-length", "--tls-certificate", "--tls-key"] + integers.map(\.flag)
            + durations.map(\.flag)
        return "usage: EchoServer [FLAG VALUE]…\nflags: " + flags.joined(separator: " ")
    }

    private static func end(_ sentence: String, status: Int32) -> Never {
        write("\(sentence)\n", to: status == 0 ? STDOUT_FILENO : STDERR_FILENO)
        exit(status)
    }
}
