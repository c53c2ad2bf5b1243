internal import JSON

/// The header of a safetensors file, from and to JSON.
struct SafetensorsHeader {
    /// Names the file in what is refused.
    let path: String
    /// Where the data begin.
    let dataStart: Int
    let fileSize: Int

    /// The most tensors of one file: no model has as many, and what describes them must not fill the memory.
    static let tensorLimit = 10_000

    private static let metadataName = "__metadata__"
    private static let elementSizes = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4,
        "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
    ]

    /// Reads the header and checks every entry, alone and against the others.
    func parse(
        _ header: [UInt8]
    ) throws(SnapshotFileError) -> (entries: [String: SafetensorsFile.Entry], metadata: [String: String]) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser().parse(header).root
        } catch {
            throw refusal("the header is not JSON: \(error)")
        }
        guard root.kind == .object else { throw refusal("the header is not a JSON object") }
        guard root.count <= Self.tensorLimit else {
            throw refusal("the header names \(root.count) tensors, of which \(Self.tensorLimit) are read at most")
        }
        var entries: [String: SafetensorsFile.Entry] = [:]
        var metadata: [String: String] = [:]
        var hasMetadata = false
        for (name, value) in root.members {
            if name == Self.metadataName {
                guard !hasMetadata else { throw refusal("the header names \"\(name)\" twice") }
                hasMetadata = true
                metadata = try parseMetadata(value)
            } else {
                let twin = try entries.updateValue(parseEntry(name, value), forKey: name)
                guard twin == nil else { throw refusal("the header names tensor \"\(name)\" twice") }
            }
        }
        try checkCover(entries)
        return (entries, metadata)
    }

    private func parseMetadata(_ value: JSONValue) throws(SnapshotFileError) -> [String: String] {
        guard value.kind == .object else { throw refusal("the header's metadata are not an object") }
        var metadata: [String: String] = [:]
        for (name, value) in value.members {
            guard let text = value.string else { throw refusal("metadata \"\(name)\" is not a string") }
            metadata[name] = text
        }
        return metadata
    }

    private func parseEntry(
        _ name: String, _ value: JSONValue
    ) throws(SnapshotFileError) -> SafetensorsFile.Entry {
        guard value.kind == .object, value.count == 3, let elementName = value["dtype"]?.string,
            let shapeValue = value["shape"], shapeValue.kind == .array,
            let offsets = value["data_offsets"], offsets.kind == .array
        else { throw refusal("tensor \"\(name)\" is not described by dtype, shape and data_offsets alone") }
        guard let elementSize = Self.elementSizes[elementName] else {
            throw refusal("tensor \"\(name)\" has the unknown dtype \"\(elementName)\"")
        }
        var shape: [Int] = []
        var size = elementSize
        for element in shapeValue.elements {
            guard let extent = element.int, extent >= 0 else {
                throw refusal("tensor \"\(name)\" has an extent that is not a whole number")
            }
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw refusal("tensor \"\(name)\" is larger than memory") }
            shape.append(extent)
            size = product
        }
        let bounds = offsets.elements.compactMap(\.int)
        guard offsets.count == 2, bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1] else {
            throw refusal("tensor \"\(name)\" has data_offsets that are not an ascending pair")
        }
        guard bounds[1] <= fileSize - dataStart else {
            throw refusal(
                "tensor \"\(name)\" ends at byte \(bounds[1]) of the data, of which the file has \(fileSize - dataStart)"
            )
        }
        guard bounds[1] - bounds[0] == size else {
            throw refusal("tensor \"\(name)\" has \(bounds[1] - bounds[0]) bytes, its shape needs \(size)")
        }
        let range = (dataStart + bounds[0])..<(dataStart + bounds[1])
        return SafetensorsFile.Entry(elementName: elementName, shape: shape, range: range)
    }

    /// The tensors must follow one another from the first byte of the data to the last.
    private func checkCover(_ entries: [String: SafetensorsFile.Entry]) throws(SnapshotFileError) {
        var end = dataStart
        let ordered = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
                < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
        }
        for (name, entry) in ordered {
            guard entry.range.lowerBound == end else {
                let fault = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
                throw refusal("tensor \"\(name)\" \(fault), at byte \(entry.range.lowerBound - dataStart) of the data")
            }
            end = entry.range.upperBound
        }
        guard end == fileSize else { throw refusal("\(fileSize - end) bytes at the end belong to no tensor") }
    }

    private func refusal(_ reason: String) -> SnapshotFileError {
        SnapshotFileError(path: path, reason: reason)
    }
}

extension SafetensorsHeader {
    /// The length and the header of a file that holds `tensors` in this order, padded so that the data are aligned.
    static func encode(_ tensors: [SafetensorsTensor], metadata: [String: String]) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 4096)
        var offset = 0
        writer.object { header in
            if !metadata.isEmpty {
                header.key(metadataName)
                header.object { object in
                    for (name, text) in metadata.sorted(by: { $0.key < $1.key }) { object.member(name, text) }
                }
            }
            for tensor in tensors {
                precondition(offset % tensor.elementSize == 0, "tensors are written in order of falling alignment")
                header.key(tensor.name)
                header.object { object in
                    object.member("dtype", tensor.elementName)
                    object.key("shape")
                    object.array { shape in for extent in tensor.shape { shape.value(extent) } }
                    object.key("data_offsets")
                    object.array { offsets in
                        offsets.value(offset)
                        offsets.value(offset + tensor.bytes.count)
                    }
                }
                offset += tensor.bytes.count
            }
        }
        var header = writer.bytes
        // Spaces are allowed after the object; the data then begin on a multiple of 8, as the format recommends.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        let length = UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
    }
}
