public import InteractionStorage
public import JSON

/// Makes interactions of JSON objects without faults in the shape that nearly all have, several times as fast as
/// ``InteractionDecoder``, which is its oracle: both make the same of an object, or this makes nothing.
///
/// For one thread at a time.
public struct FlatInteractionDecoder {
    private let reader = JSONFlatObjectReader(members: InteractionColumn.names)
    private let limits: InteractionLimits

    /// Makes interactions within `limits`.
    public init(limits: InteractionLimits) {
        precondition(
            InteractionColumn.allCases == [.userID, .itemID, .kind, .rating, .weight, .timestamp, .interactionID])
        self.limits = limits
    }

    /// The interaction that `row` holds; nil where it may have a fault, or is written in some other way.
    public func decode(_ row: Span<UInt8>) -> Interaction? { reader.read(row) ? interaction() : nil }

    /// The interaction that `value` holds; nil where it may have a fault, or is written in some other way.
    func decode(_ value: JSONValue) -> Interaction? { reader.read(value) ? interaction() : nil }

    /// The interaction that `value` holds, which stands at `pointer`, or nil and a fault for everything that is wrong with
    /// it: what ``InteractionDecoder/decode(_:limits:faults:)`` says, mostly sooner.
    public func decode(
        _ value: JSONValue, at pointer: @autoclosure () -> JSONPointer, faults: inout JSONFaults
    ) -> Interaction? {
        if let interaction = decode(value) { return interaction }
        return faults.within(value, at: pointer()) { faults in
            InteractionDecoder.decode(value, limits: limits, faults: &faults)
        }
    }

    private func interaction() -> Interaction? {
        guard let userID = reader.identifier(Slot.userID), let itemID = reader.identifier(Slot.itemID)
        else { return nil }
        var interaction = Interaction(userID: userID, itemID: itemID)
        guard setNames(of: &interaction), setNumbers(of: &interaction) else { return nil }
        return interaction
    }

    /// False where one of them is there and unfit.
    private func setNames(of interaction: inout Interaction) -> Bool {
        switch reader.kind(Slot.kind) {
        case .missing: break
        case .string:
            guard let kind = reader.identifier(Slot.kind), limits.kinds?.fault(of: kind) == nil else { return false }
            interaction.kind = kind
        // A kind is a word, never a number.
        case .integer, .double: return false
        }
        guard reader.kind(Slot.interactionID) != .missing else { return true }
        guard let id = reader.identifier(Slot.interactionID), InteractionName.fault(ofGiven: id) == nil else {
            return false
        }
        interaction.interactionID = id
        return true
    }

    private func setNumbers(of interaction: inout Interaction) -> Bool {
        if reader.kind(Slot.rating) != .missing {
            guard let rating = reader.number(Slot.rating), limits.rating.contains(rating) else { return false }
            interaction.rating = rating
        }
        if reader.kind(Slot.weight) != .missing {
            guard let weight = reader.number(Slot.weight), limits.weight.contains(weight) else { return false }
            interaction.weight = weight
        }
        if reader.kind(Slot.timestamp) != .missing {
            guard let timestamp = reader.milliseconds(Slot.timestamp) else { return false }
            interaction.timestamp = timestamp
        }
        return true
    }

    /// The places of the columns among all; computed, for a stored one is looked up each time.
    private enum Slot {
        static var userID: Int { 0 }
        static var itemID: Int { 1 }
        static var kind: Int { 2 }
        static var rating: Int { 3 }
        static var weight: Int { 4 }
        static var timestamp: Int { 5 }
        static var interactionID: Int { 6 }
    }
}
