// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is held to the same rules; see README, "How it is built".
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: strict)
}

func clibrary(_ name: String, _ pkgConfig: String) -> Target {
    .systemLibrary(name: name, path: "Sources/Shared/System/\(name)", pkgConfig: pkgConfig)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .executable(name: "holdfast-agent", targets: ["holdfast-agent"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        // System: one C library each, and a thin Swift module over it.
        clibrary("CCurl", "libcurl"),
        clibrary("COpenSSL", "openssl"),
        clibrary("CZlib", "zlib"),
        clibrary("CISAL", "libisal"),
        clibrary("CZstd", "libzstd"),
        module("Threads", in: "Shared/System"),
        module("Transfer", in: "Shared/System", ["CCurl", "Threads"]),
        module("Sealing", in: "Shared/System", ["COpenSSL"]),
        module("Deflate", in: "Shared/System", ["CZlib", "CISAL", "CZstd"]),

        // Shared: only what both programs compile in.
        module("Domain", in: "Shared"),
        module("Wire", in: "Shared", ["Domain", "Archive"]),
        module("Archive", in: "Shared", ["Domain", "Sealing", "Deflate", "Threads"]),
        module("Storage", in: "Shared", ["Domain", "Wire", "Sealing", "Transfer", "Threads"]),
        module("CoordinatorClient", in: "Shared", ["Domain", "Wire", "Transfer", "Threads"]),
        module("Settings", in: "Shared", ["Domain", yaml]),
        module("Daemon", in: "Shared", ["Domain", log, lifecycle, unixSignals]),

        // The program on every database host.
        module(
            "Engines", in: "Agent",
            ["Domain", "Wire", "Archive", "Sealing", "Threads", subprocess, systemPackage, grdb]),
        module(
            "AgentCore", in: "Agent",
            [
                "Domain", "Wire", "Archive", "Storage", "Engines", "CoordinatorClient", "Sealing", "Transfer",
                "Threads",
                "Deflate", "Daemon", "Settings", log, lifecycle,
            ]),
        .executableTarget(
            name: "holdfast-agent",
            dependencies: [
                "AgentCore", "Archive", "Engines", "Daemon", "Domain", "Wire", "Threads", arguments, log,
            ],
            path: "Sources/Agent/Main", swiftSettings: strict),

        // The central process and the operator's command line.
        module("Catalog", in: "Coordinator", ["Domain", "Wire", "Archive", grdb]),
        module(
            "CoordinatorCore", in: "Coordinator",
            [
                "Catalog", "Domain", "Wire", "Archive", "Storage", "Sealing", "Deflate", "Transfer", "Threads",
                "Daemon", "Settings", log,
                lifecycle,
            ]),
        module(
            "CoordinatorAPI", in: "Coordinator",
            [
                "CoordinatorCore", "Catalog", "Domain", "Wire", "Archive", "Sealing", hummingbird, hummingbirdTLS,
                mustache, log, lifecycle,
            ]),
        .executableTarget(
            name: "holdfast",
            dependencies: [
                "Archive",
                "CoordinatorAPI", "CoordinatorCore", "Catalog", "CoordinatorClient", "Daemon", "Domain", "Wire",
                arguments,
                log,
            ],
            path: "Sources/Coordinator/Main", swiftSettings: strict),

        // Tests: one target a module, and the ones that join them.
        .target(
            name: "TestSupport", dependencies: ["Domain", "Wire", "Threads", "Transfer", subprocess],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("DomainTests", ["Domain", "TestSupport"]),
        tests("WireTests", ["Wire", "Archive", "Domain"]),
        tests("SealingTests", ["Sealing", "TestSupport"]),
        tests("DeflateTests", ["Deflate"]),
        tests("ThreadsTests", ["Threads"]),
        tests("TransferTests", ["Transfer", "Threads", "TestSupport"]),
        tests("ArchiveTests", ["Archive", "Domain", "Threads", "TestSupport"]),
        tests("StorageTests", ["Storage", "Domain", "Wire", "Sealing", "Transfer", "Threads", "TestSupport"]),
        tests("EnginesTests", ["Engines", "Archive", "Domain", "Wire", "Threads", "TestSupport", grdb]),
        tests(
            "AgentCoreTests",
            ["AgentCore", "Domain", "Wire", "Archive", "Storage", "Sealing", "Threads", "TestSupport", log]),
        tests("CatalogTests", ["Catalog", "Domain", "Wire", "Archive", "TestSupport", grdb]),
        tests(
            "CoordinatorCoreTests",
            [
                "CoordinatorCore", "Catalog", "Domain", "Wire", "Archive", "Sealing", "Transfer", "Storage",
                "TestSupport", log,
            ]),
        tests(
            "CoordinatorAPITests",
            [
                "CoordinatorAPI", "CoordinatorCore", "Catalog", "Domain", "Wire", "Archive", "TestSupport", "Sealing",
                "Transfer", "Threads", log, lifecycle, subprocess,
            ]),
        tests("SettingsTests", ["Settings", "Domain"]),
        tests("DaemonTests", ["Daemon", "Domain", log, lifecycle]),
        tests("CoordinatorClientTests", ["CoordinatorClient", "Domain", "Wire", "Transfer", "Threads"]),
        tests(
            "OperatorCommandTests", ["holdfast", "Daemon", "Domain", "Wire", "Archive", "TestSupport", arguments]),
        tests("LayeringTests", []),
        tests(
            "EndToEndTests",
            [
                "TestSupport", "Domain", "Wire", "Archive", "CoordinatorCore", "Sealing", "Storage", "holdfast",
                "holdfast-agent", log,
            ]),
        tests("DeployTests", ["TestSupport", "Domain", "holdfast", "holdfast-agent"]),
        tests("FaultTests", ["TestSupport", "Domain", "Wire", "holdfast", "holdfast-agent"]),
    ]
)
