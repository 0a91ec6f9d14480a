/// Who may import what, and why (DESIGN section 4). A module that is not named here may be imported by anyone.
enum ImportRules {
    struct Rule {
        /// One module, or with `*` at the end all that begin so.
        let module: String
        /// Folders under `Sources`.
        let only: [String]
        let why: String

        func covers(_ name: String) -> Bool {
            module.hasSuffix("*") ? name.hasPrefix(module.dropLast()) : name == module
        }
    }

    static let rules = [
        Rule(module: "CCurl", only: ["Shared/System/Transfer"], why: "one Swift owner for each C library"),
        Rule(module: "COpenSSL", only: ["Shared/System/Sealing"], why: "one Swift owner for each C library"),
        Rule(module: "CZlib", only: ["Shared/System/Deflate"], why: "one Swift owner for each C library"),
        Rule(module: "CISAL", only: ["Shared/System/Deflate"], why: "one Swift owner for each C library"),
        Rule(module: "CZstd", only: ["Shared/System/Deflate"], why: "one Swift owner for each C library"),
        Rule(
            module: "GRDB", only: ["Coordinator/Catalog", "Agent/Engines/SQLite"],
            why: "SQL stays in the catalog; the SQLite engine needs the online backup"),
        Rule(
            module: "Hummingbird*", only: ["Coordinator/CoordinatorAPI"], why: "use cases must run without a server"),
        Rule(module: "Mustache", only: ["Coordinator/CoordinatorAPI"], why: "pages are the API's business"),
        Rule(
            module: "NIO*", only: ["Coordinator/CoordinatorAPI"],
            why: "the agent lives on other people's database hosts: libcurl is its only network"),
        Rule(module: "HTTPTypes", only: ["Coordinator/CoordinatorAPI"], why: "it comes with the server"),
        Rule(module: "Subprocess", only: ["Agent/Engines"], why: "only engines run other programs"),
        Rule(module: "Yams", only: ["Shared/Settings"], why: "mistakes in YAML are told with line and key in one way"),
        Rule(module: "ArgumentParser", only: ["Agent/Main", "Coordinator/Main"], why: "modules are not command lines"),
        Rule(module: "FoundationXML", only: ["Shared/Storage"], why: "only S3 talks XML"),
        Rule(
            module: "FoundationNetworking", only: [],
            why: "libcurl does all HTTP: deadlines, proxies and CAs in one place"),
        Rule(
            module: "Logging",
            only: ["Shared/Daemon", "Agent/AgentCore", "Agent/Main", "Coordinator"],
            why: "what is below returns errors; who knows the meaning logs them, once"),
    ]

    /// What breaks the rules, one line each.
    static func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file in
            file.imports.flatMap { name in
                rules.filter { $0.covers(name) && !file.isUnder($0.only) }
                    .map { "\(file.path) imports \(name): \($0.why)" }
            }
        }
    }
}
