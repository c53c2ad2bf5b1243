import Foundation
import InteractionFormats

/// A line on the terminal that tells how far an operation is; nothing where standard error is no terminal.
struct ProgressBar {
    private let label: String
    private let isVisible: Bool
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?
    private static let width = 30

    /// A bar named `label`.
    init(_ label: String) {
        self.label = label
        isVisible = isatty(STDERR_FILENO) == 1
    }

    /// Shows that `share` (0 to 1) is done, with `rows` rows so far; at most ten times a second.
    mutating func show(share: Double, rows: Int) {
        guard isVisible else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < .milliseconds(100), share < 1 { return }
        lastDrawn = now
        let seconds = max(
            1e-3, Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18)
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        let left = share > 0 ? seconds / share - seconds : 0
        write(
            String(
                format: "\r%@ %@ %3.0f %%  %d rows  %.0f/s  %.0f s left ", label, bar, share * 100, rows,
                Double(rows) / seconds, left))
    }

    /// Shows how far the reading of files has come; nothing while that cannot be told.
    mutating func show(_ progress: DatasetProgress?, rows: Int) {
        guard let progress else { return }
        show(share: Double(progress.bytesRead) / Double(max(1, progress.bytesTotal)), rows: rows)
    }

    /// Ends the line.
    func end() {
        if isVisible && lastDrawn != nil { write("\n") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
