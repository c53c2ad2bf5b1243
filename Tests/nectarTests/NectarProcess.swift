import Foundation
import TestSupport

/// The program as it was built beside the tests, run as a person would run it.
struct NectarProcess {
    /// What a finished run left.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        /// The names of what it made in the folder it ran in.
        var leftovers: [String]
    }

    static let program: URL = {
        // The test bundle is the one executable of this process that lies beside the products.
        let bundles = Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: CommandLine.arguments[0])]
        let folders = bundles.flatMap { [$0, $0.deletingLastPathComponent()] }
        let found = folders.map { $0.appendingPathComponent("nectar") }
        return found.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? found[0]
    }()

    /// Runs `nectar` with `arguments` to its end, away from any terminal, with no variable but PATH, in
    /// an empty folder.
    static func run(_ arguments: String...) throws -> Outcome {
        try run(arguments)
    }

    /// As ``run(_:)``, with the arguments as a list.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], of program: URL = program
    ) throws -> Outcome {
        let process = prepared(arguments, environment: environment)
        process.executableURL = program
        let folder = try TemporaryDirectory()
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let output = Pipe()
        // Errors go to a file, so that neither of two full pipes can hold the other up.
        let errors = FileManager.default.temporaryDirectory.appendingPathComponent("nectar-\(UUID().uuidString).err")
        try Data().write(to: errors)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: try String(contentsOf: errors, encoding: .utf8), leftovers: try folder.names())
    }

    /// As ``run(_:)``, by a user to whom nothing belongs, where this one is root.
    static func runAsNobody(_ arguments: [String]) throws -> Outcome {
        guard geteuid() == 0 else { return try run(arguments) }
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program.path]
        return try run(nobody + arguments, of: URL(fileURLWithPath: "/usr/bin/setpriv"))
    }

    /// Starts `nectar` in the background, in the tests' own folder; it writes to `errors` alone.
    static func start(
        _ arguments: [String], environment: [String: String], errors: FileHandle
    ) throws -> Process {
        let process = prepared(arguments, environment: environment)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try withNoSignalBlocked { try process.run() }
        // The reader sees the end only when nobody can write any more.
        try errors.close()
        return process
    }

    /// A child has what the thread blocks that starts it, and the threads that tests run on block nearly everything; a shell blocks nothing.
    private static func withNoSignalBlocked(_ work: () throws -> Void) rethrows {
        var (all, before) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_UNBLOCK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try work()
    }

    private static func prepared(_ arguments: [String], environment: [String: String]) -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        // What a sanitizer is told holds for the program too.
        let kept = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
        process.environment = kept.merging(["PATH": "/usr/bin:/bin"].merging(environment) { _, own in own }) { $1 }
        return process
    }
}

/// Writes and reads small files in a folder of its own.
extension TemporaryDirectory {
    /// Writes `content` under `name`, which may lie deeper; returns its path.
    @discardableResult
    func write(_ name: String, _ content: Data) throws -> String {
        let url = URL(fileURLWithPath: file(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: url)
        return url.path
    }

    /// Writes a text.
    @discardableResult
    func write(_ name: String, _ content: String) throws -> String { try write(name, Data(content.utf8)) }

    /// The bytes of the file `name`.
    func content(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    /// The text of the file `name`.
    func text(_ name: String) throws -> String { String(decoding: try content(name), as: UTF8.self) }
}
