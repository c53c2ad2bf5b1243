import Foundation
import InteractionFormats
import InteractionStorage
import Testing

/// What a reader made of some bytes, in order.
struct ReadOutcome: Equatable {
    var interactions: [Interaction] = []
    var faults: [RowFault] = []

    /// The faults as sentences.
    var sentences: [String] { faults.map(\.description) }
}

/// Feeds `bytes` to `start`, cut where `cuts` says.
func read(_ bytes: [UInt8], with start: some InteractionReader, cutAt cuts: [Int] = []) -> ReadOutcome {
    var reader = start
    var outcome = ReadOutcome()
    var position = 0
    for cut in cuts + [bytes.count] {
        reader.consume(Array(bytes[position..<cut]), into: { outcome.interactions.append($0) }) {
            outcome.faults.append($0)
        }
        position = cut
    }
    reader.finish(into: { outcome.interactions.append($0) }) { outcome.faults.append($0) }
    return outcome
}

/// Reads `text` as CSV.
func readCSV(_ text: String, limits: InteractionLimits = InteractionLimits()) -> ReadOutcome {
    read(Array(text.utf8), with: CSVInteractionReader(limits: limits))
}

/// Reads `text` as NDJSON.
func readNDJSON(_ text: String, limits: InteractionLimits = InteractionLimits()) -> ReadOutcome {
    read(Array(text.utf8), with: NDJSONInteractionReader(limits: limits))
}

/// Where the fixtures lie.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures").path

/// A fixture's bytes.
func fixture(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: fixtures + "/" + name)))
}
