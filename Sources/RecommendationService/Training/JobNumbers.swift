import Foundation
import Locking
import Logging

/// The numbers of jobs. None is given twice, by a later process neither, as long as its file can be written and the machine does not
/// lose what it wrote: who asks for a job of before must not be told of another.
///
/// The file `jobs` of the data folder holds a number that none which was given exceeds. It is ahead by some, so that it is seldom
/// written; after an end that was no crash numbers go on where they were.
final class JobNumbers: Sendable {
    private static let ahead = 100
    /// What is beyond is no number of ours.
    private static let greatest = 1 << 53

    private struct State {
        var last = 0
        /// What the file holds.
        var limit = 0
        var isRead = false
    }

    private let path: String
    private let logger: Logger
    private let state = Lock(State())

    /// Those of a data folder.
    init(directory: String, logger: Logger) {
        path = "\(directory)/jobs"
        self.logger = logger
    }

    /// The next number, from 1.
    func next() -> Int {
        state.withLock { state in
            if !state.isRead { (state.last, state.isRead) = (read(), true) }
            // Where it cannot be written the next one tries again.
            if state.last >= state.limit, write(state.last + Self.ahead) { state.limit = state.last + Self.ahead }
            state.last += 1
            return state.last
        }
    }

    /// Leaves the last number that was given for the next process; to be called when there will be no more.
    func end() {
        state.withLock { state in
            guard state.isRead, write(state.last) else { return }
            state.limit = state.last
        }
    }

    private func read() -> Int {
        guard let data = FileManager.default.contents(atPath: path) else { return 0 }
        let text = String(decoding: data, as: UTF8.self)
        if let number = Int(text.filter { !$0.isWhitespace }), (0...Self.greatest).contains(number) { return number }
        logger.warning("\(path) is damaged: jobs are numbered from 1 on.")
        return 0
    }

    private func write(_ number: Int) -> Bool {
        do {
            try ReplacedFile.write("\(number)\n", to: path)
            return true
        } catch {
            logger.warning("\(path) could not be written: \(error)")
            return false
        }
    }
}
