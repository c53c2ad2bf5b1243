// swift-tools-version: 6.3

import PackageDescription

/// What every Swift target of Nectar is compiled with: the strictest the toolchain offers.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// One Swift target of the house and the test target that mirrors it; `testing` is what the tests alone need, and
/// `fixtures` are folders of data files beside the tests, which read them from the source tree.
func module(
    _ name: String, on dependencies: [Target.Dependency] = [], testing: [Target.Dependency] = [],
    fixtures: [String] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.target(name: name), "TestSupport"] + dependencies + testing,
            exclude: fixtures,
            swiftSettings: strict
        ),
    ]
}

let atomics = Target.Dependency.product(name: "Atomics", package: "swift-atomics")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
// What GRDB binds to, for the few calls that it does not have.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let openSSL = Target.Dependency.target(name: "COpenSSL", condition: .when(traits: ["TLS"]))
let libpq = Target.Dependency.target(name: "CPostgreSQL", condition: .when(traits: ["PostgreSQL"]))

// C libraries come from Debian as system libraries; C targets hold what Swift cannot express or cannot vectorise.
let bindings: [Target] = [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    // Without pkg-config, which would warn everybody who has no libpq and wants none.
    .systemLibrary(name: "CPostgreSQL", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
        name: "CSimdJSON",
        cxxSettings: [.define("SIMDJSON_EXCEPTIONS", to: "0")],
        linkerSettings: [.linkedLibrary("simdjson")]
    ),
    .target(name: "CKernels"),
]

// Arrows point down only: a target names everything it may import, and nothing above it.
let house: [Target] =
    module("Locking")
    + module("Metrics", on: ["Locking", atomics])
    + module("JSON", on: ["CSimdJSON", "Locking"])
    + module("HTTP", fixtures: ["Corpus"])
    + module("Networking", on: ["CLinux", "Locking", openSSL])
    + module("HTTPServer", on: ["HTTP", "Networking", "Locking", "CZlib"], testing: [openSSL])
    + module("NCF", on: ["COpenBLAS", "CKernels", "JSON", "Locking", atomics], fixtures: ["Fixtures"])
    + module("InteractionStorage", on: ["CSodium", "Locking", libpq, grdb, sqlite])
    + module("InteractionFormats", on: ["InteractionStorage", "JSON", "CZlib"], fixtures: ["Fixtures"])
    + module(
        "RecommendationService",
        on: [
            "HTTPServer", "HTTP", "NCF", "InteractionStorage", "InteractionFormats", "JSON", "Metrics", "Locking",
            atomics, heap, logging,
        ],
        testing: ["Networking"]
    )

let program: [Target] = [
    .executableTarget(
        name: "nectar",
        dependencies: [
            "RecommendationService", "HTTPServer", "HTTP", "Networking", "NCF", "InteractionStorage",
            "InteractionFormats", "JSON", "Metrics", "Locking", "CLinux", argumentParser, configuration, logging,
        ],
        swiftSettings: strict
    ),
    .testTarget(
        name: "nectarTests",
        dependencies: ["nectar", "InteractionStorage", "InteractionFormats", "TestSupport"],
        swiftSettings: strict
    ),
    .target(name: "TestSupport", dependencies: ["CFaultyFiles"], path: "Tests/TestSupport", swiftSettings: strict),
    .target(
        name: "CFaultyFiles", path: "Tests/CFaultyFiles", linkerSettings: [.linkedLibrary("sqlite3")]),
]

// Only for who measures the server or searches it for faults: a user never builds these.
let measuring: [Target] =
    Context.environment["ENABLE_BENCHMARKS"] == nil
    ? []
    : ["EchoServer", "IdleConnections", "OpenLoop"].map { name in
        .executableTarget(
            name: name,
            dependencies: ["HTTPServer", "HTTP", "Networking", "CLinux", openSSL],
            path: "Benchmarks/\(name)",
            swiftSettings: strict
        )
    } + [
        .executableTarget(
            name: "HTTPInstructions", dependencies: ["HTTP"], path: "Benchmarks/HTTPInstructions", swiftSettings: strict
        ),
        .executableTarget(
            name: "ServingSpeed", dependencies: ["NCF"], path: "Benchmarks/ServingSpeed", swiftSettings: strict
        ),
        .executableTarget(
            name: "StorageSpeed", dependencies: ["InteractionStorage", "InteractionFormats", "JSON", argumentParser],
            path: "Benchmarks/StorageSpeed", swiftSettings: strict
        ),
        .executableTarget(
            name: "EngineSpeed",
            dependencies: [
                "RecommendationService", "NCF", "InteractionStorage", "InteractionFormats", "JSON", argumentParser,
            ],
            path: "Benchmarks/EngineSpeed",
            swiftSettings: strict
        ),
    ]

let package = Package(
    name: "nectar",
    products: [
        .executable(name: "nectar", targets: ["nectar"]),
        .library(name: "HTTPServer", targets: ["HTTPServer", "HTTP", "Networking"]),
        .library(name: "NCF", targets: ["NCF"]),
    ],
    traits: [
        .trait(name: "TLS", description: "HTTPS, with OpenSSL."),
        .trait(name: "PostgreSQL", description: "A store in a PostgreSQL database, with libpq."),
        .default(enabledTraits: ["TLS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: bindings + house + program + measuring,
    cxxLanguageStandard: .cxx17
)

// Only for `scripts/test`, which builds the store and its tests a second time, with PostgreSQL: all else would come out the
// same.
if Context.environment["ONLY_STORAGE"] != nil {
    let needed = [
        "Locking", "CSodium", "CPostgreSQL", "InteractionStorage", "InteractionStorageTests", "TestSupport",
        "CFaultyFiles",
    ]
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}
