import InteractionFormats
import Testing

@Suite("Rows with faults, as they were sent")
struct RefusedRowTests {
    private func limits(_ length: Int) -> InteractionLimits {
        var limits = InteractionLimits(rowLength: 40)
        limits.refusedTextLength = length
        return limits
    }

    private func rows(_ outcome: ReadOutcome) -> [String] {
        outcome.faults.map { fault in
            guard let row = fault.row else { return "-" }
            return "\(row.userID ?? "?"): \(String(decoding: row.text, as: UTF8.self))\(row.isCut ? "…" : "")"
        }
    }

    private static let ndjson =
        "{\"user_id\":\"a\",\"item_id\":\"\"}\r\n7\n" + String(repeating: "x", count: 50) + "\n{\"user_id\":7}"
    private static let csv = "item_id,user_id\n,a\na\n\"i\"\"\",\"\"\n" + String(repeating: "x", count: 50) + "\n"

    @Test("they go with their fault as far as they are asked for, with the user where that is beyond doubt")
    func kept() {
        #expect(rows(readNDJSON(Self.ndjson, limits: limits(0))) == ["-", "-", "-", "-"])
        let all = rows(readNDJSON(Self.ndjson, limits: limits(40)))
        let overlong = "?: " + String(repeating: "x", count: 40) + "…"
        #expect(all == [#"a: {"user_id":"a","item_id":""}"#, "?: 7", overlong, #"7: {"user_id":7}"#])
        #expect(
            rows(readNDJSON(Self.ndjson, limits: limits(5))) == [#"a: {"use…"#, "?: 7", "?: xxxxx…", #"7: {"use…"#])
        #expect(rows(readCSV(Self.csv, limits: limits(40))) == ["a: ,a", "?: a", "?: \"i\"\"\",\"\"", overlong])
        #expect(rows(readCSV(Self.csv, limits: limits(0))) == ["-", "-", "-", "-"])
    }

    @Test("they are the same however the input is cut", arguments: [1, 3, 7, 64])
    func cut(size: Int) {
        for (text, isCSV) in [(Self.ndjson, false), (Self.csv, true)] {
            let bytes = Array(text.utf8)
            let cuts = Array(stride(from: size, to: bytes.count, by: size))
            let outcome =
                isCSV
                ? read(bytes, with: CSVInteractionReader(limits: limits(9)), cutAt: cuts)
                : read(bytes, with: NDJSONInteractionReader(limits: limits(9)), cutAt: cuts)
            let whole = isCSV ? readCSV(text, limits: limits(9)) : readNDJSON(text, limits: limits(9))
            #expect(outcome == whole)
        }
    }
}
