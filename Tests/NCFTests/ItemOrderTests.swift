import Glibc
import Testing

@testable import NCF

@Suite("The item-item regression of histories with an order")
struct ItemOrderTests {
    /// B straight from its definition, in double precision.
    private func relations(
        _ data: InteractionDataset, regularization: Double, reach: Double, backward: Double
    ) -> [[Double]] {
        let size = data.itemCount
        let lengths = (0..<data.userCount).map { Double(data.items(of: $0).count) }
        let scale = lengths.reduce(0, +) / lengths.reduce(0) { $0 + $1.squareRoot() }
        var (gram, ahead) = (zeros(size), zeros(size))
        for user in 0..<data.userCount {
            let items = data.items(of: user).map(Int.init)
            for (place, item) in items.enumerated() {
                for (other, later) in items.enumerated() {
                    let weight = scale / lengths[user].squareRoot() * exp2(-Double(abs(place - other)) / reach)
                    gram[item][later] += weight
                    if place < other { ahead[item][later] += weight }
                    if place > other { ahead[item][later] += backward * weight }
                }
            }
        }
        for row in 0..<size { gram[row][row] += regularization }
        let inverse = inverse(gram)
        var relations = zeros(size)
        for row in 0..<size {
            for column in 0..<size {
                relations[row][column] = (0..<size).reduce(0) { $0 + inverse[row][$1] * ahead[$1][column] }
            }
        }
        let diagonal = (0..<size).map { relations[$0][$0] / inverse[$0][$0] }
        for row in 0..<size {
            for column in 0..<size { relations[row][column] -= inverse[row][column] * diagonal[column] }
        }
        return relations
    }

    private func zeros(_ size: Int) -> [[Double]] { Array(repeating: Array(repeating: 0, count: size), count: size) }

    private func factors(
        _ data: InteractionDataset, rank: Int, halfLife: Double, backward: Double, threads: Int = 1
    ) throws -> ItemItemFactors {
        let regression = ItemItemRegression(
            dataset: data, regularization: 5, order: HistoryOrder(halfLife: halfLife, backward: backward), seed: 9,
            loop: ParallelLoop(threads: threads))
        return try #require(regression.factors(rank: rank, isCancelled: { false }))
    }

    @Test("at full rank it is what its definition says", arguments: [0, 0.3, 1], [0.5, 2, 1_000_000])
    func fullRank(backward: Double, halfLife: Double) throws {
        let data = randomDataset(users: 40, items: 12, perUser: 5, seed: 2)
        let expected = relations(data, regularization: 5, reach: 3 * halfLife, backward: backward)
        let factors = try factors(data, rank: 12, halfLife: halfLife, backward: backward)
        for row in 0..<12 {
            for column in 0..<12 {
                #expect(abs(factors.relation(row, column) - expected[row][column]) < 1e-4)
            }
            #expect(abs(expected[row][row]) < 1e-9)
        }
    }

    @Test("of a reach beyond all histories and both ways alike it is the one without an order")
    func alike() throws {
        let data = randomDataset(users: 60, items: 30, perUser: 8, seed: 3)
        let ordered = try factors(data, rank: 30, halfLife: 1_000_000, backward: 1)
        let plain = try #require(
            ItemItemRegression(dataset: data, regularization: 5, seed: 9, loop: ParallelLoop(threads: 1))
                .factors(rank: 30, isCancelled: { false }))
        for row in 0..<30 {
            for column in 0..<30 {
                #expect(abs(ordered.relation(row, column) - plain.relation(row, column)) < 1e-4)
            }
        }
    }

    @Test("an item speaks for the one that follows it, and less for the one before")
    func direction() throws {
        var builder = InteractionDataset.Builder()
        for user in 0..<30 {
            for step in 0..<6 {
                builder.add(
                    userID: "\(user)", itemID: "\((user + step) % 10)", rating: nil, timestamp: Int64(step + 1))
            }
        }
        let data = builder.build()
        let factors = try factors(data, rank: 10, halfLife: 1, backward: 0.2)
        let names = (0..<10).map { data.itemIDs[$0] }
        for item in 0..<10 {
            let own = try #require(names.firstIndex(of: "\(item)"))
            let next = try #require(names.firstIndex(of: "\((item + 1) % 10)"))
            #expect(factors.relation(own, next) > 0.2)
            #expect(factors.relation(own, next) > 2 * factors.relation(next, own))
        }
    }

    @Test("it is the same for any number of threads, and ends when it is cancelled")
    func threads() throws {
        let data = randomDataset(users: 80, items: 150, perUser: 20, seed: 6)
        let one = try factors(data, rank: 8, halfLife: 4, backward: 0.5)
        for threads in [2, 3] {
            let other = try factors(data, rank: 8, halfLife: 4, backward: 0.5, threads: threads)
            #expect(other.remembered == one.remembered && other.recommended == one.recommended)
        }
        let regression = ItemItemRegression(
            dataset: data, regularization: 5, order: HistoryOrder(halfLife: 4, backward: 0.5), seed: 9,
            loop: ParallelLoop(threads: 1))
        expectEndsWhenCancelled(regression)
    }

    @Test("items beyond those looked at keep their places in the order")
    func places() {
        var builder = InteractionDataset.Builder()
        for (user, items) in ["abcd", "acbd", "a", "dca", "cab"].enumerated() {
            for (time, item) in items.enumerated() {
                builder.add(userID: "\(user)", itemID: "\(item)", rating: nil, timestamp: Int64(time + 1))
            }
        }
        let data = builder.build()
        // a and c are taken most.
        let selection = ItemSelection(data, limit: 2)
        let matrix = AlignedBuffer<Float>(count: 4, repeating: 0)
        let order = HistoryOrder(halfLife: 1.0 / 3, backward: 1)
        OrderedHistories(of: data, selection).addFollowing(
            order, weights: [1, 10, 100, 1000, 10000], to: matrix, loop: ParallelLoop(threads: 2))
        let names = selection.items.map { data.itemIDs[$0] }
        #expect(names == ["a", "c"])
        // c follows a two places later in the first history, one in the second; a follows c at once in the last two.
        #expect(matrix.array == [11111, 0.25 * 1 + 0.5 * 10, 0.5 * 11000, 11011])
    }

    @Test("of items of one time neither comes first, and what comes to the file first means nothing")
    func equalTimes() {
        func matrix(_ times: [Int64], _ items: String = "abcd") -> [Float] {
            var builder = InteractionDataset.Builder()
            // All items once, so that they have the same places.
            for item in "abcd" { builder.add(userID: "\(item)", itemID: "\(item)", rating: nil, timestamp: 1) }
            for (item, time) in zip(items, times) {
                builder.add(userID: "u", itemID: "\(item)", rating: nil, timestamp: time)
            }
            let data = builder.build()
            let matrix = AlignedBuffer<Float>(count: 16, repeating: 0)
            OrderedHistories(of: data, ItemSelection(data, limit: 4)).addFollowing(
                HistoryOrder(halfLife: 1e6, backward: 1), weights: [0, 0, 0, 0, 1], to: matrix,
                loop: ParallelLoop(threads: 1))
            return matrix.array.map { ($0 * 1000).rounded() / 1000 }
        }
        #expect(matrix([7, 7, 7, 7]) == [1, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 1])
        // a and b, then c and d.
        let twice: [Float] = [1, 0.5, 1, 1, 0.5, 1, 1, 1, 0, 0, 1, 0.5, 0, 0, 0.5, 1]
        #expect(matrix([5, 5, 7, 7]) == twice && matrix([5, 5, 7, 7], "badc") == twice)
        #expect(matrix([0, 0, 0, 0], "dcba") == matrix([7, 7, 7, 7]))
        // What has no time comes where it arrived: a before b before c, whole.
        #expect(matrix([0, 7, 0, 8]) == [1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1])
    }

    @Test("distances beyond what single precision notices, or any history has, are left out")
    func factors() {
        #expect(HistoryOrder(halfLife: 1, backward: 1).factors(longest: 1000).count == 73)
        #expect(HistoryOrder(halfLife: 1, backward: 1).factors(longest: 4) == [1, 0.7937005, 0.62996054, 0.5])
        #expect(HistoryOrder(halfLife: 1_000_000, backward: 1).factors(longest: 0) == [1])
        #expect(HistoryOrder(halfLife: 1e-300, backward: 1).factors(longest: 9) == [1])
    }
}
