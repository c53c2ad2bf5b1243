import Configuration
import Foundation
import RecommendationService

/// Reads ``ServiceConfiguration`` from a file, the environment and flags, in rising order.
///
/// Whatever it does not understand stops the start: a misspelled key that silently does nothing is worse than no start.
struct ConfigurationLoader {
    /// Why the start stopped, as a sentence that names the place.
    struct Failure: Error, CustomStringConvertible, Equatable {
        let description: String
    }

    /// Short names for the settings that everybody sets.
    static let environmentAliases = [
        "NECTAR_HOST": "server.host", "NECTAR_PORT": "server.port", "NECTAR_DATA": "storage.directory",
        "NECTAR_LOG": "log.level",
    ]
    /// The environment variable that names the configuration file.
    static let fileVariable = "NECTAR_CONFIG"

    /// The configuration file, if one was named.
    var file: String?
    /// The process's environment.
    var environment: [String: String]
    /// Values given as flags, by key.
    var flags: [String: Setting.Value] = [:]

    /// The defaults, overlaid by the file, then the environment, then the flags.
    func load() throws(Failure) -> ServiceConfiguration {
        var configuration = ServiceConfiguration()
        if let path = file ?? environment[Self.fileVariable] {
            try apply(fileAt: path, to: &configuration)
        }
        try applyEnvironment(to: &configuration)
        for setting in Setting.all {
            guard let value = flags[setting.key] else { continue }
            try assign(value, to: setting, in: &configuration, source: "the flag for")
        }
        return configuration
    }

    private func apply(fileAt path: String, to configuration: inout ServiceConfiguration) throws(Failure) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "The configuration file \(path) cannot be read.")
        }
        let document = try refuseUnknownKeys(in: data, path: path)
        try apply(document, to: &configuration, source: "The configuration file \(path):")
        let provider: JSONSnapshot
        do {
            provider = try JSONSnapshot(data: data.bytes, providerName: path, parsingOptions: .default)
        } catch {
            throw Failure(description: "The configuration file \(path) is not valid: \(error).")
        }
        for setting in Setting.all {
            if case .json = setting.kind { continue }
            let source = "The configuration file \(path):"
            guard let value = try value(of: setting, key: setting.path, from: provider.value, source: source) else {
                continue
            }
            try assign(value, to: setting, in: &configuration, source: source)
        }
    }

    private func applyEnvironment(to configuration: inout ServiceConfiguration) throws(Failure) {
        let known = Set(Setting.all.map(\.environmentName)).union(Self.environmentAliases.keys).union([
            Self.fileVariable
        ])
        for name in environment.keys.sorted() where name.hasPrefix("NECTAR_") && !known.contains(name) {
            throw Failure(
                description:
                    "The environment variable \(name) is not a setting\(Self.suggestion(for: name, among: known)).")
        }
        let provider = EnvironmentVariablesProvider(environmentVariables: environment)
        for (alias, key) in Self.environmentAliases.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting.all.first(where: { $0.key == key }) else { continue }
            let path = AbsoluteConfigKey(alias.lowercased().split(separator: "_").map(String.init))
            let source = "The environment variable \(alias):"
            if let value = try value(of: setting, key: path, from: provider.value, source: source) {
                try assign(value, to: setting, in: &configuration, source: source)
            }
        }
        for setting in Setting.all {
            let path = AbsoluteConfigKey(["nectar"] + setting.path.components)
            let source = "The environment variable \(setting.environmentName):"
            if let value = try value(of: setting, key: path, from: provider.value, source: source) {
                try assign(value, to: setting, in: &configuration, source: source)
            }
        }
    }

    /// The value that a provider holds for a setting, or nil if it holds none.
    private func value(
        of setting: Setting,
        key: AbsoluteConfigKey,
        from lookUp: (AbsoluteConfigKey, ConfigType) throws -> LookupResult,
        source: String
    ) throws(Failure) -> Setting.Value? {
        let content: ConfigContent?
        do {
            switch setting.kind {
            case .string: content = try lookUp(key, .string).value?.content
            case .integer: content = try lookUp(key, .int).value?.content
            case .boolean: content = try lookUp(key, .bool).value?.content
            case .json: content = try lookUp(key, .string).value?.content
            }
        } catch {
            throw Failure(description: "\(source) \(setting.key) must be \(setting.expectation).")
        }
        switch content {
        case .string(let text):
            if case .json = setting.kind { return .json(text) }
            return .string(text)
        case .int(let number): return .integer(number)
        case .bool(let flag): return .boolean(flag)
        default: return nil
        }
    }

    private func assign(
        _ value: Setting.Value,
        to setting: Setting,
        in configuration: inout ServiceConfiguration,
        source: String
    ) throws(Failure) {
        if case .json(let text) = value {
            return try Self.apply(text, to: setting, in: &configuration, source: source)
        }
        let isValid =
            switch (setting.kind, value) {
            case (.string(let accepts, _), .string(let text)): accepts(text)
            case (.integer(let range), .integer(let number)): range.contains(number)
            case (.boolean, .boolean): true
            default: false
            }
        guard isValid else {
            throw Failure(description: "\(source) \(setting.key) must be \(setting.expectation), not \(value).")
        }
        setting.write(&configuration, value)
    }
}
