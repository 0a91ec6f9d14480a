/// The tables as the first release made them. Times are milliseconds since 1970 by the coordinator's clock, unless a
/// column says otherwise.
enum Schema1 {
    static let statements = [settings, fleet, agents, databases, runs, backups, operations, incidents]

    private static let settings = """
        CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
            subject TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
        CREATE TABLE joinToken (
            id TEXT PRIMARY KEY, secretHash TEXT NOT NULL CHECK (length(secretHash) = 64), createdAt INTEGER NOT NULL,
            createdBy TEXT NOT NULL, expiresAt INTEGER NOT NULL, usesLeft INTEGER NOT NULL CHECK (usesLeft >= 0),
            labels TEXT NOT NULL CHECK (json_valid(labels)), revokedAt INTEGER) STRICT;
        CREATE TABLE operatorToken (
            id TEXT PRIMARY KEY, secretHash TEXT NOT NULL CHECK (length(secretHash) = 64),
            role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'restorer', 'admin')),
            createdAt INTEGER NOT NULL, revokedAt INTEGER) STRICT;
        """

    /// `place` keeps every definition that a destination's name ever had: copies lie where they were put.
    private static let fleet = """
        CREATE TABLE fleet (
            revision INTEGER PRIMARY KEY AUTOINCREMENT, yaml TEXT NOT NULL, fileName TEXT NOT NULL,
            appliedAt INTEGER NOT NULL, appliedBy TEXT NOT NULL) STRICT;
        CREATE TABLE place (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL CHECK (json_valid(definition)),
            seenAt INTEGER NOT NULL, UNIQUE (name, definition)) STRICT;
        """

    private static let agents = """
        CREATE TABLE agent (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), name TEXT NOT NULL UNIQUE,
            labels TEXT NOT NULL CHECK (json_valid(labels)), keyFingerprint TEXT NOT NULL CHECK (length(keyFingerprint) = 64),
            certificateFingerprint TEXT NOT NULL, certificateNotAfter INTEGER NOT NULL, joinToken TEXT NOT NULL,
            enrolledAt INTEGER NOT NULL, revokedAt INTEGER, lastSeenAt INTEGER, version TEXT, clockSkew INTEGER,
            spoolDepth INTEGER, factsAt INTEGER, planRevision INTEGER NOT NULL DEFAULT 0,
            plan TEXT CHECK (plan IS NULL OR json_valid(plan))) STRICT;
        CREATE INDEX agentByKey ON agent (keyFingerprint);
        """

    /// The columns from `lastGoodAt` on are a summary of the database's runs and backups, written in the same
    /// transaction as those, so that no view has to look through them.
    private static let databases = """
        CREATE TABLE database (
            id INTEGER PRIMARY KEY, agent TEXT NOT NULL REFERENCES agent (id), name TEXT NOT NULL CHECK (name <> ''),
            kind TEXT NOT NULL CHECK (kind IN ('postgres', 'sqlite', 'application')),
            labels TEXT NOT NULL CHECK (json_valid(labels)), serverVersion TEXT, tool TEXT, sizeBytes INTEGER,
            problem TEXT, firstSeenAt INTEGER NOT NULL, plannedAt INTEGER, goneAt INTEGER,
            lastGoodAt INTEGER, lastGoodRecordedAt INTEGER, lastGoodBackup TEXT, lastGoodProof INTEGER,
            lastRun TEXT, lastRunState TEXT, lastError TEXT,
            goodBackups INTEGER NOT NULL DEFAULT 0, storedBytes INTEGER NOT NULL DEFAULT 0,
            UNIQUE (agent, name)) STRICT;
        """

    private static let runs = """
        CREATE TABLE run (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), database INTEGER NOT NULL REFERENCES database (id),
            policy TEXT NOT NULL, tiers TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('running', 'unknown', 'succeeded', 'failed', 'cancelled', 'lost', 'skipped', 'missed')),
            attempt INTEGER NOT NULL, nominalAt INTEGER NOT NULL, recordedAt INTEGER NOT NULL, heardAt INTEGER NOT NULL,
            startedAt INTEGER, finishedAt INTEGER, backup TEXT, reason TEXT, failureCode TEXT, failureMessage TEXT,
            demanded TEXT NOT NULL CHECK (json_valid(demanded)),
            destinations TEXT NOT NULL CHECK (json_valid(destinations))) STRICT;
        CREATE INDEX runOpen ON run (state) WHERE state IN ('running', 'unknown');
        CREATE INDEX runByDatabase ON run (database, nominalAt);
        CREATE TABLE runReport (
            run TEXT NOT NULL REFERENCES run (id), attempt INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event TEXT NOT NULL, at INTEGER NOT NULL, receivedAt INTEGER NOT NULL,
            PRIMARY KEY (run, attempt, sequence)) STRICT, WITHOUT ROWID;
        """

    private static let backups = """
        CREATE TABLE backup (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), database INTEGER NOT NULL REFERENCES database (id),
            run TEXT NOT NULL REFERENCES run (id), policy TEXT NOT NULL, tiers TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('good', 'partial', 'damaged', 'deleting', 'deleted')),
            proof INTEGER CHECK (proof BETWEEN 0 AND 5), proofAt INTEGER, nominalAt INTEGER NOT NULL,
            startedAt INTEGER NOT NULL, snapshotAt INTEGER NOT NULL, finishedAt INTEGER NOT NULL,
            recordedAt INTEGER NOT NULL, plainBytes INTEGER NOT NULL, storedBytes INTEGER NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)), manifest TEXT NOT NULL) STRICT;
        CREATE INDEX backupByDatabase ON backup (database, state, recordedAt, snapshotAt, storedBytes);
        CREATE INDEX backupByTime ON backup (recordedAt, snapshotAt);
        CREATE INDEX backupManual ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'manual') > 0;
        CREATE INDEX backupDaily ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'daily') > 0;
        CREATE INDEX backupWeekly ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'weekly') > 0;
        CREATE INDEX backupMonthly ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'monthly') > 0;
        CREATE INDEX backupDeleting ON backup (state) WHERE state = 'deleting';
        CREATE TABLE copy (
            backup TEXT NOT NULL REFERENCES backup (id), destination TEXT NOT NULL,
            place INTEGER NOT NULL REFERENCES place (id), folder TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('stored', 'confirmed', 'incomplete', 'damaged', 'deleted')),
            error TEXT, isRemote INTEGER NOT NULL CHECK (isRemote IN (0, 1)),
            PRIMARY KEY (backup, destination)) STRICT, WITHOUT ROWID;
        CREATE INDEX copyUnconfirmed ON copy (backup) WHERE state = 'stored' AND isRemote = 1;
        CREATE TABLE object (
            backup TEXT NOT NULL, destination TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
            bytes INTEGER NOT NULL CHECK (bytes >= 0), sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            etag TEXT NOT NULL, PRIMARY KEY (backup, destination, position),
            FOREIGN KEY (backup, destination) REFERENCES copy (backup, destination)) STRICT, WITHOUT ROWID;
        CREATE INDEX objectByName ON object (name);
        CREATE TABLE leftover (
            place INTEGER NOT NULL REFERENCES place (id), key TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL,
            manifestKey TEXT NOT NULL, recordedAt INTEGER NOT NULL, PRIMARY KEY (place, key)) STRICT, WITHOUT ROWID;
        """

    /// A command's body holds no presigned address: those are made when it is delivered, and never stored.
    private static let operations = """
        CREATE TABLE operation (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), kind TEXT NOT NULL CHECK (kind IN ('verify', 'restore', 'delete')),
            agent TEXT REFERENCES agent (id), database INTEGER NOT NULL REFERENCES database (id),
            backup TEXT NOT NULL REFERENCES backup (id), destination TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'expired')),
            totalBytes INTEGER, bytes INTEGER NOT NULL DEFAULT 0, startedAt INTEGER NOT NULL, finishedAt INTEGER,
            message TEXT, failureCode TEXT, failureMessage TEXT, proof INTEGER, restoredTo TEXT,
            requestedBy TEXT NOT NULL) STRICT;
        CREATE INDEX operationOpen ON operation (backup) WHERE state IN ('pending', 'running');
        CREATE TABLE command (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), agent TEXT NOT NULL REFERENCES agent (id),
            operation TEXT REFERENCES operation (id), run TEXT REFERENCES run (id),
            body TEXT NOT NULL CHECK (json_valid(body)), createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL,
            deliveredAt INTEGER, receivedAt INTEGER, finishedAt INTEGER) STRICT;
        CREATE INDEX commandWaiting ON command (agent) WHERE receivedAt IS NULL AND finishedAt IS NULL;
        CREATE INDEX commandByOperation ON command (operation) WHERE operation IS NOT NULL;
        CREATE INDEX commandByRun ON command (run) WHERE run IS NOT NULL;
        CREATE INDEX commandOpen ON command (expiresAt) WHERE finishedAt IS NULL;
        """

    private static let incidents = """
        CREATE TABLE incident (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, kind TEXT NOT NULL,
            severity TEXT NOT NULL CHECK (severity IN ('warning', 'critical')), agent TEXT, database TEXT,
            environment TEXT, title TEXT NOT NULL, detail TEXT NOT NULL, openedAt INTEGER NOT NULL,
            resolvedAt INTEGER) STRICT;
        CREATE UNIQUE INDEX incidentOpen ON incident (key) WHERE resolvedAt IS NULL;
        CREATE INDEX incidentByTime ON incident (openedAt);
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER REFERENCES incident (id),
            channel TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('opened', 'success')),
            agent TEXT, database TEXT, environment TEXT, title TEXT NOT NULL, detail TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'abandoned')), createdAt INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0, nextAt INTEGER NOT NULL, sentAt INTEGER, lastError TEXT) STRICT;
        CREATE INDEX deliveryPending ON delivery (nextAt) WHERE state = 'pending';
        CREATE INDEX deliveryByIncident ON delivery (incident);
        """
}
