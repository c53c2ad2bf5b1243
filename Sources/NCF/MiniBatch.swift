/// The samples of one step as indices: groups of one positive and its negatives, which share their user.
///
/// A rating model's groups have a single sample.
final class MiniBatch: @unchecked Sendable {
    // Sendable because each slice is filled by one thread in one phase of a step and read in the next.
    let capacity: Int
    let samplesPerGroup: Int
    /// How many groups are in use.
    var groupCount = 0
    /// The epoch, and the place in it that the first group has.
    var epoch = 0
    var firstPlace = 0
    let users: AlignedBuffer<Int32>
    let items: AlignedBuffer<Int32>
    let targets: AlignedBuffer<Float>
    let weights: AlignedBuffer<Float>
    /// For each group how much of its first item's feature its user is to be less: that item's weight in the user's history.
    let leftOut: AlignedBuffer<Float>

    /// Room for `capacity` groups.
    init(capacity: Int, samplesPerGroup: Int) {
        self.capacity = capacity
        self.samplesPerGroup = samplesPerGroup
        users = AlignedBuffer(count: capacity, repeating: 0)
        items = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        targets = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        weights = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        leftOut = AlignedBuffer(count: capacity, repeating: 0)
    }

    var sampleCount: Int { groupCount * samplesPerGroup }
}
