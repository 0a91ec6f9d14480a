/// The one way that imports run: System → Domain → Wire, Archive, Storage, Daemon → CoordinatorClient → AgentCore or
/// CoordinatorCore → CoordinatorAPI → Main. Agent and Coordinator never import each other; they meet in Wire.
enum ModuleOrder {
    /// Each module's folder and the modules of ours that it may import. A new module is placed here, with a thought.
    static let mayImport: [String: Set<String>] = [
        "Shared/System/CCurl": [],
        "Shared/System/COpenSSL": [],
        "Shared/System/CZlib": [],
        "Shared/System/CISAL": [],
        "Shared/System/CZstd": [],
        "Shared/System/Threads": [],
        "Shared/System/Transfer": ["CCurl", "Threads"],
        "Shared/System/Sealing": ["COpenSSL"],
        "Shared/System/Deflate": ["CZlib", "CISAL", "CZstd", "Threads"],
        // Values and rules: no I/O, no clock, nothing of ours.
        "Shared/Domain": [],
        // Knows no store and no wire.
        "Shared/Archive": ["Domain", "Sealing", "Deflate", "Threads"],
        // Shapes only: nothing here can do anything.
        "Shared/Wire": ["Domain", "Archive"],
        "Shared/Storage": ["Domain", "Wire", "Sealing", "Transfer", "Threads"],
        "Shared/Settings": ["Domain"],
        "Shared/Daemon": ["Domain"],
        "Shared/CoordinatorClient": ["Domain", "Wire", "Transfer", "Threads"],
        // Engines know neither the coordinator nor where objects go.
        "Agent/Engines": ["Domain", "Wire", "Archive", "Sealing", "Threads"],
        "Agent/AgentCore": shared.union(["Engines"]),
        "Agent/Main": shared.union(["Engines", "AgentCore"]),
        // The catalog stores; it neither calls nor is called from outside.
        "Coordinator/Catalog": ["Domain", "Wire", "Archive"],
        // Runs without HTTP.
        "Coordinator/CoordinatorCore": shared.union(["Catalog"]).subtracting(["CoordinatorClient"]),
        "Coordinator/CoordinatorAPI": ["Domain", "Wire", "Archive", "Sealing", "Catalog", "CoordinatorCore"],
        "Coordinator/Main": shared.union(["Catalog", "CoordinatorCore", "CoordinatorAPI"]),
    ]

    private static let shared: Set<String> = [
        "Threads", "Transfer", "Sealing", "Deflate", "Domain", "Archive", "Wire", "Storage", "Settings", "Daemon",
        "CoordinatorClient",
    ]

    static let ours = Set(mayImport.keys.map(name))

    /// `Shared/System/Threads` is imported as `Threads`.
    static func name(_ folder: String) -> String { String(folder.split(separator: "/").last ?? "") }

    static func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file -> [String] in
            guard let module = file.module else { return ["\(file.path) lies in no module's folder"] }
            guard let allowed = mayImport[module] else {
                return ["\(file.path): \(module) has no place in ModuleOrder"]
            }
            return file.imports.filter { ours.contains($0) && $0 != name(module) && !allowed.contains($0) }
                .map { "\(file.path) imports \($0), against the order of modules" }
        }
    }

    /// The modules under `Shared` that one of the two programs never reaches, by following import lines.
    static func unshared(in files: [SourceFile]) -> [String] {
        var arrows: [String: Set<String>] = [:]
        for file in files {
            guard let module = file.module else { continue }
            arrows[module, default: []].formUnion(file.imports)
        }
        let folders = Dictionary(mayImport.keys.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        func reached(from program: String) -> Set<String> {
            var seen: Set<String> = []
            var next = arrows.keys.filter { $0.hasPrefix("\(program)/") }
            while let module = next.popLast() {
                guard seen.insert(module).inserted else { continue }
                next += (arrows[module] ?? []).compactMap { folders[$0] }
            }
            return seen
        }
        let (agent, coordinator) = (reached(from: "Agent"), reached(from: "Coordinator"))
        return arrows.keys.filter { $0.hasPrefix("Shared/") }.sorted().compactMap { module in
            switch (agent.contains(module), coordinator.contains(module)) {
            case (true, true): nil
            case (true, false): "\(module) is reached from Agent only: move it there"
            case (false, true): "\(module) is reached from Coordinator only: move it there"
            case (false, false): "\(module) is reached from neither program"
            }
        }
    }
}
