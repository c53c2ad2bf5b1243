/// How many interactions each synthetic user makes.
enum SyntheticActivity {
    /// One quota for each user, whose sum is the number of interactions; none above the number of items.
    static func quotas(_ configuration: SyntheticInteractions.Configuration, _ random: inout SplitMix64) -> [Int] {
        let users = configuration.users
        let total = configuration.interactions
        var quotas = [Int](repeating: total / 2 / users, count: users)
        var order = Array(0..<users)
        order.shuffle(using: &random)
        let weights = (1...users).map { 1 / Double($0).squareRoot() }
        let share = Double(total - total / 2) / weights.reduce(0, +)
        for (rank, user) in order.enumerated() {
            quotas[user] = min(quotas[user] + Int(share * weights[rank]), configuration.items)
        }
        spread(total - quotas.reduce(0, +), over: order.reversed(), &quotas, limit: configuration.items)
        return quotas
    }

    /// Gives out what rounding and the limit have left over, evenly, the least active first.
    private static func spread(_ count: Int, over order: [Int], _ quotas: inout [Int], limit: Int) {
        var rest = count
        while rest > 0 {
            let open = order.filter { quotas[$0] < limit }
            // The pairs suffice, as the configuration has been checked.
            let each = max(rest / max(open.count, 1), 1)
            for user in open where rest > 0 {
                let given = min(each, rest, limit - quotas[user])
                quotas[user] += given
                rest -= given
            }
            precondition(!open.isEmpty, "more interactions than pairs")
        }
    }
}
