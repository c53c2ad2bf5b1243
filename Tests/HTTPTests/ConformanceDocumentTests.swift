import Foundation
import Testing

/// `docs/http-conformance.md` promises a proof in every row; here the promises are kept.
@Suite struct ConformanceDocumentTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The rows of all tables: their cells, without the headings and rules.
    private static func rows() throws -> [[String]] {
        let text = try String(contentsOf: root.appending(path: "docs/http-conformance.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("|") }
            .map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            .filter { $0.first != "Section" && $0.first?.hasPrefix("---") == false }
    }

    /// The text of all tests, with what a sentence in the code has to look like.
    private static func testSources() throws -> String {
        let folder = root.appending(path: "Tests")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path())
        return try names.filter { $0.hasSuffix(".swift") && !$0.hasSuffix("ConformanceDocumentTests.swift") }
            .map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
            .joined()
    }

    private static func proofs(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    @Test func `every row of the document has a proof that exists`() throws {
        let files = Set(CorpusFile.all.map(\.name))
        let sources = try Self.testSources()
        let rows = try Self.rows()
        #expect(rows.count > 70)
        for row in rows {
            #expect(row.count == 4, "\(row)")
            let proofs = Self.proofs(row.last ?? "")
            #expect(!proofs.isEmpty, "\(row)")
            for proof in proofs where !files.contains(proof) {
                let isTest = sources.contains("func `\(proof)`") || sources.contains("\"\(proof)\"")
                #expect(isTest, "there is neither a test nor a file called \(proof)")
            }
        }
    }
}
