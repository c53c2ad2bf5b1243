/// One fully connected layer: y = W x + b, its ReLU applied by whoever evaluates it.
public struct DenseLayer: Sendable, Equatable {
    /// Length of x.
    public let inputSize: Int
    /// Length of y.
    public let outputSize: Int
    /// W, `outputSize` × `inputSize`, row-major.
    public var weights: [Float]
    /// b, `outputSize` long.
    public var bias: [Float]

    /// Takes weights and biases of the shapes that the sizes demand.
    public init(inputSize: Int, outputSize: Int, weights: [Float], bias: [Float]) {
        precondition(weights.count == inputSize * outputSize && bias.count == outputSize)
        self.inputSize = inputSize
        self.outputSize = outputSize
        self.weights = weights
        self.bias = bias
    }
}
