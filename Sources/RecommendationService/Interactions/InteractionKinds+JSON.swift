import InteractionStorage
public import JSON
import NCF

extension InteractionKinds {
    /// The greatest weight of a kind.
    static let greatestWeight = 1000.0
    /// The half-lives taken, in days: from a minute or so to a hundred years.
    static let halfLives = 0.001...36_500.0
    private static let members = ["weight", "sign", "half_life_days"]
    private static let retentionMember = "retention_days"

    /// Changes the kinds that `value` names, and adds those that are new: `{"view": {"weight": 1, "half_life_days": 30}, …}`.
    ///
    /// What is not said of a kind stays as it was; of a new one it is ``FeedbackKind/plain``'s.
    public mutating func describe(_ value: JSONValue, _ faults: inout JSONFaults) {
        guard let object = value.decodeObject(&faults) else { return }
        var seen: Set<ExactName> = []
        for (name, settings) in object.members {
            guard seen.insert(ExactName(name)).inserted else {
                faults.add(at: settings, "is given twice")
                continue
            }
            if let fault = JSONIdentifier.problem(in: name) {
                faults.add(at: settings, fault)
                continue
            }
            guard
                let kind = Self.kind(settings, from: self[name] ?? .plain, also: [Self.retentionMember], &faults)
            else { continue }
            self[name] = kind
            if let days = settings[Self.retentionMember]?.decodeInteger(in: 0...Retention.greatestDays, &faults) {
                retentionDays[ExactName(name)] = days
            }
        }
        if names.count > Self.limit { faults.add(at: value, "describes more than \(Self.limit) kinds") }
    }

    /// Takes what unknown kinds are: `"refuse"`, or the settings of a kind.
    public mutating func describeUnknown(_ value: JSONValue, _ faults: inout JSONFaults) {
        if let text = value.string {
            guard text == "refuse" else {
                return faults.add(at: value, "must be \"refuse\", or an object with weight, sign or half_life_days")
            }
            unknown = nil
        } else if let kind = Self.kind(value, from: .plain, &faults) {
            unknown = kind
        }
    }

    private static func kind(
        _ value: JSONValue, from kind: FeedbackKind, also others: [String] = [], _ faults: inout JSONFaults
    ) -> FeedbackKind? {
        guard let object = JSONObjectDecoder(value, knownMembers: members + others, faults: &faults) else { return nil }
        var kind = kind
        if let weight = object.number("weight", in: 0...greatestWeight, &faults) { kind.weight = weight }
        if let sign = object.choice(FeedbackKind.Sign.self, "sign", &faults) { kind.sign = sign }
        if let days = object.number("half_life_days", in: halfLives, &faults) { kind.halfLifeDays = days }
        return kind
    }

    /// The kinds as ``describe(_:_:)`` reads them, one a line.
    public func text(indentation: String) -> String {
        let lines = names.map { name in
            var writer = JSONWriter()
            writer.value(name.text)
            return
                "\(indentation)  \(String(decoding: writer.bytes, as: UTF8.self)): \(Self.text(self[name.text], days: retentionDays[name]))"
        }
        return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
    }

    /// What unknown kinds are, as ``describeUnknown(_:_:)`` reads it.
    public var unknownText: String { unknown.map { Self.text($0) } ?? "\"refuse\"" }

    private static func text(_ kind: FeedbackKind?, days: Int? = nil) -> String {
        guard let kind else { return "{}" }
        let halfLife = kind.halfLifeDays.map { ", \"half_life_days\": \(number($0))" } ?? ""
        let retention = days.map { ", \"retention_days\": \($0)" } ?? ""
        return "{\"weight\": \(number(kind.weight)), \"sign\": \"\(kind.sign.rawValue)\"\(halfLife)\(retention)}"
    }

    private static func number(_ number: Double) -> String {
        Int(exactly: number).map(\.description) ?? number.description
    }
}
