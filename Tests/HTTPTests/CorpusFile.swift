import Foundation
import Testing

/// One connection's octets in a file, and beside it what a server must make of them.
struct CorpusFile: Sendable, CustomTestStringConvertible {
    let folder: String
    let name: String
    let octets: [UInt8]
    /// The transcript of `Conversation`, line by line.
    let expected: [String]

    var testDescription: String { "\(folder)/\(name)" }

    /// The octets in one piece.
    var whole: [ArraySlice<UInt8>] { [octets[...]] }

    /// The octets one by one.
    var single: [ArraySlice<UInt8>] { octets.indices.map { octets[$0...$0] } }

    static let all = ["accepted", "rejected", "regressions"].flatMap(load)

    private static func load(_ folder: String) -> [CorpusFile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(folder)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path())) ?? []
        return names.filter { $0.hasSuffix(".http") }.sorted().map { name in
            let path = root.appending(path: name)
            let expectation = path.deletingPathExtension().appendingPathExtension("expected")
            guard let octets = try? Data(contentsOf: path),
                let text = try? String(contentsOf: expectation, encoding: .utf8)
            else { fatalError("\(name) or its expectation cannot be read") }
            let lines = text.split(separator: "\n").map(String.init)
            return CorpusFile(folder: folder, name: String(name.dropLast(5)), octets: Array(octets), expected: lines)
        }
    }
}
