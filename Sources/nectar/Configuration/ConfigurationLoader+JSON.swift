import JSON
import RecommendationService

// Settings that are more than one number or word.
extension ConfigurationLoader {
    /// Applies those that a file's document holds.
    func apply(
        _ document: JSONDocument, to configuration: inout ServiceConfiguration, source: String
    ) throws(Failure) {
        for setting in Setting.all {
            guard case .json(let apply, _) = setting.kind else { continue }
            var value: JSONValue? = document.root
            for name in setting.key.split(separator: ".") { value = value?[String(name)] }
            guard let value else { continue }
            try Self.apply(apply, value, of: setting, to: &configuration, source: source)
        }
    }

    /// Applies one that is given as text; a word that is no JSON stands for itself.
    static func apply(
        _ text: String, to setting: Setting, in configuration: inout ServiceConfiguration, source: String
    ) throws(Failure) {
        guard case .json(let apply, _) = setting.kind else { return }
        let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
        let document: JSONDocument
        do {
            document = try JSONParser().parse(Array((isWord ? "\"\(text)\"" : text).utf8))
        } catch {
            throw Failure(
                description: "\(source) \(setting.key) must be \(setting.expectation), "
                    + "and is not valid JSON: \(error.reason).")
        }
        try Self.apply(apply, document.root, of: setting, to: &configuration, source: source)
    }

    private static func apply(
        _ apply: (JSONValue, inout ServiceConfiguration, inout JSONFaults) -> Void, _ value: JSONValue,
        of setting: Setting, to configuration: inout ServiceConfiguration, source: String
    ) throws(Failure) {
        var faults = JSONFaults(limit: 1)
        let depth = value.pointer.text
        apply(value, &configuration, &faults)
        guard let fault = faults.faults.first else { return }
        // From `/interactions/kinds/view/weight`, or `/view/weight` where the value is a document of its own.
        let place = fault.pointer.dropFirst(depth.utf8.count).replacing("/", with: ".").replacing("~1", with: "/")
            .replacing("~0", with: "~")
        throw Failure(description: "\(source) \(setting.key)\(place): \(fault.detail).")
    }
}
