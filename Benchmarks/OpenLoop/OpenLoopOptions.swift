import Glibc

/// The command line of the load generator.
struct OpenLoopOptions {
    /// An IPv4 address.
    var host = "127.0.0.1"
    var port: UInt16 = 8080
    var path = "/"
    var method = "GET"
    /// How long the content of every request is.
    var bodyLength = 0
    var connections = 64
    /// Requests a second, whatever the server does.
    var rate = 1000.0
    /// How long to measure, after the warm-up.
    var seconds = 10.0
    var warmUp = 1.0
    var isJSON = false

    static let usage = """
        usage: OpenLoop [--host ADDRESS] [--port N] [--path PATH] [--method NAME] [--body-bytes N] [--connections N]
                        [--rate REQUESTS_PER_SECOND] [--seconds N] [--warm-up SECONDS] [--json]

        """

    /// Reads the arguments; ends the program with a sentence at the first it does not understand.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            switch flag {
            case "--help": Self.end(Self.usage, status: 0)
            case "--json": isJSON = true
            default:
                guard let value = rest.popFirst() else { Self.end("\(flag) needs a value.\n\(Self.usage)", status: 2) }
                guard set(flag, value) else {
                    Self.end("\(flag) \(value) is not understood.\n\(Self.usage)", status: 2)
                }
            }
        }
    }

    private mutating func set(_ flag: String, _ value: String) -> Bool {
        switch flag {
        case "--host": host = value
        case "--path": path = value
        case "--method": method = value
        case "--port": return assign(UInt16(value), to: \.port) { $0 > 0 }
        case "--body-bytes": return assign(Int(value), to: \.bodyLength) { $0 >= 0 }
        case "--connections": return assign(Int(value), to: \.connections) { (1...60_000).contains($0) }
        case "--rate": return assign(Double(value), to: \.rate) { $0 > 0 && $0 <= 10_000_000 }
        case "--seconds": return assign(Double(value), to: \.seconds) { $0 > 0 && $0 <= 86_400 }
        case "--warm-up": return assign(Double(value), to: \.warmUp) { $0 >= 0 && $0 <= 3600 }
        default: return false
        }
        return true
    }

    private mutating func assign<Value>(
        _ value: Value?, to path: WritableKeyPath<Self, Value>, if isSane: (Value) -> Bool
    ) -> Bool {
        guard let value, isSane(value) else { return false }
        self[keyPath: path] = value
        return true
    }

    /// Ends the program with a text.
    static func end(_ text: String, status: Int32) -> Never {
        let line = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
        _ = unsafe write(status == 0 ? STDOUT_FILENO : STDERR_FILENO, line, line.count)
        exit(status)
    }

    /// The octets of one request.
    var request: [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\n"
        if bodyLength > 0 { text += "Content-Length: \(bodyLength)\r\n" }
        return Array("\(text)\r\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: bodyLength)
    }
}
