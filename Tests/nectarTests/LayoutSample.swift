import Foundation
import Testing

/// The same three interactions with two items, in one of the layouts that are read.
struct LayoutSample: Sendable, CustomTestStringConvertible {
    var name: String
    /// What `nectar import` is given.
    var path: String
    /// Content by path.
    var files: [String: Data]

    var testDescription: String { name }

    static let all = [
        LayoutSample(
            name: "MovieLens 100K", path: "in",
            files: [
                "in/u.data": Data("1\t7\t5\t881250949\n1\t8\t3\t881250950\n2\t7\t1\t881250951\n".utf8),
                "in/u.item": Data(
                    "7|Caf\u{E9} (1995)|01-Jan-1995||http://x|0|1\(String(repeating: "|0", count: 17))\n8|B|||\(String(repeating: "|0", count: 19))\n"
                        .unicodeScalars.map { UInt8($0.value) }),
            ]
        ),
        LayoutSample(
            name: "MovieLens 1M", path: "in",
            files: [
                "in/ratings.dat": Data("1::7::5::881250949\n1::8::3::881250950\n2::7::1::881250951\n".utf8),
                "in/movies.dat": Data(
                    "7::Caf\u{E9} (1995)::Drama|Comedy\n8::B (2000)::Action\n".unicodeScalars.map { UInt8($0.value) }),
            ]
        ),
        LayoutSample(
            name: "MovieLens CSV", path: "in",
            files: [
                "in/ratings.csv": Data(
                    "userId,movieId,rating,timestamp\n1,7,5.0,881250949\n1,8,3.0,881250950\n2,7,1.0,881250951\n".utf8),
                "in/movies.csv": Data("movieId,title,genres\n7,\"Café (1995)\",Drama|Comedy\n8,B (2000),Action\n".utf8),
            ]
        ),
        LayoutSample(
            name: "RecBole", path: "in",
            files: [
                "in/films.inter": Data(
                    """
                    user_id:token\titem_id:token\trating:float\ttimestamp:float
                    1\t7\t5\t881250949
                    1\t8\t3\t881250950
                    2\t7\t1\t881250951

                    """.utf8),
                "in/films.item": Data(
                    "item_id:token\tmovie_title:token_seq\n7\tCafé (1995)\n8\tB (2000)\n".utf8),
            ]
        ),
        LayoutSample(
            name: "Gorse", path: "in",
            files: [
                "in/feedback.jsonl": Data(
                    """
                    {"FeedbackType":"read","UserId":"1","ItemId":"7","Value":5,"Timestamp":"1997-12-04T15:55:49Z","Comment":""}
                    {"FeedbackType":"like","UserId":"1","ItemId":"8","Value":0,"Timestamp":"1997-12-04T15:55:50Z"}
                    {"FeedbackType":"read","UserId":"2","ItemId":"7","Timestamp":"0001-01-01T00:00:00Z"}

                    """.utf8),
                "in/items.jsonl": Data(
                    """
                    {"ItemId":"7","IsHidden":true,"Categories":["a"],"Timestamp":"2020-02-29T12:00:00Z","Labels":["b","a"],"Comment":"Café (1995)"}
                    {"ItemId":"8","IsHidden":false,"Categories":null,"Timestamp":"0001-01-01T00:00:00Z","Labels":{"x":{"y":[0.5,1]},"z":"t"},"Comment":""}

                    """.utf8),
                "in/users.jsonl": Data(
                    "{\"UserId\":\"1\",\"Labels\":[\"vip\"],\"Subscribe\":[\"n\"],\"Comment\":\"Ada\"}\n".utf8),
            ]
        ),
        LayoutSample(
            name: "Recombee", path: "in",
            files: [
                "in/detail_views.jsonl": Data(
                    """
                    {"userId":"1","itemId":"8","timestamp":881250950,"duration":35,"recommId":"r"}
                    {"user_id":"2","item_id":"7","timestamp":"1997-12-04T15:55:51Z"}

                    """.utf8),
                "in/bookmarks.jsonl": Data(
                    "{\"userId\":\"1\",\"itemId\":\"7\",\"rating\":5,\"timestamp\":\"1997-12-04T16:55:49+01:00\"}\n"
                        .utf8),
                "in/items.jsonl": Data(
                    "{\"itemId\":\"7\",\"title\":\"Café (1995)\",\"price\":2.5,\"tags\":[\"a\"],\"off\":null}\n".utf8),
            ]
        ),
        LayoutSample(
            name: "CSV", path: "in.csv",
            files: [
                "in.csv": Data(
                    "user_id,item_id,rating,timestamp\n1,7,5,881250949\n1,8,3,881250950\n2,7,1,881250951\n".utf8)
            ]
        ),
        LayoutSample(
            name: "NDJSON", path: "in.ndjson",
            files: [
                "in.ndjson": Data(
                    """
                    {"user_id": 1, "item_id": "7", "rating": 5, "timestamp": 881250949}
                    {"user_id": 1, "item_id": "8", "rating": 3, "timestamp": 881250950}
                    {"user_id": 2, "item_id": "7", "rating": 1, "timestamp": 881250951}

                    """.utf8)
            ]
        ),
    ]
}
