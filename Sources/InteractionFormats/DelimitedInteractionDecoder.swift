import InteractionStorage

/// Makes interactions of the fields of rows, given which column is which.
struct DelimitedInteractionDecoder: Sendable {
    /// What each column holds; nil for one that is passed over.
    let columns: [InteractionColumn?]
    let limits: InteractionLimits

    /// The interaction that `ranges` of `bytes` spell, or a sentence for every field that is wrong.
    func decode(_ bytes: Span<UInt8>, _ ranges: [Range<Int>]) throws(FieldText.Fault) -> Interaction {
        guard ranges.count == columns.count else {
            throw FieldText.Fault(detail: "the row has \(ranges.count) fields where \(columns.count) are expected")
        }
        var interaction = Interaction(userID: "", itemID: "")
        var sentences = ""
        for index in 0..<columns.count {
            guard let column = columns[index] else { continue }
            do throws(FieldText.Fault) {
                try set(column, of: &interaction, to: bytes.extracting(ranges[index]))
            } catch {
                sentences += (sentences.isEmpty ? "" : "; ") + "\(column.rawValue) \(error.detail)"
            }
        }
        guard sentences.isEmpty else { throw FieldText.Fault(detail: sentences) }
        return interaction
    }

    /// The user that a row with a fault is about: nil unless it has all its fields and the user's is fit.
    func userID(_ bytes: Span<UInt8>, _ ranges: [Range<Int>]) -> String? {
        guard ranges.count == columns.count, let index = columns.firstIndex(of: .userID) else { return nil }
        return try? FieldText.identifier(bytes.extracting(ranges[index]))
    }

    private func set(
        _ column: InteractionColumn, of interaction: inout Interaction, to field: Span<UInt8>
    ) throws(FieldText.Fault) {
        if field.isEmpty && !column.isRequired { return }
        switch column {
        case .userID: interaction.userID = try FieldText.identifier(field)
        case .itemID: interaction.itemID = try FieldText.identifier(field)
        case .kind: interaction.kind = try kind(field)
        case .interactionID: interaction.interactionID = try givenName(field)
        case .rating: interaction.rating = try number(field, in: limits.rating)
        case .weight: interaction.weight = try number(field, in: limits.weight)
        case .timestamp: interaction.timestamp = try TimestampText.milliseconds(field)
        }
    }

    private func kind(_ field: Span<UInt8>) throws(FieldText.Fault) -> String {
        let name = try FieldText.identifier(field)
        if let fault = limits.kinds?.fault(of: name) { throw FieldText.Fault(detail: fault) }
        return name
    }

    private func givenName(_ field: Span<UInt8>) throws(FieldText.Fault) -> String {
        let name = try FieldText.identifier(field)
        if let fault = InteractionName.fault(ofGiven: name) { throw FieldText.Fault(detail: fault) }
        return name
    }

    private func number(_ field: Span<UInt8>, in range: ClosedRange<Double>) throws(FieldText.Fault) -> Double {
        guard let number = DecimalNumber.double(field) else {
            throw FieldText.Fault(detail: "\(FieldText.quotation(of: field)) is not a number")
        }
        guard range.contains(number) else {
            let bounds = "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
            throw FieldText.Fault(detail: "\(FieldText.quotation(of: field)) is not within \(bounds)")
        }
        return number
    }

    /// A bound as people write it: whole numbers without ".0".
    private static func text(_ number: Double) -> String {
        Int(exactly: number).map(\.description) ?? number.description
    }
}
