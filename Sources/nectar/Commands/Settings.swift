import ArgumentParser
import RecommendationService

/// `nectar settings`: every setting with its default, as a table for people or as a configuration file.
struct Settings: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists every setting: key, environment variable, default, meaning."
    )

    @Flag(help: "Print a configuration file that holds every default.")
    var json = false

    func run() {
        print(json ? Self.file() : Self.table(), terminator: "")
    }

    /// A Markdown table of all settings; `docs/configuration.md` holds the same.
    static func table() -> String {
        let defaults = ServiceConfiguration()
        var text = "| key | environment | default | meaning |\n|---|---|---|---|\n"
        for setting in Setting.all {
            let value = "\(setting.read(defaults))"
            let cell = value.contains("\n") ? "see below" : "`\(value)`"
            text += "| `\(setting.key)` | `\(setting.environmentName)` | \(cell) | \(setting.summary) |\n"
        }
        return text
    }

    /// `config/nectar.json`: groups in the order of ``Setting/all``, one setting a line.
    static func file() -> String {
        let defaults = ServiceConfiguration()
        var groups: [(name: String, lines: [String])] = []
        for setting in Setting.all {
            let parts = setting.key.split(separator: ".", maxSplits: 1).map(String.init)
            let line = "    \"\(parts[1])\": \(setting.read(defaults))"
            if groups.last?.name == parts[0] {
                groups[groups.count - 1].lines.append(line)
            } else {
                groups.append((parts[0], [line]))
            }
        }
        let body = groups.map { "  \"\($0.name)\": {\n\($0.lines.joined(separator: ",\n"))\n  }" }
        return "{\n\(body.joined(separator: ",\n"))\n}\n"
    }
}
