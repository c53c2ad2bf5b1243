import Configuration
import JSON
import RecommendationService

/// One setting: its key, what it means, and where in ``ServiceConfiguration`` its value goes.
///
/// The list of all settings is the only place that names them: the file, the environment, the check for unknown names,
/// `nectar serve --settings` and `docs/configuration.md` all derive from it.
struct Setting: Sendable {
    /// What a value must be.
    enum Kind: Sendable {
        case string(@Sendable (String) -> Bool, expected: String)
        case integer(ClosedRange<Int>)
        case boolean
        /// A JSON value with rules of its own: in a file as it is, elsewhere as text.
        case json(@Sendable (JSONValue, inout ServiceConfiguration, inout JSONFaults) -> Void, expected: String)
    }

    /// A value of the setting's kind.
    enum Value: Sendable, Equatable, CustomStringConvertible {
        case string(String)
        case integer(Int)
        case boolean(Bool)
        case json(String)

        var description: String {
            switch self {
            case .string(let text): "\"\(text)\""
            case .integer(let number): "\(number)"
            case .boolean(let flag): "\(flag)"
            case .json(let text): text
            }
        }
    }

    let key: String
    let kind: Kind
    let summary: String
    let read: @Sendable (ServiceConfiguration) -> Value
    let write: @Sendable (inout ServiceConfiguration, Value) -> Void

    /// The environment variable that sets it: `server.idle_seconds` is `NECTAR_SERVER_IDLE_SECONDS`.
    ///
    /// The three settings that everybody sets have a short name too, without the group.
    var environmentName: String {
        "NECTAR_" + key.uppercased().replacing(".", with: "_")
    }

    /// The key as the configuration providers take it.
    var path: AbsoluteConfigKey {
        AbsoluteConfigKey(key.split(separator: ".").map(String.init))
    }

    /// The sentence that tells what was expected instead of a bad value.
    var expectation: String {
        switch kind {
        case .string(_, let expected): expected
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .json(_, let expected): expected
        }
    }

    static func integer(
        _ key: String,
        in range: ClosedRange<Int>,
        _ path: any WritableKeyPath<ServiceConfiguration, Int> & Sendable,
        _ summary: String
    ) -> Setting {
        Setting(
            key: key, kind: .integer(range), summary: summary,
            read: { .integer($0[keyPath: path]) },
            write: { configuration, value in
                if case .integer(let number) = value { configuration[keyPath: path] = number }
            }
        )
    }

    static func boolean(
        _ key: String, _ path: any WritableKeyPath<ServiceConfiguration, Bool> & Sendable, _ summary: String
    ) -> Setting {
        Setting(
            key: key, kind: .boolean, summary: summary,
            read: { .boolean($0[keyPath: path]) },
            write: { configuration, value in
                if case .boolean(let flag) = value { configuration[keyPath: path] = flag }
            }
        )
    }

    static func json(
        _ key: String,
        expected: String,
        _ summary: String,
        text: @escaping @Sendable (ServiceConfiguration) -> String,
        apply: @escaping @Sendable (JSONValue, inout ServiceConfiguration, inout JSONFaults) -> Void
    ) -> Setting {
        // The loader applies what it has checked.
        Setting(
            key: key, kind: .json(apply, expected: expected), summary: summary, read: { .json(text($0)) },
            write: { _, _ in })
    }

    static func string(
        _ key: String,
        expected: String,
        _ path: any WritableKeyPath<ServiceConfiguration, String> & Sendable,
        _ summary: String,
        isValid: @escaping @Sendable (String) -> Bool
    ) -> Setting {
        Setting(
            key: key, kind: .string(isValid, expected: expected), summary: summary,
            read: { .string($0[keyPath: path]) },
            write: { configuration, value in
                if case .string(let text) = value { configuration[keyPath: path] = text }
            }
        )
    }
}
