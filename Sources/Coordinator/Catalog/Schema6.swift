/// What the sixth migration adds: what every copy was last seen to be, and by what; whose objects are whose; who an agent was
/// before; incidents that a person knows of.
enum Schema6 {
    static let statements = [backups, copies, places, rest]

    /// Made anew without the list of its states: which there are is ``Domain/BackupState``'s to say. What a dump held is
    /// reckoned from the manifests that are there.
    private static let backups = """
        CREATE TABLE backupNext (
            id TEXT PRIMARY KEY CHECK (length(id) = 36), database INTEGER NOT NULL REFERENCES database (id),
            run TEXT NOT NULL REFERENCES run (id), policy TEXT NOT NULL, tiers TEXT NOT NULL, state TEXT NOT NULL,
            proof INTEGER CHECK (proof BETWEEN 0 AND 5), proofAt INTEGER, nominalAt INTEGER NOT NULL,
            startedAt INTEGER NOT NULL, snapshotAt INTEGER NOT NULL, finishedAt INTEGER NOT NULL,
            recordedAt INTEGER NOT NULL, plainBytes INTEGER NOT NULL, storedBytes INTEGER NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)), manifest TEXT NOT NULL,
            sourceTables INTEGER, sourceRows INTEGER) STRICT;
        INSERT INTO backupNext SELECT id, database, run, policy, tiers, state, proof, proofAt, nominalAt, startedAt,
            snapshotAt, finishedAt, recordedAt, plainBytes, storedBytes, pinned, manifest,
            json_array_length(manifest, '$.fingerprint.tables'),
            (SELECT CAST(total(json_extract(value, '$.rows')) AS INTEGER) FROM json_each(manifest, '$.fingerprint.tables')
                WHERE json_type(manifest, '$.fingerprint.tables') = 'array')
            FROM backup;
        DROP TABLE backup;
        ALTER TABLE backupNext RENAME TO backup;
        CREATE INDEX backupByDatabase ON backup (database, state, recordedAt, snapshotAt, storedBytes);
        CREATE INDEX backupByTime ON backup (recordedAt, snapshotAt);
        CREATE INDEX backupManual ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'manual') > 0;
        CREATE INDEX backupDaily ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'daily') > 0;
        CREATE INDEX backupWeekly ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'weekly') > 0;
        CREATE INDEX backupMonthly ON backup (recordedAt, snapshotAt) WHERE instr(tiers, 'monthly') > 0;
        CREATE INDEX backupDeleting ON backup (state) WHERE state = 'deleting';
        UPDATE backup SET sourceRows = NULL WHERE sourceTables IS NULL;
        """

    /// `site` is where the copy lies, whatever the destination is called: a bucket, or a directory of an agent. With the folder
    /// it tells whether two copies are in each other's way. `seenAt` is when somebody last looked, `evidence` what that showed.
    private static let copies = """
        CREATE TABLE copyNext (
            backup TEXT NOT NULL REFERENCES backup (id), destination TEXT NOT NULL,
            place INTEGER NOT NULL REFERENCES place (id), site TEXT NOT NULL, folder TEXT NOT NULL,
            state TEXT NOT NULL, error TEXT, isRemote INTEGER NOT NULL CHECK (isRemote IN (0, 1)),
            seenAt INTEGER, evidence TEXT, readAt INTEGER, PRIMARY KEY (backup, destination)) STRICT, WITHOUT ROWID;
        INSERT INTO copyNext SELECT copy.backup, copy.destination, copy.place,
            CASE WHEN copy.isRemote THEN 's3:' || json_extract(place.definition, '$.s3.bucket')
                ELSE 'dir:' || database.agent || ':' || coalesce(json_extract(place.definition, '$.directory.path'), '') END,
            copy.folder, copy.state, copy.error, copy.isRemote, NULL, NULL, NULL
            FROM copy JOIN place ON place.id = copy.place JOIN backup ON backup.id = copy.backup
                JOIN database ON database.id = backup.database;
        DROP TABLE copy;
        ALTER TABLE copyNext RENAME TO copy;
        CREATE INDEX copyUnseen ON copy (backup) WHERE state = 'stored' AND isRemote = 1;
        CREATE INDEX copyBySite ON copy (site, folder);
        ALTER TABLE object ADD COLUMN checksum TEXT;
        """

    /// What lies in a place that we look after and is in no backup that the catalog knows: told, never touched.
    private static let places = """
        CREATE TABLE stray (
            place INTEGER NOT NULL REFERENCES place (id), agent TEXT NOT NULL REFERENCES agent (id), key TEXT NOT NULL,
            isManifest INTEGER NOT NULL CHECK (isManifest IN (0, 1)), bytes INTEGER NOT NULL,
            firstSeenAt INTEGER NOT NULL, lastSeenAt INTEGER NOT NULL, PRIMARY KEY (place, agent, key)) STRICT, WITHOUT ROWID;
        """

    private static let rest = """
        ALTER TABLE incident ADD COLUMN subject TEXT;
        ALTER TABLE incident ADD COLUMN acknowledgedAt INTEGER;
        ALTER TABLE incident ADD COLUMN acknowledgedBy TEXT;
        CREATE INDEX incidentBySubject ON incident (subject) WHERE resolvedAt IS NULL AND subject IS NOT NULL;
        ALTER TABLE run ADD COLUMN kind TEXT;
        ALTER TABLE agent ADD COLUMN publicKey TEXT;
        ALTER TABLE agent ADD COLUMN previousKeys TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE agent ADD COLUMN processes TEXT;
        ALTER TABLE agent ADD COLUMN limits TEXT;
        ALTER TABLE agent ADD COLUMN putAside INTEGER;
        ALTER TABLE agent ADD COLUMN trouble TEXT;
        ALTER TABLE joinToken ADD COLUMN replaces TEXT;
        ALTER TABLE database ADD COLUMN unselectedAt INTEGER;
        ALTER TABLE database ADD COLUMN retiredAt INTEGER;
        """
}
