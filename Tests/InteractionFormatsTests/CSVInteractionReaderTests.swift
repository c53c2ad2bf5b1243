import InteractionFormats
import InteractionStorage
import Testing

@Suite("Interactions in CSV")
struct CSVInteractionReaderTests {
    @Test(
        "a header that cannot be understood is one fault, and no row is read",
        arguments: [
            (
                "usr_id,item_id\na,b\n",
                "line 1: unknown column \"usr_id\"; did you mean \"user_id\"?; column \"user_id\" is missing"
            ),
            (
                "userid,ITEM_ID,kind\na,b,like\n",
                "line 1: unknown column \"userid\"; did you mean \"user_id\"?; unknown column \"ITEM_ID\"; "
                    + "did you mean \"item_id\"?; column \"user_id\" is missing; column \"item_id\" is missing"
            ),
            (
                "userid;itemid\na;b\n",
                "line 1: this is no header: the first line must name the columns, with commas between them, such as "
                    + "user_id,item_id,rating,timestamp"
            ),
            (
                "user1,item7,5\nuser2,item8,4\n",
                "line 1: this is no header: the first line must name the columns, with commas between them, such as "
                    + "user_id,item_id,rating,timestamp"
            ),
            ("user_id,item_id,user_id\na,b,c\n", "line 1: column \"user_id\" is there twice"),
            ("user_id\na\n", "line 1: column \"item_id\" is missing"),
            (
                "user_id,item_id,shoe\na,b,c\n",
                "line 1: unknown column \"shoe\"; known are user_id, item_id, kind, rating, weight, timestamp, "
                    + "interaction_id"
            ),
            ("\"user_id,item_id\na,b\n", "line 1: a quoted field is not closed on its line"),
            (
                "",
                "line 1: there is no header: the first line must name the columns, with commas between them, such as "
                    + "user_id,item_id,rating,timestamp"
            ),
        ])
    func badHeader(text: String, sentence: String) {
        let outcome = readCSV(text)
        #expect(outcome.sentences == [sentence])
        #expect(outcome.interactions.isEmpty)
    }

    @Test("a reader says that it has refused the input")
    func refused() {
        var reader = CSVInteractionReader()
        reader.consume(Array("nonsense\na,b\n".utf8), into: { _ in }, faults: { _ in })
        #expect(reader.isRefused)
        #expect(reader.lineNumber == 2)
    }

    @Test("columns stand in any order, quoted or not, behind a byte order mark")
    func columnOrder() {
        let outcome = readCSV("\u{FEFF}\"rating\",item_id,\"user_id\"\r\n\r\n4,lamp,ada\r\n")
        #expect(outcome.interactions == [Interaction(userID: "ada", itemID: "lamp", rating: 4)])
        #expect(outcome.faults.isEmpty)
    }

    @Test(
        "numbers are read exactly",
        arguments: [
            "0", "-0", "5", "+5", "4.5", ".5", "5.", "0.1", "3.14159265358979", "123456789.123456789012", "1e3",
            "2.5E-3",
            "1e-320", "-999999999.999999",
        ])
    func numbers(text: String) {
        let rating = readCSV("user_id,item_id,rating\na,b,\(text)\n").interactions.first?.rating
        #expect(rating == Double(text.hasSuffix(".") ? text + "0" : text))
    }

    @Test(
        "what is not a decimal number is refused",
        arguments: ["", ".", "-", "1.2.3", "1e", "1e+", " 5", "5 ", "nan", "Infinity", "0x1p3", "1_000", "٣", "1,5"])
    func notNumbers(text: String) {
        let outcome = readCSV("user_id,item_id,rating\na,b,\"\(text)\"\n")
        // An empty field means that there is no rating.
        #expect(outcome.faults.count == (text.isEmpty ? 0 : 1))
        #expect(outcome.interactions.first?.rating == nil)
    }

    @Test("an ID of 256 bytes is taken and one of 257 is not; 64 and 65 go the same way")
    func identifierLength() {
        for (length, isTaken) in [(1, true), (64, true), (65, true), (256, true), (257, false)] {
            let outcome = readCSV("user_id,item_id\n\(String(repeating: "x", count: length)),b\n")
            #expect(outcome.interactions.count == (isTaken ? 1 : 0), "\(length) bytes")
        }
    }

    @Test("an error thrown by the caller comes out")
    func callerThrows() {
        struct Full: Error {}
        var reader = CSVInteractionReader()
        #expect(throws: Full.self) {
            try reader.consume(
                Array("user_id,item_id\na,b\n".utf8), into: { (_: Interaction) throws(Full) in throw Full() },
                faults: { (_: RowFault) throws(Full) in })
        }
    }

    @Test("a quotation in a sentence is cut, and shows no control characters")
    func quotation() {
        let outcome = readCSV("user_id,item_id,rating\na,b,\u{1B}\(String(repeating: "9x", count: 40))\n")
        #expect(
            outcome.faults.first?.detail == "rating \"\\u{1b}\(String(repeating: "9x", count: 19))9…\" is not a number")
    }
}
