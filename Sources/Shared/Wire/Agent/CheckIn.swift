package import Domain
package import Foundation

/// `POST /v1/agent/check-in`: the heartbeat up. The coordinator holds the request until it has something to say or the
/// poll ends.
package struct CheckInRequest: Codable, Sendable {
    package var version: ProtocolVersion
    package var holdfast: String
    /// The kernel's boot id: it changes when the host restarts.
    package var bootId: String
    /// The agent's own clock, for the skew to be shown; it decides nothing.
    package var clock: Date
    package var planRevision: Int
    package var running: [RunProgress]
    /// Reports that wait on disk to be delivered.
    package var spoolDepth: Int
    /// All databases of the host, when they changed since the last acknowledged check-in; nil when they did not.
    package var databases: [DatabaseFacts]?
    /// Commands that reached the agent (its own disk) since the last check-in.
    package var receivedCommands: [UUID]
    package var commands: [CommandProgress]
    /// How long the agent is ready to wait, in seconds (0 for an answer at once).
    package var waitSeconds: Int
    /// Which process this is. Since 2.
    package var process: AgentProcess?
    /// The ``CheckInResponse/nonce`` of the last answer that came. Since 2.
    package var echo: UUID?
    /// To ``CheckInResponse/questions``. Since 2.
    package var answers: [CopyAnswer]?
    /// Reports that the coordinator refused for good and that lie put aside on the host. Since 2.
    package var putAside: Int?
    /// What keeps the agent itself from working, such as a full disk, in words. Since 2.
    package var trouble: String?
    /// What its `agent.yaml` allows the coordinator to ask, whenever it tells its databases. Since 2.
    package var limits: HostLimits?
    /// The ``CheckInResponse/mark`` of the last answer that had one. Since 3.
    package var mark: String?
    /// What restores keep on the host, the first hundred; nil until it was looked at. Since 3.
    package var remains: [Remain]?

    package init(
        version: ProtocolVersion = .current, holdfast: String, bootId: String, clock: Date, planRevision: Int,
        running: [RunProgress], spoolDepth: Int, databases: [DatabaseFacts]?, receivedCommands: [UUID],
        commands: [CommandProgress], waitSeconds: Int
    ) {
        self.version = version
        self.holdfast = holdfast
        self.bootId = bootId
        self.clock = clock
        self.planRevision = planRevision
        self.running = running
        self.spoolDepth = spoolDepth
        self.databases = databases
        self.receivedCommands = receivedCommands
        self.commands = commands
        self.waitSeconds = waitSeconds
    }
}

/// What comes down: the plan when the agent's is another, and commands that it has not acknowledged yet.
package struct CheckInResponse: Codable, Sendable {
    package var version: ProtocolVersion
    package var serverTime: Date
    /// How long the next poll may take, and after it how long to pause, in seconds.
    package var waitSeconds: Int
    package var pauseSeconds: Int
    package var plan: Plan?
    package var commands: [Command]
    /// Whether the agent should send all ``CheckInRequest/databases`` with its next check-in.
    package var wantsDatabases: Bool
    /// To be echoed in the next check-in. Since 2.
    package var nonce: UUID?
    /// Since 2.
    package var questions: [CopyQuestion]?
    /// How far the coordinator's catalog has come, for it alone to read: kept, and sent with the next check-ins. Since 3.
    package var mark: String?

    package init(
        version: ProtocolVersion = .current, serverTime: Date, waitSeconds: Int, pauseSeconds: Int, plan: Plan?,
        commands: [Command], wantsDatabases: Bool
    ) {
        self.version = version
        self.serverTime = serverTime
        self.waitSeconds = waitSeconds
        self.pauseSeconds = pauseSeconds
        self.plan = plan
        self.commands = commands
        self.wantsDatabases = wantsDatabases
    }
}

/// A run at work, as the heartbeat shows it.
package struct RunProgress: Codable, Sendable, Equatable {
    package var run: UUID
    package var attempt: Int
    package var database: DatabaseName
    package var phase: Word<RunPhase>
    package var plainBytes: Int64
    package var storedBytes: Int64
    package var startedAt: Date

    package init(
        run: UUID, attempt: Int, database: DatabaseName, phase: Word<RunPhase>, plainBytes: Int64, storedBytes: Int64,
        startedAt: Date
    ) {
        self.run = run
        self.attempt = attempt
        self.database = database
        self.phase = phase
        self.plainBytes = plainBytes
        self.storedBytes = storedBytes
        self.startedAt = startedAt
    }
}

/// A command at work.
package struct CommandProgress: Codable, Sendable, Equatable {
    package var command: UUID
    package var phase: String
    package var bytes: Int64
    package var totalBytes: Int64?

    package init(command: UUID, phase: String, bytes: Int64, totalBytes: Int64?) {
        self.command = command
        self.phase = phase
        self.bytes = bytes
        self.totalBytes = totalBytes
    }
}

/// What an agent knows of one of its databases. No address and no password: those never leave the host (P9).
package struct DatabaseFacts: Codable, Sendable, Equatable {
    package var name: DatabaseName
    package var kind: DatabaseKind
    package var labels: [String: String]
    package var serverVersion: String?
    package var tool: String?
    package var sizeBytes: Int64?
    /// What would stop a backup, and how to mend it; nil when nothing is known to.
    package var problem: String?

    package init(
        name: DatabaseName, kind: DatabaseKind, labels: [String: String], serverVersion: String?, tool: String?,
        sizeBytes: Int64?, problem: String?
    ) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.serverVersion = serverVersion
        self.tool = tool
        self.sizeBytes = sizeBytes
        self.problem = problem
    }
}
