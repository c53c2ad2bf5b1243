import Testing

@testable import NCF

@Suite("Safetensors files")
struct SafetensorsFileTests {
    private let scratch = ScratchDirectory()

    private func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
        let length = length ?? UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 1, count: data)
    }

    private func refusal(_ bytes: [UInt8]) -> String? {
        scratch.write(bytes, to: "f")
        do throws(SnapshotFileError) {
            _ = try SafetensorsFile(path: "\(scratch.path)/f")
            return nil
        } catch {
            #expect(error.path == "\(scratch.path)/f")
            return error.reason
        }
    }

    @Test("what is written is read back, aligned, without copying")
    func roundTrip() throws {
        let path = "\(scratch.path)/t"
        let receipt = try SafetensorsFile.write(
            [
                SafetensorsTensor("bytes", FrozenArray("abc".utf8), shape: [3]),
                SafetensorsTensor("floats", FrozenArray([1.5, -2, 3, 4, 5, 6] as [Float]), shape: [2, 3]),
                SafetensorsTensor("none", FrozenArray([] as [Float]), shape: [0, 4]),
                SafetensorsTensor("longs", FrozenArray([UInt64.max]), shape: [1]),
            ], metadata: ["a \"quoted\" name": "é"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(Array(try file.elements("floats", of: Float.self, shape: [2, 3])) == [1.5, -2, 3, 4, 5, 6])
        #expect(Array(try file.elements("bytes", of: UInt8.self, shape: [3])) == Array("abc".utf8))
        #expect(Array(try file.elements("longs", of: UInt64.self, shape: [1])) == [.max])
        #expect(try file.elements("none", of: Float.self, shape: [0, 4]).isEmpty)
        #expect(file.metadata == ["a \"quoted\" name": "é"])
        let written = scratch.read("t")
        #expect(receipt.byteCount == written.count)
        let checksum = unsafe written.withUnsafeBytes(PayloadChecksum.of)
        #expect(receipt.checksum == checksum)
        #expect(file.entries.values.allSatisfy { $0.range.lowerBound % 4 == 0 })
        #expect(scratch.names() == ["t"])
    }

    @Test("a file that is there is not overwritten")
    func neverOverwrites() throws {
        let path = "\(scratch.path)/t"
        let tensor = SafetensorsTensor("x", FrozenArray([1] as [UInt8]), shape: [1])
        _ = try SafetensorsFile.write([tensor], to: path)
        let before = scratch.read("t")
        #expect(throws: SnapshotFileError.self) { try SafetensorsFile.write([tensor, tensor], to: path) }
        #expect(scratch.read("t") == before)
        #expect(scratch.names() == ["t"])
    }

    @Test("a tensor asked for under another name, type or shape is refused")
    func mismatches() throws {
        scratch.write(
            file(#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 8), to: "f")
        let file = try SafetensorsFile(path: "\(scratch.path)/f")
        #expect(throws: SnapshotFileError(path: file.file.path, reason: "there is no tensor \"y\"")) {
            try file.elements("y", of: Float.self, shape: [2])
        }
        #expect(
            throws: SnapshotFileError(path: file.file.path, reason: "tensor \"x\" is F32 [2], expected I32 [2]")
        ) { try file.elements("x", of: Int32.self, shape: [2]) }
        #expect(
            throws: SnapshotFileError(path: file.file.path, reason: "tensor \"x\" is F32 [2], expected F32 [1, 2]")
        ) { try file.elements("x", of: Float.self, shape: [1, 2]) }
        // The header has 54 bytes, so the data begin at byte 62.
        #expect(
            throws: SnapshotFileError(
                path: file.file.path, reason: "tensor \"x\" begins at byte 62, which is not aligned")
        ) { try file.elements("x", of: Float.self, shape: [2]) }
    }

    private static func x(_ dtype: String = "U8", _ shape: String = "[4]", _ offsets: String = "[0,4]") -> String {
        #"{"x":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }

    @Test(
        "a header that is not sound is refused, saying what is wrong",
        arguments: [
            (x(), nil),
            ("", "the header is not JSON"),
            ("{", "the header is not JSON"),
            ("[]", "the header is not a JSON object"),
            ("{}", "4 bytes at the end belong to no tensor"),
            (x("F31"), "tensor \"x\" has the unknown dtype \"F31\""),
            (x("F64"), "tensor \"x\" has 4 bytes, its shape needs 32"),
            (x("U8", "[5]"), "tensor \"x\" has 4 bytes, its shape needs 5"),
            (x("U8", "[-4]"), "tensor \"x\" has an extent that is not a whole number"),
            (x("U8", "[4.5]"), "tensor \"x\" has an extent that is not a whole number"),
            (x("F64", "[4611686018427387904,8]"), "tensor \"x\" is larger than memory"),
            (x("U8", "[4]", "[4,0]"), "tensor \"x\" has data_offsets that are not an ascending pair"),
            (x("U8", "[4]", "[0,4,5]"), "tensor \"x\" has data_offsets that are not an ascending pair"),
            (x("U8", "[4]", "[-1,3]"), "tensor \"x\" has data_offsets that are not an ascending pair"),
            (x("U8", "[5]", "[0,5]"), "tensor \"x\" ends at byte 5 of the data, of which the file has 4"),
            (x("U8", "[3]", "[1,4]"), "tensor \"x\" leaves a gap before it, at byte 1 of the data"),
            (x("U8", "[3]", "[0,3]"), "1 bytes at the end belong to no tensor"),
            (#"{"x":4}"#, "tensor \"x\" is not described by dtype, shape and data_offsets alone"),
            (
                #"{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"y":1}}"#,
                "tensor \"x\" is not described by dtype, shape and data_offsets alone"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
                "the header names tensor \"a\" twice"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
                "tensor \"b\" overlaps the tensor before it, at byte 2 of the data"
            ),
            (#"{"__metadata__":{"a":1}}"#, "metadata \"a\" is not a string"),
            (#"{"__metadata__":[]}"#, "the header's metadata are not an object"),
        ] as [(String, String?)]
    )
    func refusesHeaders(header: String, reason: String?) {
        let found = refusal(file(header, data: 4))
        if let reason {
            #expect(found?.hasPrefix(reason) == true, "\(found ?? "accepted")")
        } else {
            #expect(found == nil)
        }
    }

    @Test("a header length beyond the file or the format's bound is refused")
    func refusesLengths() {
        #expect(refusal([]) == "the file is empty")
        #expect(refusal([1, 2, 3]) == "the file ends within the header length, after 3 bytes")
        #expect(refusal(file("{}", data: 0)) == nil)
        #expect(
            refusal(file("{}", data: 0, length: 3)) == "the header is said to have 3 bytes, the file has 2 after it")
        #expect(
            refusal(file("{}", data: 0, length: .max))
                == "the header is said to have 18446744073709551615 bytes, the file has 2 after it")
    }
}
