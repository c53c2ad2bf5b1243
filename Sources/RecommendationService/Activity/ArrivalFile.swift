import Foundation
public import Logging

/// Where it outlives the process in which hour rows came: a line for each entry, its first row and its hour, `-` for one not known.
///
/// Kept beside the models, which as well hold numbers of the store's rows. It is an aid: where it is missing or damaged,
/// interactions of before that have no time of their own count for no hour.
public struct ArrivalFile: Sendable {
    let path: String

    /// The file in the data folder.
    public init(directory: String) { path = "\(directory)/arrivals" }

    /// What was written, as far as it is about rows up to `watermark`; nothing where there is no such file, or no sense in it.
    func read(upTo watermark: Int64, _ logger: Logger) -> ArrivalHours {
        guard let data = FileManager.default.contents(atPath: path) else { return ArrivalHours() }
        var hours = ArrivalHours()
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let hour = words.last.flatMap { Int($0) }
            guard words.count == 2, let row = Int64(words[0]), row > 0, hour != nil || words[1] == "-",
                hours.entries.last.map({ $0.firstRow < row }) ?? true
            else {
                logger.warning("\(path) is damaged; what it says is left aside.")
                return ArrivalHours()
            }
            if row <= watermark + 1 { hours.note(hour, from: row) }
        }
        return hours
    }

    /// Rows after `row` come, or have come, at times that nobody notes: those that are stored while no server is at work. A server that
    /// was killed has not said so.
    public func end(after row: Int64, _ logger: Logger) {
        var hours = read(upTo: row, logger)
        guard !hours.entries.isEmpty, hours.note(nil, from: row + 1) else { return }
        write(hours, logger)
    }

    /// Puts `hours` in the place of what was written before; where that fails the log says so, and nothing else.
    func write(_ hours: ArrivalHours, _ logger: Logger) {
        let lines = hours.entries.map { "\($0.firstRow) \($0.hour.map(String.init) ?? "-")\n" }
        do {
            try ReplacedFile.write(lines.joined(), to: path)
        } catch {
            logger.warning("\(path) could not be written: \(error)")
        }
    }
}
