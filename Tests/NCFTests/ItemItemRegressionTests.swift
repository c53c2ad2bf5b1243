import Testing

@testable import NCF

@Suite("The item-item regression")
struct ItemItemRegressionTests {
    /// B straight from its definition, in double precision.
    private func relations(_ data: InteractionDataset, regularization: Double) -> [[Double]] {
        let size = data.itemCount
        let lengths = (0..<data.userCount).map { Double(data.items(of: $0).count) }
        let scale = lengths.reduce(0, +) / lengths.reduce(0) { $0 + $1.squareRoot() }
        var rows = Array(repeating: Array(repeating: 0.0, count: size), count: size)
        for user in 0..<data.userCount where lengths[user] > 0 {
            for left in data.items(of: user) {
                for right in data.items(of: user) { rows[Int(left)][Int(right)] += scale / lengths[user].squareRoot() }
            }
        }
        for row in 0..<size { rows[row][row] += regularization }
        let inverse = inverse(rows)
        return (0..<size).map { row in
            (0..<size).map { row == $0 ? 0 : -inverse[row][$0] / inverse[$0][$0] }
        }
    }

    private func factors(_ data: InteractionDataset, rank: Int, threads: Int = 1) throws -> ItemItemFactors {
        let regression = ItemItemRegression(
            dataset: data, regularization: 5, seed: 9, loop: ParallelLoop(threads: threads))
        return try #require(regression.factors(rank: rank, isCancelled: { false }))
    }

    @Test("at full rank it is the regression of every item on all others", arguments: [1, 2, 3] as [UInt64])
    func fullRank(seed: UInt64) throws {
        let data = randomDataset(users: 40, items: 12, perUser: 5, seed: seed)
        let expected = relations(data, regularization: 5)
        let factors = try factors(data, rank: 12)
        for row in 0..<12 {
            for column in 0..<12 {
                #expect(abs(factors.relation(row, column) - expected[row][column]) < 1e-4, "seed \(seed)")
            }
        }
    }

    @Test("at a low rank it predicts the histories as well as any approximation of that rank can")
    func lowRank() throws {
        let data = randomDataset(users: 60, items: 20, perUser: 7, seed: 4)
        // What is lost falls with the rank, to nothing at the full one.
        var lost = try [2, 6, 12, 20].map { rank in
            let factors = try factors(data, rank: rank)
            let expected = relations(data, regularization: 5)
            return (0..<data.userCount).reduce(0.0) { sum, user in
                let length = Double(data.items(of: user).count)
                return (0..<data.itemCount).reduce(sum) { sum, column in
                    let error = data.items(of: user).reduce(0.0) {
                        $0 + factors.relation(Int($1), column) - expected[Int($1)][column]
                    }
                    return sum + error * error / length.squareRoot()
                }
            }
        }
        #expect(lost.removeLast() < 1e-4)
        #expect(lost[0] > lost[1] && lost[1] > lost[2] && lost[2] > 1e-3, "\(lost)")
    }

    @Test("a rank beyond the number of items leaves zeros, and so do items that nobody has")
    func surplus() throws {
        let whole = randomDataset(users: 9, items: 30, perUser: 2, seed: 5)
        let data = whole.removing(whole.items.map { $0 < 4 })
        let absent = (0..<data.itemCount).filter { !data.items.contains(Int32($0)) }
        #expect(!absent.isEmpty)
        let factors = try factors(data, rank: 40)
        #expect((factors.remembered + factors.recommended).allSatisfy { $0.isFinite })
        for item in absent {
            #expect(factors.remembered[item * 40..<(item + 1) * 40].allSatisfy { $0 == 0 })
            #expect(factors.recommended[item * 40..<(item + 1) * 40].allSatisfy { $0 == 0 })
        }
    }

    @Test("it is the same for any number of threads, and ends when it is cancelled")
    func threads() throws {
        let data = randomDataset(users: 80, items: 50, perUser: 12, seed: 6)
        let one = try factors(data, rank: 8)
        for threads in [2, 3] {
            let other = try factors(data, rank: 8, threads: threads)
            #expect(other.remembered == one.remembered && other.recommended == one.recommended)
        }
        let regression = ItemItemRegression(dataset: data, regularization: 5, seed: 9, loop: ParallelLoop(threads: 1))
        expectEndsWhenCancelled(regression)
    }

    @Test("what was found is remembered for as many questions as there is room for, and for each by itself")
    func memory() throws {
        let data = randomDataset(users: 40, items: 20, perUser: 6, seed: 6)
        let memory = ItemItemMemory(limit: 2)
        var asked = 0
        func ask(_ penalty: Double, rank: Int = 8) throws -> (factors: ItemItemFactors, isFresh: Bool) {
            let before = asked
            let regression = ItemItemRegression(
                dataset: data, regularization: penalty, seed: 9, loop: ParallelLoop(threads: 1))
            let factors = try #require(
                memory.factors(of: regression, rank: rank) {
                    asked += 1
                    return false
                })
            #expect(factors.recommended == regression.factors(rank: rank, isCancelled: { false })?.recommended)
            return (factors, asked > before)
        }
        #expect(try [5, 7, 5, 7].map { try ask($0).isFresh } == [true, true, false, false])
        #expect(try ask(5, rank: 4).isFresh)
        // 5 at rank 8 was used before 7.
        #expect(try !ask(7).isFresh && ask(5).isFresh)
        let regression = ItemItemRegression(dataset: data, regularization: 3, seed: 9, loop: ParallelLoop(threads: 1))
        #expect(memory.factors(of: regression, rank: 8, isCancelled: { true }) == nil)
    }
}
